// Coefficients: scripts/fit-polynomials.py.
#include "codegen/cpu/Math.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace rondo;
using arith::CmpFPredicate;

static constexpr double kInf = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
static constexpr double kLog2e = 1.44269504088896341;

/// Adding it leaves a real's value, rounded to an integer, in its low bits.
static double shifterOf(Type type) { return getElementTypeOrSelf(type).isF64() ? 6755399441055744.0 : 12582912.0; }

Value MathForms::polynomial(Value x, ArrayRef<double> c) {
  Value p = e.real(c.back(), x.getType());
  for (double k : llvm::reverse(c.drop_back()))
    p = e.fma(p, x, e.real(k, x.getType()));
  return p;
}

Value MathForms::absolute(Value x) { return math::AbsFOp::create(e.b, e.loc, x); }
Value MathForms::withSign(Value magnitude, Value sign) { return math::CopySignOp::create(e.b, e.loc, magnitude, sign); }

MathForms::Rounded MathForms::roundToInteger(Value x, Value scale) {
  Value shifter = e.real(shifterOf(x.getType()), x.getType());
  Value shifted = scale ? e.fma(x, scale, shifter) : e.addf(x, shifter);
  return {e.subf(shifted, shifter), shifted};
}

/// A real from its biased exponent.
Value MathForms::powerOfTwo(Value biased) {
  Value bits = arith::ShLIOp::create(e.b, e.loc, biased, e.integer(23, biased.getType()));
  return e.bitcast(bits, e.f32());
}

Value MathForms::scaleBy(Value p, Rounded n) {
  if (e.target.is512() && p.getType() == e.vec()) {
    Type mask = e.b.getI16Type();
    Value all = e.integer(-1, mask), asSet = e.i32(4);
    return LLVM::CallIntrinsicOp::create(e.b, e.loc, e.vec(), e.b.getStringAttr("llvm.x86.avx512.mask.scalef.ps.512"),
                                         ValueRange{p, n.real, e.zero(), all, asSet})
        .getResults();
  }
  // In two steps, since 2^n alone may be no normal number; the first is exact, so only the second rounds.
  Value i = e.bitcast(n.shifted, e.b.getI32Type());
  i = e.sub(i, e.integer(0x4B400000, i.getType()));
  Value half = arith::ShRSIOp::create(e.b, e.loc, i, e.integer(1, i.getType()));
  Value rest = e.sub(i, half);
  Value bias = e.integer(127, i.getType());
  p = e.mulf(p, powerOfTwo(e.add(half, bias)));
  return e.mulf(p, powerOfTwo(e.add(rest, bias)));
}

/// r = x - n ln 2, in two pieces.
static Value reduceByLn2(Emit &e, Value x, Value n) {
  Value r = e.fma(n, e.real(-0.693145751953125, x.getType()), x);
  return e.fma(n, e.real(-1.42860682030941723212e-6, x.getType()), r);
}

Value MathForms::exp(Value x) {
  x = atLeast(atMost(x, 89.0), -105.0); // beyond: infinity and zero anyway
  Rounded n = roundToInteger(x, e.real(kLog2e, x.getType()));
  Value r = reduceByLn2(e, x, n.real);
  return scaleBy(polynomial(r, {1.0, 1.0, 0.49999994f, 0.166665211f, 0.0416682772f, 0.00836868677f, 0.00138198247f}),
                 n);
}

static constexpr double kExp2[] = {
    1.0, 0.693147182f, 0.240226477f, 0.0555035956f, 0.00961850304f, 0.00133909972f, 0.000153278408f};

Value MathForms::exp2(Value x) { return exp2NotPositive(atMost(x, 129.0)); }

Value MathForms::exp2NotPositive(Value x, double scale) {
  x = atLeast(x, -152.0 / scale);
  if (scale == 1) {
    Rounded n = roundToInteger(x);
    return scaleBy(polynomial(e.subf(x, n.real), kExp2), n);
  }
  Value factor = e.real(scale, x.getType());
  Rounded n = roundToInteger(x, factor);
  return scaleBy(polynomial(e.fma(x, factor, arith::NegFOp::create(e.b, e.loc, n.real)), kExp2), n);
}

/// expm1(r) for |r| <= ln(2) / 2.
static Value expm1Near(Emit &e, Value r, function_ref<Value(Value, ArrayRef<double>)> polynomial) {
  Value p = polynomial(r, {0.49999997f, 0.166665465f, 0.0416674353f, 0.00836627185f, 0.00138706958f});
  return e.fma(e.mulf(r, r), p, r);
}

Value MathForms::expm1(Value x0) {
  Value x = atLeast(atMost(x0, 89.0), -18.5);
  Rounded n = roundToInteger(x, e.real(kLog2e, x.getType()));
  Value q = expm1Near(e, reduceByLn2(e, x, n.real), [&](Value r, ArrayRef<double> c) { return polynomial(r, c); });
  // Half of it, so that 2^128 is not needed: s q + (s - 1/2), s = 2^(n-1).
  Value i = e.sub(e.bitcast(n.shifted, e.b.getI32Type()),
                  e.integer(0x4B400000 - 126, e.shaped(x.getType(), e.b.getI32Type())));
  Value s = powerOfTwo(i);
  Value half = e.fma(s, q, e.subf(s, e.real(0.5, x.getType())));
  return withSign(e.addf(half, half), x0); // for -0
}

Value MathForms::tanh(Value x) {
  // m / (2 + m) with m = expm1(-2|x|).
  Value y = atLeast(e.mulf(absolute(x), e.real(-2.0, x.getType())), -18.5);
  Rounded n = roundToInteger(y, e.real(kLog2e, x.getType()));
  Value q = expm1Near(e, reduceByLn2(e, y, n.real), [&](Value r, ArrayRef<double> c) { return polynomial(r, c); });
  Value s = powerOfTwo(e.sub(e.bitcast(n.shifted, e.b.getI32Type()),
                             e.integer(0x4B400000 - 127, e.shaped(x.getType(), e.b.getI32Type()))));
  Value m = e.fma(s, q, e.subf(s, e.real(1.0, x.getType())));
  return withSign(e.divf(m, e.addf(m, e.real(2.0, x.getType()))), x);
}

Value MathForms::sigmoid(Value x) {
  Value one = e.real(1.0, x.getType());
  Value down = exp(arith::NegFOp::create(e.b, e.loc, x));
  return e.divf(one, e.addf(one, down));
}

Value MathForms::erf(Value x) {
  Value a = atMost(absolute(x), 4.0);
  Value small = polynomial(e.mulf(a, a), {0.128379166f, -0.376126289f, 0.112836257f, -0.0268557314f, 0.00519240508f,
                                          -0.000804976909f, 7.99664194e-05f});
  small = e.fma(a, small, a);
  Value p = polynomial(a, {0.128551751f, 0.635625243f, 0.105262779f, -0.022674242f, 0.00293023256f, -4.96170214e-05f,
                           -4.55748195e-05f, 4.93767493e-06f});
  Value minus = arith::NegFOp::create(e.b, e.loc, a);
  Value large = e.subf(e.real(1.0, x.getType()), exp(e.fma(minus, p, minus)));
  Value isLarge = e.cmp(CmpFPredicate::OGT, a, e.real(0.925, x.getType()));
  return withSign(e.select(isLarge, large, small), x);
}

MathForms::Split MathForms::splitExponent(Value x) {
  Type bitsType = e.shaped(x.getType(), e.b.getI32Type());
  Value bits = e.bitcast(x, e.b.getI32Type());
  Value above = e.sub(bits, e.integer(0x3F3504F3, bitsType)); // sqrt(1/2)
  Value n = arith::ShRSIOp::create(e.b, e.loc, above, e.integer(23, bitsType));
  Value shifted = arith::ShLIOp::create(e.b, e.loc, n, e.integer(23, bitsType));
  Value m = e.bitcast(e.sub(bits, shifted), e.f32());
  return {m, arith::SIToFPOp::create(e.b, e.loc, x.getType(), n), shifted};
}

Value MathForms::logTail(Value r) {
  Value p = polynomial(r, {-0.5, 0.333333135f, -0.250000089f, 0.200020716f, -0.166679889f, 0.142203599f, -0.124062389f,
                           0.11883536f, -0.116700329f, 0.0674920827f});
  return e.mulf(e.mulf(r, r), p);
}

Value MathForms::logSpecials(Value x, Value atZero, Value y) {
  auto real = [&](double v) { return e.real(v, x.getType()); };
  // Infinity stays, NaN stays; what lies below the pole is NaN.
  y = e.select(e.cmp(CmpFPredicate::OLT, x, real(kInf)), y, x);
  y = e.select(e.cmp(CmpFPredicate::OLT, x, atZero), real(kNaN), y);
  return e.select(e.cmp(CmpFPredicate::OEQ, x, atZero), real(-kInf), y);
}

/// (n + log2(m)) * unit, as n (unit, in two pieces) + log(m) * (unit / ln 2).
Value MathForms::logParts(Value x, double unit, double unitTail) {
  auto real = [&](double v) { return e.real(v, x.getType()); };
  Value tiny = e.cmp(CmpFPredicate::OLT, x, real(std::ldexp(1.0, -126)));
  Value scaled = e.select(tiny, e.mulf(x, real(std::ldexp(1.0, 23))), x);
  Split s = splitExponent(scaled);
  Value n = e.addf(s.exponent, e.select(tiny, real(-23.0), real(0.0)));
  Value r = e.subf(s.mantissa, real(1.0));
  Value tail = logTail(r);
  Value y;
  if (unit == 1.0) { // log2: n is exact
    Value hi = e.mulf(r, real(1.44269502162933349609375));
    Value lo =
        e.fma(r, real(1.92596299112661746887e-8), e.fma(r, real(1.44269502162933349609375), e.subf(real(0.0), hi)));
    lo = e.fma(tail, real(kLog2e), lo);
    y = e.addf(n, e.addf(hi, lo));
  } else {
    double f = unit / M_LN2;
    Value near = f == 1.0 ? e.addf(r, e.fma(n, real(unitTail), tail))
                          : e.fma(r, real(f), e.fma(n, real(unitTail), e.mulf(tail, real(f))));
    y = e.fma(n, real(unit), near);
  }
  return logSpecials(x, real(0.0), y);
}

Value MathForms::log(Value x) {
  // ln 2 in two pieces.
  return logParts(x, 0.693147182464599609375, -1.90465429995776804525e-9);
}
Value MathForms::log2(Value x) { return logParts(x, 1.0, 0.0); }
Value MathForms::log10(Value x) { return e.mulf(log(x), e.real(0.434294481903251827651, x.getType())); }

Value MathForms::log1p(Value x) {
  auto real = [&](double v) { return e.real(v, x.getType()); };
  Value one = real(1.0);
  Value u = e.addf(one, x);
  // What the rounding of 1 + x lost.
  Value lost = e.select(e.cmp(CmpFPredicate::OGE, x, one), e.subf(one, e.subf(u, x)), e.subf(x, e.subf(u, one)));
  Split s = splitExponent(u);
  // 2^-n; where that is no normal number, what was lost does not matter.
  Type bits = s.biased.getType();
  Value inverse = e.bitcast(e.max(e.sub(e.integer(0x3F800000, bits), s.biased), e.integer(0, bits)), e.f32());
  Value r = e.fma(lost, inverse, e.subf(s.mantissa, one));
  Value near = e.addf(r, e.fma(s.exponent, real(-1.90465429995776804525e-9), logTail(r)));
  Value y = e.fma(s.exponent, real(0.693147182464599609375), near);
  y = e.select(e.cmp(CmpFPredicate::OEQ, x, real(0.0)), x, y);
  return logSpecials(x, real(-1.0), y);
}

Value MathForms::rsqrt(Value x) { return e.divf(e.real(1.0, x.getType()), math::SqrtOp::create(e.b, e.loc, x)); }

Value MathForms::powInteger(Value x, int64_t n) {
  Value result, square = x;
  for (; n; n /= 2) {
    if (n % 2)
      result = result ? e.mulf(result, square) : square;
    if (n > 1)
      square = e.mulf(square, square);
  }
  return result ? result : e.real(1.0, x.getType());
}
