// `rondo compile`: a native library with its header, or one stage on the way, printed.
#include "codegen/cpu/Lowering.h"
#include "tools/rondo/Build.h"
#include "tools/rondo/Cost.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace rondo {

static int print(const Options &options, const std::string &text) {
  if (Error error = writeBytes(options.output.empty() ? "-" : options.output, text))
    return fail(std::move(error));
  return Yes;
}

static std::string printed(mlir::ModuleOp module) {
  std::string text;
  raw_string_ostream os(text);
  module->print(os);
  return text;
}

static int emitStage(const Options &options, const std::string &path) {
  int status = Yes;
  if (options.emit == "equations") {
    std::unique_ptr<Model> model = Model::check(options, path, status);
    return model ? print(options, model->compilation().equations()) : status;
  }
  std::unique_ptr<Model> model = Model::read(options, path, status);
  if (!model)
    return status;
  if (options.emit == "rondo")
    return print(options, printed(model->module()));
  auto kernels = runPasses(options, *model, status);
  if (!kernels)
    return status;
  if (options.emit == "kernels")
    return print(options, printed(*kernels));
  EmittedProgram program;
  if ((status = emitModel(options, *model, *kernels, program)))
    return status;
  if (options.emit == "loops")
    return print(options, printed(*program.module));

  LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateToLLVM(*program.module, context);
  if (!module)
    return bug(path + ": no translation to LLVM");
  optimizeKernels(*module);
  std::string text;
  if (options.emit == "llvm") {
    raw_string_ostream os(text);
    module->print(os, nullptr);
    return print(options, text);
  }
  TargetMachine *machine = targetMachine();
  if (!machine)
    return fail("this LLVM was built without x86");
  module->setDataLayout(machine->createDataLayout());
  module->setTargetTriple(machine->getTargetTriple());
  SmallVector<char, 0> assembly;
  raw_svector_ostream os(assembly);
  legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr, CodeGenFileType::AssemblyFile))
    return fail("this LLVM cannot print assembly");
  passes.run(*module);
  return print(options, std::string(assembly.begin(), assembly.end()));
}

int compile(const Options &options) {
  if (options.files.size() != 1)
    return fail("one model is expected (see `rondo compile --help`)");
  const std::string &path = options.files[0];
  if (!options.emit.empty())
    return emitStage(options, path);

  Clock clock;
  int status = Yes;
  std::unique_ptr<Model> model = Model::read(options, path, status);
  if (!model)
    return status;
  std::string table;
  WrittenFiles written;
  std::string folder = options.output.empty() ? "." : options.output;
  if ((status = buildLibrary(options, *model, model->name, folder, written, &table)) || options.quiet)
    return status;

  outs() << table << leftOut(*model);
  uint64_t parameters = model->checked().parameters;
  outs() << formatv("{0} parameters  {1} f32  code {2}  {3}\n", grouped(parameters), humanBytes(4.0 * parameters),
                    humanBytes(written.codeSize), clock.text());
  outs() << "wrote";
  for (const WrittenFiles::File &file : written.files)
    outs() << " " << file.path;
  outs() << "\n";
  for (auto &[phase, seconds] : written.seconds)
    tell(options, formatv("{0}: {1:f2} s", phase, seconds).str());
  return Yes;
}

} // namespace rondo
