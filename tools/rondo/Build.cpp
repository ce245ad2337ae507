#include "tools/rondo/Build.h"
#include "mlir/Pass/PassManager.h"
#include "tools/rondo/Cost.h"
#include "tools/rondo/Plugins.h"
#include "tools/rondo/Terminal.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;

namespace rondo {

std::string wordsOf(const mlir::Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  StringRef words = text;
  // An operation printed below an error is for who writes passes: `rondo-opt` shows it.
  if (words.starts_with("see current operation"))
    return "";
  if (words.consume_front("'"))
    if (auto [op, rest] = words.split("' op "); !rest.empty() && !op.contains(' '))
      return rest.str();
  return text;
}

SourceDiagnostics::SourceDiagnostics(const Options &options, Model &model) : engine(model.context().getDiagEngine()) {
  const Source &source = model.compilation().source();
  bool color = wantsColor(options, /*forStdout=*/false);
  handler = engine.registerHandler([this, &source, color](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
      return mlir::success();
    ++errors;
    Diagnostic shown;
    shown.code = "R0901";
    shown.message = wordsOf(diagnostic);
    std::string file;
    unsigned line = 0, column = 0;
    if (sourceOf(diagnostic.getLocation(), file, line, column) && file == source.path && line >= 1 &&
        line <= source.lines()) {
      uint32_t at = source.lineStart(line) + (column ? column - 1 : 0);
      shown.range = {&source, at, at + 1};
    }
    for (mlir::Diagnostic &more : diagnostic.getNotes())
      if (std::string words = wordsOf(more); !words.empty())
        shown.note(words);
    print(errs(), shown, color);
    return mlir::success();
  });
}

SourceDiagnostics::~SourceDiagnostics() { engine.eraseHandler(handler); }

/// After a step failed: its diagnostics were the answer; a step that fails in silence is a bug.
static int failedAt(const SourceDiagnostics &diagnostics, const Model &model, const char *step) {
  return diagnostics.said() ? static_cast<int>(No) : bug(model.path + ": " + step + " failed without saying why");
}

mlir::OwningOpRef<mlir::ModuleOp> runPasses(const Options &options, Model &model, int &status) {
  SourceDiagnostics diagnostics(options, model);
  mlir::OwningOpRef<mlir::ModuleOp> module(model.module().clone());
  mlir::PassManager passes(&model.context());
  if ((status = addPasses(options, passes)))
    return nullptr;
  if (mlir::failed(passes.run(*module))) {
    status = failedAt(diagnostics, model, "a pass");
    return nullptr;
  }
  return module;
}

static std::optional<Target> targetNamed(StringRef name) {
  for (Level level : {Level::V2, Level::V3, Level::V4})
    if (Target{level}.cpu() == name || Target{level}.name() == name)
      return Target{level};
  return std::nullopt;
}

int emitModel(const Options &options, Model &model, mlir::ModuleOp kernels, EmittedProgram &program) {
  std::vector<Target> targets;
  for (const std::string &name : options.targets) {
    auto target = targetNamed(name);
    if (!target)
      return fail("no target `" + name + "`");
    if (none_of(targets, [&](Target other) { return other.level == target->level; }))
      targets.push_back(*target);
  }
  SourceDiagnostics diagnostics(options, model);
  auto emitted = emitProgram(kernels, targets);
  if (mlir::failed(emitted))
    return failedAt(diagnostics, model, "code generation");
  program = std::move(*emitted);
  return Yes;
}

int buildLibrary(const Options &options, Model &model, const std::string &name, const std::string &folder,
                 WrittenFiles &written, std::string *table) {
  Progress progress(options, "compiling " + model.path);
  int status = Yes;
  auto kernels = runPasses(options, model, status);
  if (!kernels)
    return status;
  if (table)
    *table = costTable(model, *kernels);
  EmittedProgram program;
  if ((status = emitModel(options, model, *kernels, program)))
    return status;
  if (table)
    *table += memoryTable(program);
  LibraryOptions how;
  how.name = name;
  how.folder = folder;
  how.weights = options.weights;
  how.constants = model.sizes();
  SourceDiagnostics diagnostics(options, model);
  handleAllErrors(writeLibrary(program, how, written), [&](const ErrorInfoBase &error) {
    bool files = error.convertToErrorCode() == std::errc::io_error;
    status = fail(model.path + ": " + error.message(), files ? Usage : No);
  });
  return status;
}

std::unique_ptr<CompiledLibrary> loadOrCompile(const Options &options, const std::string &path, int &status) {
  std::string file = path;
  TemporaryFolder folder = scratch(); // a loaded library lives on after its file is gone
  if (StringRef(path).ends_with(".rondo")) {
    std::unique_ptr<Model> model = Model::read(options, path, status);
    if (!model || (status = buildBest(options, *model, folder.path, file)))
      return nullptr;
  } else if (!options.settings.empty()) {
    status = fail(options.settings[0].first + "=" + options.settings[0].second + ": the sizes of a library are fixed");
    return nullptr;
  }
  auto library = CompiledLibrary::load(file);
  if (library)
    return std::move(*library);
  status = fail(library.takeError());
  return nullptr;
}

/// What a processor level promises, by the features that name it best.
bool runsHere(StringRef target) {
  static const StringMap<bool> features = sys::getHostCPUFeatures();
  auto has = [](std::initializer_list<StringRef> names) {
    return all_of(names, [](StringRef name) { return features.lookup(name); });
  };
  if (target == "x86-64-v4")
    return has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
  return target == "x86-64-v3" ? has({"avx2", "fma", "bmi2"}) : has({"sse4.2", "popcnt"});
}

std::string bestHere() {
  for (const char *level : {"x86-64-v4", "x86-64-v3", "x86-64-v2"})
    if (runsHere(level))
      return level;
  return "";
}

/// What a library is called that no user sees: the name of the model may be one that a header cannot have.
static constexpr const char *unseen = "model";

int buildBest(const Options &options, Model &model, const std::string &folder, std::string &library) {
  std::string best = bestHere();
  Options how = options;
  how.targets = {best.empty() ? "x86-64-v2" : best};
  how.weights.clear();
  WrittenFiles written;
  library = folder + "/lib" + unseen + ".so";
  return buildLibrary(how, model, unseen, folder, written);
}

int buildEach(const Options &options, Model &model, const std::string &folder,
              std::vector<std::pair<std::string, std::string>> &builds) {
  Options how = options;
  how.weights.clear();
  for (const std::string &target : options.targets) {
    if (!runsHere(target)) {
      note(options, model.path + ": " + target + " skipped, this processor cannot run it");
      continue;
    }
    std::string to = folder + "/" + target;
    WrittenFiles written;
    how.targets = {target};
    if (int status = buildLibrary(how, model, unseen, to, written))
      return status;
    builds.push_back({target, to + "/lib" + unseen + ".so"});
  }
  return builds.empty() ? fail("this processor runs none of the targets", No) : static_cast<int>(Yes);
}

} // namespace rondo
