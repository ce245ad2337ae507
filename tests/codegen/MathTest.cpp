// Accuracy of our math forms against double precision, over the ranges that matter and at the edges of the format;
// a scalar equals a lane, and v3 equals v4, in bits. Prints the largest error of each.
#include "codegen/cpu/Math.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tests/codegen/TestRun.h"
#include "llvm/Support/Format.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

using namespace mlir;
using namespace rondo;

namespace {

using Build = Operation *(*)(OpBuilder &, Location, ValueRange);
struct Function {
  const char *name;
  unsigned operands;
  Build build;
  double (*reference)(double, double);
  float lo, hi; // what is sampled densely; the edges of the format are always tried
  double bound; // ulp
};

template <typename Op>
Operation *unary(OpBuilder &b, Location loc, ValueRange in) {
  return Op::create(b, loc, in[0]);
}
Operation *power(OpBuilder &b, Location loc, ValueRange in) { return math::PowFOp::create(b, loc, in[0], in[1]); }

const Function functions[] = {
    {"exp", 1, unary<math::ExpOp>, [](double x, double) { return std::exp(x); }, -104, 89, 1.0},
    {"exp2", 1, unary<math::Exp2Op>, [](double x, double) { return std::exp2(x); }, -150, 128, 1.0},
    {"expm1", 1, unary<math::ExpM1Op>, [](double x, double) { return std::expm1(x); }, -20, 89, 1.5},
    {"log", 1, unary<math::LogOp>, [](double x, double) { return std::log(x); }, 0, 3e38f, 1.0},
    {"log near 1", 1, unary<math::LogOp>, [](double x, double) { return std::log(x); }, 0.5, 2, 1.0},
    {"log2", 1, unary<math::Log2Op>, [](double x, double) { return std::log2(x); }, 0, 3e38f, 1.0},
    {"log10", 1, unary<math::Log10Op>, [](double x, double) { return std::log10(x); }, 0, 3e38f, 2.0},
    {"log1p", 1, unary<math::Log1pOp>, [](double x, double) { return std::log1p(x); }, -1, 3e38f, 1.5},
    {"log1p near 0", 1, unary<math::Log1pOp>, [](double x, double) { return std::log1p(x); }, -0.5, 1, 1.5},
    {"tanh", 1, unary<math::TanhOp>, [](double x, double) { return std::tanh(x); }, -10, 10, 2.5},
    {"erf", 1, unary<math::ErfOp>, [](double x, double) { return std::erf(x); }, -4.5, 4.5, 1.5},
    {"sin", 1, unary<math::SinOp>, [](double x, double) { return std::sin(x); }, -1e5, 1e5, 1.5},
    {"cos", 1, unary<math::CosOp>, [](double x, double) { return std::cos(x); }, -1e5, 1e5, 1.5},
    {"pow", 2, power, [](double x, double y) { return std::pow(x, y); }, 0, 100, 1.0},
    {"rsqrt", 1, unary<math::RsqrtOp>, [](double x, double) { return 1 / std::sqrt(x); }, 0, 3e38f, 1.5},
    {"floor", 1, unary<math::FloorOp>, [](double x, double) { return std::floor(x); }, -1e6, 1e6, 0.5},
    {"sqrt", 1, unary<math::SqrtOp>, [](double x, double) { return std::sqrt(x); }, 0, 3e38f, 0.5},
    {"abs", 1, unary<math::AbsFOp>, [](double x, double) { return std::fabs(x); }, -10, 10, 0.5},
};

std::string symbolOf(const Function &f, Target t, bool wide) {
  std::string s = f.name;
  std::replace(s.begin(), s.end(), ' ', '_');
  return s + (wide ? "_vec_" : "_one_") + t.name().str();
}

float fromBits(uint32_t u) { return llvm::bit_cast<float>(u); }
uint32_t bits(float f) { return std::isnan(f) ? 0x7fc00000u : llvm::bit_cast<uint32_t>(f); }
/// Monotone in the value.
int64_t order(float f) {
  uint32_t u = llvm::bit_cast<uint32_t>(f);
  return u >> 31 ? -int64_t(u & 0x7fffffff) : int64_t(u);
}
float fromOrder(int64_t o) { return o < 0 ? fromBits(0x80000000u | uint32_t(-o)) : fromBits(uint32_t(o)); }

const float edges[] = {0.0f,     -0.0f,     1.0f,      -1.0f,       0.5f,      -0.5f,   2.0f,
                       3.0f,     -3.0f,     1e-45f,    -1e-45f,     1e-40f,    -1e-40f, 1.17549435e-38f,
                       1e-10f,   -1e-10f,   88.72283f, 88.8f,       -87.3f,    -103.9f, -104.0f,
                       -150.0f,  1e4f,      -1e4f,     1e8f,        -1e8f,     3e38f,   -3e38f,
                       INFINITY, -INFINITY, NAN,       0.99999994f, 1.0000001f};

/// Values even in the order of bit patterns, so that every binade of the range counts the same, and even in value.
std::vector<float> samples(const Function &f) {
  std::vector<float> v;
  int64_t lo = order(f.lo), hi = order(f.hi);
  for (int64_t n = 100000, i = 0; i <= n; ++i) {
    v.push_back(fromOrder(lo + (hi - lo) / n * i));
    v.push_back(float(f.lo + (double(f.hi) - f.lo) * i / n));
  }
  v.insert(v.end(), std::begin(edges), std::end(edges));
  while (v.size() % kLanes)
    v.push_back(0);
  return v;
}

double ulps(float got, double want) {
  float rounded = float(want);
  if (std::isnan(want) || std::isnan(got) || std::isinf(rounded) || std::isinf(got))
    return bits(got) == bits(rounded) ? 0 : INFINITY;
  int exponent;
  std::frexp(want, &exponent);
  return std::fabs(got - want) / std::ldexp(1.0, std::max(exponent - 1, -126) - 23);
}

using Kernel = void(const float *, const float *, float *, int64_t);

class MathTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    run = new TestRun;
    for (Level level : {Level::V2, Level::V3, Level::V4})
      for (const Function &f : functions)
        for (bool wide : {true, false})
          add(f, Target{level}, wide);
    ASSERT_TRUE(run->load());
    llvm::outs() << "compiled in " << llvm::format("%.2f", run->compileSeconds) << " s\n";
  }
  static void TearDownTestSuite() { delete run; }

  static void add(const Function &f, Target target, bool wide) {
    run->function(symbolOf(f, target, wide), 3, 1, target, [&](Emit &e, ValueRange args) {
      // The operation as it stands in a map's region; only its form is wanted.
      auto region = func::FuncOp::create(e.loc, "region", e.b.getFunctionType({e.f32(), e.f32()}, {}));
      OpBuilder inner(region);
      inner.setInsertionPointToStart(region.addEntryBlock());
      Operation *op = f.build(inner, e.loc, region.getArguments());
      e.loop(e.index(0), args[3], wide ? kLanes : 1, [&](Value i) {
        Type type = wide ? Type(e.vec()) : e.f32();
        SmallVector<Value> in;
        for (unsigned k = 0; k < f.operands; ++k)
          in.push_back(e.loadAs(type, e.at(args[k], i)));
        Value y = emitMath(e.b, e.loc, op, in, target);
        ASSERT_TRUE(y);
        e.store(y, e.at(args[2], i));
      });
      region.erase();
    });
  }

  static std::vector<float> call(const Function &f, Level level, bool wide, const std::vector<float> &x,
                                 const std::vector<float> &y) {
    std::vector<float> out(x.size());
    run->get<Kernel>(symbolOf(f, Target{level}, wide))(x.data(), y.data(), out.data(), x.size());
    return out;
  }

  static TestRun *run;
};
TestRun *MathTest::run;

std::vector<float> exponents(size_t n) {
  std::vector<float> y(n);
  for (size_t i = 0; i < n; ++i)
    y[i] = i % 7 == 0 ? float(int(i / 7 % 9) - 4) : float(std::sin(double(i)) * (i % 3 ? 8.0 : 0.7));
  return y;
}

TEST_F(MathTest, Accuracy) {
  for (Level level : {Level::V2, Level::V3, Level::V4}) {
    if (!runsHere(level)) {
      llvm::outs() << "skipped: this CPU lacks " << Target{level}.cpu() << "\n";
      continue;
    }
    for (const Function &f : functions) {
      std::vector<float> x = samples(f), y = exponents(x.size()), got = call(f, level, true, x, y);
      double worst = 0;
      float at = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        // Beyond 2^30 sine and cosine promise a value in [-1, 1] only.
        bool wild = (f.build == unary<math::SinOp> || f.build == unary<math::CosOp>) && std::fabs(x[i]) > 0x1p30f;
        double u = wild ? (std::isfinite(x[i]) == (std::fabs(got[i]) <= 1.0f) ? 0 : INFINITY)
                        : ulps(got[i], f.reference(x[i], y[i]));
        if (u > worst)
          worst = u, at = x[i];
      }
      llvm::outs() << llvm::format("%-13s %s  %.3f ulp at %.9g\n", f.name, Target{level}.name().str().c_str(), worst,
                                   at);
      // Two roundings in each multiply-add cost v2 some accuracy.
      EXPECT_LE(worst, level == Level::V2 ? f.bound + 1.5 : f.bound) << f.name << " at " << at;
    }
  }
}

TEST_F(MathTest, SignedZeros) {
  for (const char *name : {"expm1", "log1p", "tanh", "erf", "sin", "floor", "sqrt"})
    for (const Function &f : functions)
      if (!strcmp(f.name, name)) {
        std::vector<float> x(16, -0.0f);
        EXPECT_EQ(bits(call(f, Level::V3, true, x, x)[0]), 0x80000000u) << name;
      }
}

TEST_F(MathTest, PowerOfEdges) {
  std::vector<float> x, y;
  for (float a : edges)
    for (float b : edges)
      x.push_back(a), y.push_back(b);
  for (float a : {-8.0f, -0.5f})
    for (float b : {3.0f, 2.0f, -3.0f, 0.5f})
      x.push_back(a), y.push_back(b);
  while (x.size() % kLanes)
    x.push_back(1), y.push_back(1);
  for (const Function &f : functions)
    if (f.operands == 2) {
      auto got = call(f, Level::V3, true, x, y);
      for (size_t i = 0; i < x.size(); ++i)
        EXPECT_LE(ulps(got[i], std::pow(double(x[i]), double(y[i]))), 1.0) << x[i] << " ^ " << y[i] << " = " << got[i];
    }
}

TEST_F(MathTest, ScalarEqualsLane) {
  for (Level level : {Level::V2, Level::V3, Level::V4}) {
    if (!runsHere(level))
      continue;
    for (const Function &f : functions) {
      std::vector<float> x = samples(f), y = exponents(x.size());
      auto wide = call(f, level, true, x, y), one = call(f, level, false, x, y);
      for (size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(bits(wide[i]), bits(one[i])) << f.name << " at " << x[i];
    }
  }
}

TEST_F(MathTest, V3EqualsV4) {
  if (!runsHere(Level::V4))
    GTEST_SKIP() << "this CPU lacks x86-64-v4";
  for (const Function &f : functions) {
    std::vector<float> x = samples(f), y = exponents(x.size());
    auto three = call(f, Level::V3, true, x, y), four = call(f, Level::V4, true, x, y);
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(bits(three[i]), bits(four[i])) << f.name << " at " << x[i];
  }
}

} // namespace
