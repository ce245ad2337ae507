// The scalar table: values, and that the error scale covers what f32 does, on every operation of a map.
#include "ir/Scalars.h"
#include "tests/ir/Run.h"
#include <cmath>

using namespace rondo;
using namespace rondo::test;

namespace {

/// A map of one operation, given as text over %a and %b, on two inputs.
struct OneOp {
  explicit OneOp(const std::string &op, const char *in = "f32", const char *out = "f32")
      : program(source(op, in, out)) {}
  static std::string source(const std::string &op, std::string in, std::string out) {
    std::string i = "tensor<?x" + in + ", #rondo.ax<t>>", o = "tensor<?x" + out + ", #rondo.ax<t>>";
    return "func.func @f(%x: " + i + ", %y: " + i + ") -> " + o + " {\n  %z = rondo.map (i) %x[i], %y[i] : (" + i +
           ", " + i + ") -> (" + o + ") {\n  ^bb0(%a: " + in + ", %b: " + in + "):\n    " + op +
           "\n    rondo.yield %r : " + out + "\n  }\n  return %z : " + o + "\n}";
  }
  Tensor operator()(Tensor a, Tensor b) { return program.run({std::move(a), std::move(b)}); }
  Program program;
};

struct Real {
  const char *op;
  double (*exact)(double, double);
  float (*rounded)(float, float);
  double low, high; // where the first argument is taken from
};

} // namespace

// Inputs carry a scale and are moved by as much: the f32 result must stay within a few times kEpsilon * scale.
TEST(Scalars, ErrorScaleCoversSinglePrecision) {
  const Real table[] = {
      {"arith.addf %a, %b : f32", [](double a, double b) { return a + b; }, [](float a, float b) { return a + b; }, -2,
       2},
      {"arith.subf %a, %b : f32", [](double a, double b) { return a - b; }, [](float a, float b) { return a - b; }, -2,
       2},
      {"arith.mulf %a, %b : f32", [](double a, double b) { return a * b; }, [](float a, float b) { return a * b; }, -2,
       2},
      {"arith.divf %a, %b : f32", [](double a, double b) { return a / b; }, [](float a, float b) { return a / b; }, -2,
       2},
      {"arith.negf %a : f32", [](double a, double) { return -a; }, [](float a, float) { return -a; }, -2, 2},
      {"math.absf %a : f32", [](double a, double) { return std::fabs(a); }, [](float a, float) { return std::fabs(a); },
       -2, 2},
      {"arith.maximumf %a, %b : f32", [](double a, double b) { return std::fmax(a, b); },
       [](float a, float b) { return std::fmax(a, b); }, -2, 2},
      {"arith.minimumf %a, %b : f32", [](double a, double b) { return std::fmin(a, b); },
       [](float a, float b) { return std::fmin(a, b); }, -2, 2},
      {"math.exp %a : f32", [](double a, double) { return std::exp(a); }, [](float a, float) { return std::exp(a); },
       -20, 20},
      {"math.log %a : f32", [](double a, double) { return std::log(a); }, [](float a, float) { return std::log(a); },
       0.1, 30},
      {"math.log1p %a : f32", [](double a, double) { return std::log1p(a); },
       [](float a, float) { return std::log1p(a); }, -0.9, 9},
      {"math.tanh %a : f32", [](double a, double) { return std::tanh(a); }, [](float a, float) { return std::tanh(a); },
       -6, 6},
      {"math.erf %a : f32", [](double a, double) { return std::erf(a); }, [](float a, float) { return std::erf(a); },
       -4, 4},
      {"math.sin %a : f32", [](double a, double) { return std::sin(a); }, [](float a, float) { return std::sin(a); },
       -9, 9},
      {"math.cos %a : f32", [](double a, double) { return std::cos(a); }, [](float a, float) { return std::cos(a); },
       -9, 9},
      {"math.sqrt %a : f32", [](double a, double) { return std::sqrt(a); }, [](float a, float) { return std::sqrt(a); },
       0.001, 9},
      {"math.rsqrt %a : f32", [](double a, double) { return 1 / std::sqrt(a); },
       [](float a, float) { return 1 / std::sqrt(a); }, 0.1, 9},
      {"math.powf %a, %b : f32", [](double a, double b) { return std::pow(a, b); },
       [](float a, float b) { return std::pow(a, b); }, 0.1, 4},
  };
  for (const Real &real : table) {
    OneOp op(std::string("%r = ") + real.op);
    Tensor a = noise({200}, 1), b = noise({200}, 2);
    a.needScale(), b.needScale();
    for (int i = 0; i < 200; ++i) {
      a.data[i] = real.low + (a.data[i] + 1) / 2 * (real.high - real.low);
      b.data[i] += b.data[i] < 0 ? -0.5 : 0.5;
      a.scale[i] = std::fabs(a.data[i]);
      b.scale[i] = std::fabs(b.data[i]);
    }
    Tensor y = op(a, b);
    for (int i = 0; i < 200; ++i) {
      EXPECT_DOUBLE_EQ(y.data[i], real.exact(a.data[i], b.data[i])) << real.op;
      float got = real.rounded(static_cast<float>(a.data[i]), static_cast<float>(b.data[i])); // moved by half an ulp
      EXPECT_LE(std::fabs(got - y.data[i]), 3 * kEpsilon * y.scale[i]) << real.op << " of " << a.data[i];
      EXPECT_LE(y.scale[i], 1e4 * (1 + std::fabs(y.data[i]))) << real.op; // and it says something
    }
  }
}

TEST(Scalars, IntegersAndCasts) {
  auto run = [](const char *op, double a, double b, const char *in = "i32", const char *out = "i32") {
    return OneOp(std::string("%r = ") + op, in, out)(tensor(std::vector<double>{a}), tensor(std::vector<double>{b}))
        .data[0];
  };
  EXPECT_EQ(run("arith.addi %a, %b : i32", -7, 2), -5);
  EXPECT_EQ(run("arith.subi %a, %b : i32", -7, 2), -9);
  EXPECT_EQ(run("arith.muli %a, %b : i32", -7, 2), -14);
  EXPECT_EQ(run("arith.divsi %a, %b : i32", -7, 2), -3);
  EXPECT_EQ(run("arith.remsi %a, %b : i32", -7, 2), -1);
  EXPECT_EQ(run("arith.floordivsi %a, %b : i32", -7, 2), -4);
  EXPECT_EQ(run("arith.ceildivsi %a, %b : i32", 7, 2), 4);
  EXPECT_EQ(run("arith.maxsi %a, %b : i32", -7, 2), 2);
  EXPECT_EQ(run("arith.minsi %a, %b : i32", -7, 2), -7);
  EXPECT_EQ(run("arith.cmpi slt, %a, %b : i32", -7, 2, "i32", "i1"), 1);
  EXPECT_EQ(run("arith.cmpi ult, %a, %b : i32", -7, 2, "i32", "i1"), 0);
  EXPECT_EQ(run("arith.cmpf oge, %a, %b : f32", 2, 2, "f32", "i1"), 1);
  EXPECT_EQ(run("arith.andi %a, %b : i1", 1, 0, "i1", "i1"), 0);
  EXPECT_EQ(run("arith.ori %a, %b : i1", 1, 0, "i1", "i1"), 1);
  EXPECT_EQ(run("arith.xori %a, %b : i1", 1, 1, "i1", "i1"), 0);
  EXPECT_EQ(run("arith.extui %a : i1 to i32", 1, 0, "i1"), 1);
  EXPECT_EQ(run("arith.extsi %a : i1 to i32", 1, 0, "i1"), -1);
  EXPECT_EQ(run("arith.uitofp %a : i1 to f32", 1, 0, "i1", "f32"), 1);
  EXPECT_EQ(run("arith.sitofp %a : i32 to f32", -7, 0, "i32", "f32"), -7);
  EXPECT_EQ(run("arith.uitofp %a : i32 to f32", -7, 0, "i32", "f32"), 4294967289.0);
  EXPECT_EQ(run("arith.divui %a, %b : i32", -7, 2), 2147483644.0);
  EXPECT_EQ(run("arith.maxui %a, %b : i32", -7, 2), -7);
  EXPECT_EQ(run("arith.cmpi slt, %a, %b : i1", 1, 0, "i1", "i1"), 1);
  EXPECT_EQ(run("arith.fptosi %a : f32 to i32", -2.5, 0, "f32"), -2);
  EXPECT_EQ(run("math.floor %a : f32", -2.5, 0, "f32", "f32"), -3);
}

TEST(Scalars, UndecidedAnswersAreKnownAsSuch) {
  Tensor near = tensor({1.0, 1.0}), one = tensor({1.0, 2.0});
  near.needScale();
  near.scale = {1, 1};
  Tensor less = OneOp("%r = arith.cmpf olt, %a, %b : f32", "f32", "i1")(near, one);
  EXPECT_TRUE(std::isinf(less.scale[0]));
  EXPECT_EQ(less.scale[1], 0);
  // A choice between near values is a small error; between integers, an unknown one.
  Tensor chosen = OneOp("%c = arith.cmpf olt, %a, %b : f32\n    %r = arith.select %c, %a, %b : f32")(near, one);
  EXPECT_LT(chosen.scale[0], 2);
  Tensor floor = OneOp("%r = math.floor %a : f32")(near, one);
  EXPECT_TRUE(std::isinf(floor.scale[0]));
  // false and undecided is false.
  Tensor both = OneOp("%c = arith.cmpf olt, %a, %b : f32\n    %d = arith.cmpf ogt, %b, %b : f32\n"
                      "    %r = arith.andi %c, %d : i1",
                      "f32", "i1")(near, one);
  EXPECT_EQ(both.scale[0], 0);
}
