// Shorthand over OpBuilder for the CPU emitters: values of f32, index and vector<16xf32> on raw pointers.
// It writes scf, arith, math, vector and llvm operations only; nothing here knows the rondo dialect.
#pragma once

#include "codegen/cpu/Target.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace rondo {

class Emit {
public:
  Emit(mlir::OpBuilder &b, mlir::Location loc, Target target) : b(b), loc(loc), target(target) {}

  mlir::OpBuilder &b;
  mlir::Location loc;
  Target target;

  // Types and constants. `like`: an f32 scalar or vector whose shape the constant takes.
  mlir::Type f32() { return b.getF32Type(); }
  mlir::VectorType vec() { return mlir::VectorType::get({kLanes}, f32()); }
  mlir::VectorType vecI32() { return mlir::VectorType::get({kLanes}, b.getI32Type()); }
  mlir::Type shaped(mlir::Type like, mlir::Type element);
  mlir::Value index(int64_t v);
  mlir::Value i32(int32_t v);
  mlir::Value i64(int64_t v);
  mlir::Value real(double v, mlir::Type like);
  mlir::Value integer(int64_t v, mlir::Type like);
  mlir::Value zero() { return real(0.0, vec()); }
  mlir::Value splat(mlir::Value scalar);
  /// <0, 1, .., 15> as i32.
  mlir::Value iota();

  // Index arithmetic; constants fold away.
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y) { return y ? add(x, index(y)) : x; }
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y) { return mul(x, index(y)); }
  mlir::Value divu(mlir::Value x, int64_t y);
  mlir::Value ceilDiv(mlir::Value x, int64_t y) { return divu(add(x, y - 1), y); }
  /// x rounded down to a multiple of y.
  mlir::Value floorTo(mlir::Value x, int64_t y) { return mul(divu(x, y), y); }
  mlir::Value ceilTo(mlir::Value x, int64_t y) { return mul(ceilDiv(x, y), y); }
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value less(mlir::Value x, mlir::Value y);

  // Floating point, scalar or vector alike.
  mlir::Value addf(mlir::Value x, mlir::Value y);
  mlir::Value subf(mlir::Value x, mlir::Value y);
  mlir::Value mulf(mlir::Value x, mlir::Value y);
  mlir::Value divf(mlir::Value x, mlir::Value y);
  /// x * y + z: one rounding on v3 and v4, two on v2 (where `fma` would become a library call per lane).
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);
  /// The larger; where either is NaN, `y`. One instruction, unlike arith.maximumf.
  mlir::Value maxSecond(mlir::Value x, mlir::Value y);
  mlir::Value minSecond(mlir::Value x, mlir::Value y);
  mlir::Value cmp(mlir::arith::CmpFPredicate p, mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value c, mlir::Value x, mlir::Value y);
  mlir::Value bitcast(mlir::Value v, mlir::Type element);

  /// Sum or maximum over the 16 lanes by a fixed tree (distance 8, 4, 2, 1), left in every lane.
  mlir::Value laneTree(mlir::Value v, llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

  // Memory: offsets count elements of four bytes (f32, i32). Vectors are loaded with no alignment assumed.
  mlir::Value at(mlir::Value pointer, mlir::Value offset);
  mlir::Value at(mlir::Value pointer, int64_t offset);
  mlir::Value load(mlir::Value pointer) { return loadAs(f32(), pointer); }
  mlir::Value loadVec(mlir::Value pointer) { return loadAs(vec(), pointer); }
  mlir::Value loadAs(mlir::Type type, mlir::Value pointer, unsigned align = 4);
  void store(mlir::Value v, mlir::Value pointer, unsigned align = 4);
  void prefetch(mlir::Value pointer, bool write = false);

  // Control flow. A loop body gets the induction value and the carried values and returns the next ones.
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  llvm::SmallVector<mlir::Value> loop(mlir::Value lo, mlir::Value hi, int64_t step, mlir::ValueRange init, Body body);
  void loop(mlir::Value lo, mlir::Value hi, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  void when(mlir::Value condition, llvm::function_ref<void()> then);
  void choose(mlir::Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise);

private:
  mlir::Value laneMask(mlir::Value count);
};

} // namespace rondo
