// Scalar operations of arith and math in the form the CPU program computes them: arith as it is, math functions by our
// own polynomials. One form serves vector<16xf32> and f32: a scalar equals a lane in bits, and v3 equals v4 in bits.
// Largest errors are in tests/codegen/MathTest.cpp; NaN, infinities, signed zeros and denormals are handled by each.
#pragma once

#include "codegen/cpu/Emit.h"

namespace rondo {

/// The form of `scalarOp` (one result, arith or math) over `operands`: scalar if all are scalars, else a vector,
/// scalars being broadcast. Null, with an error on the operation, where there is none.
mlir::Value emitMath(mlir::OpBuilder &b, mlir::Location loc, mlir::Operation *scalarOp, mlir::ValueRange operands,
                     Target target);

/// Function by function, for emitters; x is f32 or vector<16xf32>.
class MathForms {
public:
  explicit MathForms(Emit &e) : e(e) {}
  MathForms(const MathForms &) = delete;

  mlir::Value exp(mlir::Value x);
  /// 2^x.
  mlir::Value exp2(mlir::Value x);
  /// 2^(scale x), scale > 0, where x <= 0 or NaN, as in a softmax: saves a clamp.
  mlir::Value exp2NotPositive(mlir::Value x, double scale = 1);
  mlir::Value expm1(mlir::Value x);
  mlir::Value log(mlir::Value x);
  mlir::Value log2(mlir::Value x);
  mlir::Value log10(mlir::Value x);
  mlir::Value log1p(mlir::Value x);
  mlir::Value tanh(mlir::Value x);
  mlir::Value sigmoid(mlir::Value x);
  mlir::Value erf(mlir::Value x);
  mlir::Value sin(mlir::Value x);
  mlir::Value cos(mlir::Value x);
  mlir::Value pow(mlir::Value x, mlir::Value y);
  /// x^n by repeated squaring; n >= 0.
  mlir::Value powInteger(mlir::Value x, int64_t n);
  mlir::Value rsqrt(mlir::Value x);

private:
  /// x rounded to an integer, kept twice: as a real, and in the low bits of a real (so no conversion is needed, whose
  /// result would be undefined for NaN).
  struct Rounded {
    mlir::Value real, shifted;
  };
  Rounded roundToInteger(mlir::Value x, mlir::Value scale = nullptr);
  mlir::Value polynomial(mlir::Value x, llvm::ArrayRef<double> coefficients);
  /// p * 2^n with one rounding, -160 <= n <= 160.
  mlir::Value scaleBy(mlir::Value p, Rounded n);
  mlir::Value powerOfTwo(mlir::Value biased);
  mlir::Value atMost(mlir::Value x, double limit) { return e.minSecond(e.real(limit, x.getType()), x); }
  mlir::Value atLeast(mlir::Value x, double limit) { return e.maxSecond(e.real(limit, x.getType()), x); }
  /// x = m 2^n with m in [sqrt(1/2), sqrt(2)).
  struct Split {
    mlir::Value mantissa, exponent, biased;
  };
  Split splitExponent(mlir::Value x);
  /// log(1 + r) - r.
  mlir::Value logTail(mlir::Value r);
  mlir::Value logParts(mlir::Value x, double unit, double unitTail);
  mlir::Value logSpecials(mlir::Value x, mlir::Value atZero, mlir::Value y);
  mlir::Value absolute(mlir::Value x);
  mlir::Value withSign(mlir::Value magnitude, mlir::Value sign);
  mlir::Value sine(mlir::Value x, int quarters);

  Emit &e;
};

} // namespace rondo
