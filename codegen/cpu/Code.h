// Emit with what equations need beside arithmetic: conditions, masks, integer vectors, tables of pointers.
// Indices are `index` or vectors of it; a null condition or mask means "always".
#pragma once

#include "codegen/cpu/Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace rondo {

class Code : public Emit {
public:
  using Emit::Emit;

  mlir::VectorType vecOf(mlir::Type element) { return mlir::VectorType::get({kLanes}, element); }
  mlir::Type pointer() { return mlir::LLVM::LLVMPointerType::get(b.getContext()); }

  // Integers, scalar or vector; a scalar beside a vector is broadcast.
  mlir::Value plus(mlir::Value x, mlir::Value y);
  mlir::Value minus(mlir::Value x, mlir::Value y);
  mlir::Value times(mlir::Value x, mlir::Value y);
  /// Floor division and remainder by a positive constant.
  mlir::Value floorDiv(mlir::Value x, int64_t y);
  mlir::Value floorMod(mlir::Value x, int64_t y);
  /// first, first + 1, .. first + 15.
  mlir::Value sequence(mlir::Value first);
  static std::optional<int64_t> constant(mlir::Value v);

  // Conditions: i1 or vectors of i1.
  mlir::Value holds(mlir::arith::CmpIPredicate p, mlir::Value x, mlir::Value y);
  mlir::Value both(mlir::Value x, mlir::Value y);
  mlir::Value either(mlir::Value x, mlir::Value y);
  mlir::Value pick(mlir::Value condition, mlir::Value x, mlir::Value y);

  // Memory.
  mlir::Value atBytes(mlir::Value pointer, mlir::Value offset, int64_t unit);
  mlir::Value loadMasked(mlir::VectorType type, mlir::Value pointer, mlir::Value mask);
  void storeMasked(mlir::Value v, mlir::Value pointer, mlir::Value mask);
  mlir::Value loadLong(mlir::Value table, mlir::Value i);    // int64_t table[i], as index
  mlir::Value loadInt(mlir::Value table, mlir::Value i);     // int32_t table[i], as index
  mlir::Value loadPointer(mlir::Value table, mlir::Value i); // void *table[i]

  /// if (c) then() else otherwise(); no branch is built for a null or constant condition.
  llvm::SmallVector<mlir::Value> branch(mlir::Value c, mlir::TypeRange types,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> then,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> otherwise);
  void guarded(mlir::Value c, llvm::function_ref<void()> then);
};

} // namespace rondo
