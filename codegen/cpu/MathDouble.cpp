// sine, cosine and power: functions whose argument reduction needs more than 24 bits take it in double precision.
// Coefficients: scripts/fit-polynomials.py.
#include "codegen/cpu/Math.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace rondo;
using arith::CmpFPredicate;

static constexpr double kInf = std::numeric_limits<double>::infinity();

/// sin(x + quarters * pi / 2). Good to 2 ulp for |x| <= 2^30; beyond, some value in [-1, 1].
Value MathForms::sine(Value x, int quarters) {
  OpBuilder &b = e.b;
  Type wide = e.shaped(x.getType(), b.getF64Type()), longs = e.shaped(x.getType(), b.getI64Type()),
       ints = e.shaped(x.getType(), b.getI32Type());
  Value d = arith::ExtFOp::create(b, e.loc, wide, x);
  Rounded n = roundToInteger(d, e.real(0.636619772367581343076, wide));
  // pi / 2 in two pieces, 33 bits first: that product is exact even where there is no fused multiply-add.
  Value rest = e.fma(n.real, e.real(-1.57079632673412561417, wide), d);
  rest = e.fma(n.real, e.real(-6.07710050650619224932e-11, wide), rest);
  Value r = arith::TruncFOp::create(b, e.loc, x.getType(), rest);
  r = atLeast(atMost(r, 0.7854), -0.7854); // only where the reduction was hopeless
  Value bits = arith::TruncIOp::create(b, e.loc, ints, arith::BitcastOp::create(b, e.loc, longs, n.shifted));
  bits = e.add(bits, e.integer(quarters, ints));
  Value square = e.mulf(r, r);
  Value s = polynomial(square, {-0.166666672f, 0.0083333794f, -0.000198530863f, 2.83296481e-06f});
  s = e.fma(e.mulf(square, r), s, r);
  Value c = polynomial(square, {1.0, -0.5, 0.0416666456f, -0.00138873106f, 2.44325583e-05f});
  Value odd = arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::ne,
                                    arith::AndIOp::create(b, e.loc, bits, e.integer(1, ints)), e.integer(0, ints));
  // Quarters 2 and 3 are negative: bit 1 moves to the sign.
  Value sign =
      arith::ShLIOp::create(b, e.loc, arith::AndIOp::create(b, e.loc, bits, e.integer(2, ints)), e.integer(30, ints));
  Value y = e.bitcast(e.select(odd, c, s), b.getI32Type());
  y = e.bitcast(arith::XOrIOp::create(b, e.loc, y, sign), b.getF32Type());
  return quarters ? y : e.select(e.cmp(CmpFPredicate::OEQ, x, e.real(0.0, x.getType())), x, y); // for -0
}

Value MathForms::sin(Value x) { return sine(x, 0); }
Value MathForms::cos(Value x) { return sine(x, 1); }

/// 2^(y log2|x|) in double precision, then the cases of C's pow.
Value MathForms::pow(Value x, Value y) {
  OpBuilder &b = e.b;
  Type narrow = x.getType(), wide = e.shaped(narrow, b.getF64Type()), longs = e.shaped(narrow, b.getI64Type());
  auto real = [&](double v) { return e.real(v, narrow); };
  auto wideReal = [&](double v) { return e.real(v, wide); };
  auto both = [&](Value p, Value q) -> Value { return arith::AndIOp::create(b, e.loc, p, q); };
  Value size = absolute(x);

  Value d = arith::ExtFOp::create(b, e.loc, wide, size), wideY = arith::ExtFOp::create(b, e.loc, wide, y);
  Value bits = arith::BitcastOp::create(b, e.loc, longs, d);
  Value n = arith::ShRSIOp::create(b, e.loc, e.sub(bits, e.integer(0x3FE6A09E667F3BCD, longs)), e.integer(52, longs));
  Value m =
      arith::BitcastOp::create(b, e.loc, wide, e.sub(bits, arith::ShLIOp::create(b, e.loc, n, e.integer(52, longs))));
  Value s = e.divf(e.subf(m, wideReal(1.0)), e.addf(m, wideReal(1.0)));
  Value square = e.mulf(s, s);
  Value p = polynomial(square, {2.0, 0.66666666666596119, 0.40000000046415812, 0.28571418414358279, 0.22223242005471808,
                                0.18130266791161365, 0.16653271600994085, 0.016379833227654524});
  Value narrowN = arith::TruncIOp::create(b, e.loc, e.shaped(narrow, b.getI32Type()), n);
  Value log2 = e.fma(e.mulf(s, p), wideReal(1.44269504088896340736), arith::SIToFPOp::create(b, e.loc, wide, narrowN));
  log2 = e.select(e.cmp(CmpFPredicate::OLT, d, wideReal(kInf)), log2, d);
  log2 = e.select(e.cmp(CmpFPredicate::OEQ, d, wideReal(0.0)), wideReal(-kInf), log2);

  Value t = atLeast(atMost(e.mulf(log2, wideY), 200.0), -200.0);
  Rounded k = roundToInteger(t);
  Value r = polynomial(e.subf(t, k.real),
                       {1.0, 0.69314718055994617, 0.24022650695909153, 0.055504108664598768, 0.0096181291080236868,
                        0.0013333558211741324, 0.00015403529907070896, 1.5252666078211669e-05, 1.3215706220311379e-06,
                        1.0207237741833612e-07, 7.028302370652209e-09});
  Value biased = e.add(arith::BitcastOp::create(b, e.loc, longs, k.shifted), e.integer(1023, longs));
  Value scale = arith::BitcastOp::create(b, e.loc, wide, arith::ShLIOp::create(b, e.loc, biased, e.integer(52, longs)));
  Value result = arith::TruncFOp::create(b, e.loc, narrow, e.mulf(r, scale));

  // |x| = 1: always 1 in size, also for infinite y.
  result = e.select(e.cmp(CmpFPredicate::OEQ, size, real(1.0)), real(1.0), result);
  Value half = e.mulf(y, real(0.5));
  Value whole = e.cmp(CmpFPredicate::OEQ, y, math::FloorOp::create(b, e.loc, y));
  Value odd = both(whole, e.cmp(CmpFPredicate::ONE, half, math::FloorOp::create(b, e.loc, half)));
  result = e.select(odd, withSign(result, x), result);
  Value negative = both(e.cmp(CmpFPredicate::OLT, x, real(0.0)), e.cmp(CmpFPredicate::OLT, size, real(kInf)));
  Value broken = e.select(whole, e.cmp(CmpFPredicate::UNO, x, y), negative);
  result = e.select(broken, real(std::numeric_limits<double>::quiet_NaN()), result);
  Value one = e.cmp(CmpFPredicate::OEQ, x, real(1.0));
  Value none = e.cmp(CmpFPredicate::OEQ, y, real(0.0));
  return e.select(arith::OrIOp::create(b, e.loc, one, none), real(1.0), result);
}
