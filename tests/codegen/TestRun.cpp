#include "tests/codegen/TestRun.h"

#include "codegen/cpu/Lowering.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>
#include <dlfcn.h>

using namespace mlir;
using namespace rondo;

bool rondo::runsHere(Level level) {
  switch (level) {
  case Level::V2:
    return __builtin_cpu_supports("x86-64-v2");
  case Level::V3:
    return __builtin_cpu_supports("x86-64-v3");
  case Level::V4:
    return __builtin_cpu_supports("x86-64-v4");
  }
  return false;
}

TestRun::TestRun() : context(MLIRContext::Threading::DISABLED) {
  DialectRegistry registry;
  registerCpuDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  module = ModuleOp::create(UnknownLoc::get(&context));
}

TestRun::~TestRun() {
  if (library)
    dlclose(library);
}

void TestRun::function(llvm::StringRef name, unsigned pointers, unsigned indices, Target target,
                       llvm::function_ref<void(Emit &, ValueRange)> body) {
  OpBuilder b(module->getBodyRegion());
  b.setInsertionPointToEnd(module->getBody());
  Location loc = module->getLoc();
  SmallVector<Type> types(pointers, LLVM::LLVMPointerType::get(&context));
  types.append(indices, b.getI64Type());
  auto func = func::FuncOp::create(b, loc, name, b.getFunctionType(types, {}));
  setTarget(func, target);
  b.setInsertionPointToStart(func.addEntryBlock());
  SmallVector<Value> args;
  for (Value v : func.getArguments())
    args.push_back(v.getType().isInteger(64) ? arith::IndexCastOp::create(b, loc, b.getIndexType(), v).getResult() : v);
  Emit e(b, loc, target);
  body(e, args);
  func::ReturnOp::create(b, loc);
}

bool TestRun::load() {
  auto start = std::chrono::steady_clock::now();
  llvm::LLVMContext llvmContext;
  auto ir = translateToLLVM(*module, llvmContext);
  if (!ir)
    return false;
  optimizeKernels(*ir);
  auto object = emitObject(*ir);
  compileSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  llvm::SmallString<128> objectPath, libraryPath;
  if (llvm::sys::fs::createTemporaryFile("rondo-test", "o", objectPath) ||
      llvm::sys::fs::createTemporaryFile("rondo-test", "so", libraryPath))
    return false;
  std::error_code error;
  {
    llvm::raw_fd_ostream out(objectPath, error);
    out.write(object.data(), object.size());
  }
  if (!keepObject.empty())
    llvm::sys::fs::copy_file(objectPath, keepObject);
  int status = llvm::sys::ExecuteAndWait(RONDO_LLD, {RONDO_LLD, "-shared", "-o", libraryPath.str(), objectPath.str()});
  if (!status)
    library = dlopen(libraryPath.c_str(), RTLD_NOW);
  if (!library)
    llvm::errs() << (status ? "link failed" : dlerror()) << "\n";
  llvm::sys::fs::remove(objectPath);
  llvm::sys::fs::remove(libraryPath);
  return library;
}

std::string TestRun::assembly() {
  llvm::LLVMContext llvmContext;
  auto ir = translateToLLVM(*module, llvmContext);
  if (!ir)
    return {};
  optimizeKernels(*ir);
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (targetMachine()->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return {};
  passes.run(*ir);
  return text.str().str();
}

void *TestRun::symbol(llvm::StringRef name) { return dlsym(library, name.str().c_str()); }
