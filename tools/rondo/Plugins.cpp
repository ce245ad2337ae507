// --load-pass-plugin and --pass-pipeline.
#include "tools/rondo/Plugins.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"

using namespace llvm;

namespace rondo {

int addPasses(const Options &options, mlir::OpPassManager &passes) {
  for (const std::string &path : options.plugins) {
    auto plugin = mlir::PassPlugin::load(path);
    if (!plugin)
      return fail(plugin.takeError());
    plugin->registerPassRegistryCallbacks();
  }
  if (options.pipeline.empty()) {
    if (!options.plugins.empty())
      note(options, "no --pass-pipeline: the plugin's passes are known, but none is run");
    buildForwardPipeline(passes, options.recurrences);
    return Yes;
  }
  static bool registered = [] {
    mlir::registerTransformsPasses(); // as rondo-opt has them
    registerRondoPasses();
    registerPipelines();
    return true;
  }();
  (void)registered;
  std::string text = options.pipeline;
  if (text[0] == '@') {
    auto file = readBytes(text.substr(1));
    if (!file)
      return fail(file.takeError());
    text = *file;
  }
  std::string message;
  raw_string_ostream os(message);
  auto parsed = mlir::parsePassPipeline(StringRef(text).trim(), os);
  if (mlir::failed(parsed))
    return fail("--pass-pipeline: " + StringRef(message).trim());
  if (parsed->getOpAnchorName() != mlir::ModuleOp::getOperationName())
    return fail("--pass-pipeline: expected builtin.module(..), found " + parsed->getOpAnchorName() + "(..)");
  passes = std::move(*parsed);
  // Slots hold for the order that plan-memory saw; what runs behind it may move, or join, what stands in them.
  auto plans = [](mlir::Pass &pass) { return pass.getArgument() == "rondo-plan-memory"; };
  if (any_of(passes.getPasses(), plans) && !plans(*std::prev(passes.end())))
    passes.addPass(createPlanMemory());
  return Yes;
}

} // namespace rondo
