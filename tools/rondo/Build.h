// From a model's operations to a library: the passes, the code, the files. What compile, run, verify and import share.
#pragma once

#include "codegen/library/Library.h"
#include "tools/rondo/Model.h"
#include "tools/rondo/Options.h"
#include "tools/support/Library.h"

namespace rondo {

/// A copy of the model's module after all passes: batched, in kernels. Null after a message.
mlir::OwningOpRef<mlir::ModuleOp> runPasses(const Options &options, Model &model, int &status);

/// The kernels as vector code for the processors of --target. A status other than Yes after a message.
int emitModel(const Options &options, Model &model, mlir::ModuleOp kernels, EmittedProgram &program);

/// All of it, into `folder`, as a library called `name`. `table` gets what it costs: operations and memory.
int buildLibrary(const Options &options, Model &model, const std::string &name, const std::string &folder,
                 WrittenFiles &written, std::string *table = nullptr);

/// A library file as it is; a model file compiled into a temporary folder. Null after a message; `status` is the exit.
std::unique_ptr<CompiledLibrary> loadOrCompile(const Options &options, const std::string &path, int &status);

/// Can this processor run code for `x86-64-v2`, `-v3`, `-v4`?
bool runsHere(llvm::StringRef target);
/// The best of them; empty where it runs none.
std::string bestHere();

/// A library for the best level that this machine can run, without weights: for a moment's use.
int buildBest(const Options &options, Model &model, const std::string &folder, std::string &library);

/// One library for each processor level of --target that this machine can run, below `folder`.
/// `builds` gets (level, path).
int buildEach(const Options &options, Model &model, const std::string &folder,
              std::vector<std::pair<std::string, std::string>> &builds);

/// What a diagnostic of MLIR says to who wrote equations: without the operation's name in front, empty for the printed
/// operation that MLIR adds below.
std::string wordsOf(const mlir::Diagnostic &diagnostic);

/// Shows diagnostics of MLIR at the source lines of the model while it lives, in the front end's form.
class SourceDiagnostics {
public:
  SourceDiagnostics(const Options &options, Model &model);
  ~SourceDiagnostics();
  bool said() const { return errors != 0; }

private:
  mlir::DiagnosticEngine &engine;
  mlir::DiagnosticEngine::HandlerID handler;
  unsigned errors = 0;
};

} // namespace rondo
