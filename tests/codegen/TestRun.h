// Runs emitted kernels in the test's own process: object file, ld.lld -shared, dlopen.
#pragma once

#include "codegen/cpu/Emit.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>

namespace rondo {

/// Whether this machine runs code of the level; tests skip visibly otherwise.
bool runsHere(Level level);

class TestRun {
public:
  TestRun();
  ~TestRun();

  /// Adds a function of `pointers` pointers and then `indices` i64 (index in the body).
  void function(llvm::StringRef name, unsigned pointers, unsigned indices, Target target,
                llvm::function_ref<void(Emit &, mlir::ValueRange)> body);

  /// Compiles everything added and loads it. False after a printed diagnostic.
  bool load();

  /// What everything added becomes, as text; instead of load(). Empty after a printed diagnostic.
  std::string assembly();

  void *symbol(llvm::StringRef name);
  template <typename F>
  F *get(llvm::StringRef name) {
    return reinterpret_cast<F *>(symbol(name));
  }

  /// Keeps the object file at this path too (for looking at the code).
  std::string keepObject;
  double compileSeconds = 0;

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

private:
  void *library = nullptr;
};

} // namespace rondo
