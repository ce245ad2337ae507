// rondo-opt: passes over Rondo IR in text, for tests and for looking. Presets are the pipelines of passes/Pipelines.h.
#include "ir/Dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/CheckMeaning.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/Remarks.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  static llvm::cl::opt<bool> checkMeaning(
      "check-meaning", llvm::cl::desc("Interpret every function before and after each pass on small random inputs"));
  static llvm::cl::opt<unsigned> seed("check-seed", llvm::cl::desc("Seed of --check-meaning"), llvm::cl::init(1));
  static llvm::cl::opt<bool> remarks("rondo-remarks", llvm::cl::desc("Print what passes did and what they left"));

  static llvm::cl::opt<bool> printPipeline(
      "print-pipeline", llvm::cl::desc("Print the passes that would run (without a pipeline: rondo-forward) and stop"));

  mlir::DialectRegistry registry;
  registry.insert<rondo::RondoDialect, mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  mlir::func::registerInlinerExtension(registry);
  mlir::registerTransformsPasses();
  rondo::registerRondoPasses();
  rondo::registerPipelines();
  std::string input, output;
  std::tie(input, output) = mlir::registerAndParseCLIOptions(argc, argv, "Rondo's optimiser driver\n", registry);

  bool changed = false;
  std::vector<rondo::PassRemark> said;
  auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  auto pipeline = config;
  if (printPipeline) {
    mlir::MLIRContext context(registry);
    mlir::PassManager passes(&context, mlir::ModuleOp::getOperationName());
    if (mlir::failed(config.setupPassPipeline(passes)))
      return 1;
    if (passes.empty())
      rondo::buildForwardPipeline(passes);
    passes.printAsTextualPipeline(llvm::outs(), /*pretty=*/true);
    llvm::outs() << "\n";
    return 0;
  }
  config.setPassPipelineSetupFn([&, pipeline](mlir::PassManager &passes) {
    struct Check : rondo::CheckMeaning {
      Check(uint64_t seed, bool &changed) : CheckMeaning(seed), changed(changed) {}
      ~Check() override { changed |= failed(); }
      bool &changed;
    };
    if (checkMeaning)
      passes.addInstrumentation(std::make_unique<Check>(seed, changed));
    if (remarks)
      rondo::collectRemarks(*passes.getContext(), said);
    return pipeline.setupPassPipeline(passes);
  });

  std::string error;
  auto file = mlir::openInputFile(input, &error);
  auto out = mlir::openOutputFile(output, &error);
  if (!file || !out) {
    llvm::errs() << error << "\n";
    return 2;
  }
  bool ok = mlir::succeeded(mlir::MlirOptMain(out->os(), std::move(file), registry, config));
  for (const rondo::PassRemark &remark : said)
    rondo::print(llvm::errs(), remark);
  if (ok)
    out->keep();
  return ok && !changed ? 0 : 1;
}
