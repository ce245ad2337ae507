// From structured MLIR (func, scf, cf, arith, math, index, vector, llvm) to LLVM IR and on to an object file.
// Math functions must have taken our own forms before (codegen/cpu/Math.h): what is left lowers to instructions.
#pragma once

#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace rondo {

/// Marks a function to be compiled for `target`; functions of all levels live in one module.
void setTarget(mlir::func::FuncOp func, Target target);
/// The same for a function of the LLVM dialect.
void setTarget(mlir::LLVM::LLVMFuncOp func, Target target);

/// The machine that objects are made for: x86-64 Linux, position independent, v2 where a function says nothing.
/// One for each thread. Null where LLVM was built without x86.
llvm::TargetMachine *targetMachine();

/// Loads what lowering needs into the context, which must not change while several threads lower their modules.
void prepareLowering(mlir::MLIRContext *context);

/// Lowers the module in place and translates it; null after a diagnostic.
std::unique_ptr<llvm::Module> translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context);

/// Simplifies addresses and loop shapes. Never vectorises or reorders arithmetic: explicit vectors need no more.
void optimizeKernels(llvm::Module &module);

/// Object code of the module; empty where LLVM cannot write one.
llvm::SmallVector<char, 0> emitObject(llvm::Module &module);

/// The dialects and translations that the functions above need.
void registerCpuDialects(mlir::DialectRegistry &registry);

} // namespace rondo
