// Each operation against values worked out by hand.
#include "tests/ir/Run.h"
#include <cmath>
#include <limits>

using namespace rondo;
using namespace rondo::test;

static const double kInf = std::numeric_limits<double>::infinity();

TEST(Contract, Product) {
  Program program(
      R"mlir(func.func @f(%w: tensor<2x3xf32>, %x: tensor<?x3xf32, #rondo.ax<t>>) -> tensor<?x2xf32, #rondo.ax<t>> {
    %y = rondo.contract (i, j | r in 3) %w[j, r] * %x[i, r] : (tensor<2x3xf32>, tensor<?x3xf32, #rondo.ax<t>>) -> tensor<?x2xf32, #rondo.ax<t>>
    return %y : tensor<?x2xf32, #rondo.ax<t>> })mlir");
  Tensor y = program.run({tensor({2, 3}, {1, 2, 3, -4, 5, 6}), tensor({2, 3}, {1, 0, 2, 0, 1, 1})});
  expectNear(y, {7, 8, 5, 11});
  EXPECT_EQ(y.scale[1], 4 + 12); // sum of |terms|
}

TEST(Contract, ManyTermsOfOneSignRoundAlike) {
  Program program(R"mlir(func.func @f(%x: tensor<?xf32, #rondo.ax<t>>) -> tensor<f32> {
    %y = rondo.contract (| r in t) %x[r] : (tensor<?xf32, #rondo.ax<t>>) -> tensor<f32>
    return %y : tensor<f32> })mlir");
  EXPECT_EQ(program.run({tensor(std::vector<double>(8, 1))}).scale[0], 8);
  // From the ninth on each loses an eighth of the sum so far: 8 + (9 + .. + 64) / 8.
  EXPECT_EQ(program.run({tensor(std::vector<double>(64, 1))}).scale[0], 8 + (9 + 64) * 56 / 2 / 8.0);
}

TEST(Contract, GatherShiftAndAbsence) {
  Program program(R"mlir(
  func.func @gather(%e: tensor<4x2xf32>, %text: tensor<?xi32, #rondo.ax<t>>) -> tensor<?x2xf32, #rondo.ax<t>> {
    %y = rondo.contract (i, j) let (u = %text[i + 1]) %e[u, j] : (tensor<4x2xf32>, tensor<?xi32, #rondo.ax<t>>) -> tensor<?x2xf32, #rondo.ax<t>>
    return %y : tensor<?x2xf32, #rondo.ax<t>> }
  func.func @window(%x: tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>> {
    %y = rondo.contract (i | r in 3) %x[i + r - 1] : (tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>>
    return %y : tensor<?xf32, #rondo.ax<t>> }
  func.func @reverse(%x: tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>> {
    %y = rondo.contract (i) let (n = size t) %x[n - 1 - i] : (tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>>
    return %y : tensor<?xf32, #rondo.ax<t>> }
  func.func @evens(%x: tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>> {
    %y = rondo.contract (i) %x[(i floordiv 2) * 2] where (i - (i floordiv 3) * 3 == 0) : (tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>>
    return %y : tensor<?xf32, #rondo.ax<t>> })mlir");
  // The last position reads beyond the text: absent.
  expectNear(program.run({tensor({4, 2}, {0, 1, 2, 3, 4, 5, 6, 7}), tensor({0, 3, 1})}, "gather"), {6, 7, 2, 3, 0, 0});
  expectNear(program.run({tensor({1, 2, 4, 8})}, "window"), {3, 7, 14, 12});
  expectNear(program.run({tensor({1, 2, 4})}, "reverse"), {4, 2, 1});
  expectNear(program.run({tensor({1, 2, 4, 8, 16})}, "evens"), {1, 0, 0, 4, 0});
  EXPECT_EQ(program.run({tensor({0}, {})}, "window").size(), 0);
}

TEST(Contract, ScatterCountAndUnionOfClauses) {
  Program program(R"mlir(
  func.func @scatter(%x: tensor<?xf32, #rondo.ax<t>>, %to: tensor<?xi32, #rondo.ax<t>>) -> tensor<4xf32> {
    %y = rondo.contract (v | r in t) let (u = %to[r]) %x[r] where (u == v) : (tensor<?xf32, #rondo.ax<t>>, tensor<?xi32, #rondo.ax<t>>) -> tensor<4xf32>
    return %y : tensor<4xf32> }
  func.func @count(%x: tensor<?xf32, #rondo.ax<t>>) -> (tensor<i32>, tensor<f32>) {
    %n = rondo.contract (| r in t) let (n = size t) where (r <= n - 2) : () -> tensor<i32>
    %s = rondo.contract (| r in t) %x[r] where (r <= 2) or (r >= 1 and r <= 3) or (r == 5) : (tensor<?xf32, #rondo.ax<t>>) -> tensor<f32>
    return %n, %s : tensor<i32>, tensor<f32> })mlir");
  expectNear(program.run({tensor({1, 2, 4}), tensor({3, 0, 3})}, "scatter"), {2, 0, 0, 5});
  Tensor x = tensor({1, 2, 4, 8, 16, 32, 64});
  expectNear(program.run({x}, "count", 0), {6});
  expectNear(program.run({x}, "count", 1), {1 + 2 + 4 + 8 + 32}); // overlapping clauses count once
}

TEST(Reduce, AllKinds) {
  Program program(R"mlir(func.func @f(%x: tensor<2x?xf32, #rondo.ax<t>>)
      -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xi32>) {
    %a = rondo.reduce max (i | r in t) %x[i, r] where (r >= 1) : (tensor<2x?xf32, #rondo.ax<t>>) -> tensor<2xf32>
    %b = rondo.reduce min (i | r in t) %x[i, r] where (r >= 1) : (tensor<2x?xf32, #rondo.ax<t>>) -> tensor<2xf32>
    %c = rondo.reduce prod (i | r in t) %x[i, r] where (r >= 1) : (tensor<2x?xf32, #rondo.ax<t>>) -> tensor<2xf32>
    %d = rondo.reduce lse (i | r in t) %x[i, r] where (r >= 1) : (tensor<2x?xf32, #rondo.ax<t>>) -> tensor<2xf32>
    %e = rondo.reduce argmax (i | r in t) %x[i, r] where (r >= 1) : (tensor<2x?xf32, #rondo.ax<t>>) -> tensor<2xi32>
    return %a, %b, %c, %d, %e : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xi32> })mlir");
  Tensor x = tensor({2, 4}, {9, 1, 3, 3, 9, -2, 0.5, -4});
  expectNear(program.run({x}, "f", 0), {3, 0.5});
  expectNear(program.run({x}, "f", 1), {1, -4});
  expectNear(program.run({x}, "f", 2), {9, 4});
  expectNear(program.run({x}, "f", 3),
             {std::log(std::exp(1.) + 2 * std::exp(3.)), std::log(std::exp(-2.) + std::exp(0.5) + std::exp(-4.))});
  expectNear(program.run({x}, "f", 4), {2, 2}); // lowest on ties
  Tensor empty = tensor({2, 1}, {5, 6});
  expectNear(program.run({empty}, "f", 0), {-kInf, -kInf});
  expectNear(program.run({empty}, "f", 1), {kInf, kInf});
  expectNear(program.run({empty}, "f", 2), {1, 1});
  expectNear(program.run({empty}, "f", 3), {-kInf, -kInf});
  expectNear(program.run({empty}, "f", 4), {-1, -1});
}

TEST(Softmax, PresentTermsOnly) {
  Program program(R"mlir(func.func @f(%x: tensor<?x?xf32, #rondo.ax<t, t>>) -> tensor<?x?xf32, #rondo.ax<t, t>> {
    %y = rondo.softmax (i, j) over (1) %x[i, j] where (j <= i - 1) : (tensor<?x?xf32, #rondo.ax<t, t>>) -> tensor<?x?xf32, #rondo.ax<t, t>>
    return %y : tensor<?x?xf32, #rondo.ax<t, t>> })mlir");
  double e = std::exp(1.);
  expectNear(program.run({tensor({3, 3}, {7, 7, 7, 7, 7, 7, 1, 2, 7})}),
             {0, 0, 0, 1, 0, 0, 1 / (1 + e), e / (1 + e), 0});
}

TEST(Softmax, OverTheFirstOfTwoDims) {
  Program program(R"mlir(func.func @f(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
    %y = rondo.softmax (i, j) over (0) %x[i, j] : (tensor<2x2xf32>) -> tensor<2x2xf32>
    return %y : tensor<2x2xf32> })mlir");
  double e = std::exp(1.);
  expectNear(program.run({tensor({2, 2}, {0, 3, 1, 3})}), {1 / (1 + e), 0.5, e / (1 + e), 0.5});
}

TEST(Map, RegionIndexLengthAndGuard) {
  Program program(
      R"mlir(func.func @f(%x: tensor<?x2xf32, #rondo.ax<t>>, %c: tensor<2xf32>) -> (tensor<?x2xf32, #rondo.ax<t>>, tensor<?x2xi32, #rondo.ax<t>>) {
    %y, %k = rondo.map (i, j) %x[i, j], %c[j] where (i >= 1) : (tensor<?x2xf32, #rondo.ax<t>>, tensor<2xf32>) -> (tensor<?x2xf32, #rondo.ax<t>>, tensor<?x2xi32, #rondo.ax<t>>) {
    ^bb0(%a: f32, %b: f32):
      %l = math.log %a : f32
      %s = arith.addf %l, %b : f32
      %i = rondo.index 0
      %n = rondo.length "t"
      %d = arith.subi %n, %i : index
      %q = arith.index_cast %d : index to i32
      rondo.yield %s, %q : f32, i32
    }
    return %y, %k : tensor<?x2xf32, #rondo.ax<t>>, tensor<?x2xi32, #rondo.ax<t>> })mlir");
  std::vector<Tensor> inputs = {tensor({3, 2}, {-1, -1, 1, 2, 3, 4}), tensor({10, 20})};
  expectNear(program.run(inputs), {0, 0, 10, 20 + std::log(2), 10 + std::log(3), 20 + std::log(4)});
  expectNear(program.run(inputs, "f", 1), {0, 0, 2, 2, 1, 1});
}

TEST(Concat, AlongStaticDimsAndAxes) {
  Program program(R"mlir(
  func.func @f(%a: tensor<2x1xf32>, %b: tensor<2x2xf32>) -> tensor<2x3xf32> {
    %y = rondo.concat 1, %a, %b : (tensor<2x1xf32>, tensor<2x2xf32>) -> tensor<2x3xf32>
    return %y : tensor<2x3xf32> }
  func.func @g(%a: tensor<2xf32>, %b: tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<"t+2">> {
    %y = rondo.concat 0, %a, %b : (tensor<2xf32>, tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<"t+2">>
    return %y : tensor<?xf32, #rondo.ax<"t+2">> })mlir");
  expectNear(program.run({tensor({2, 1}, {1, 2}), tensor({2, 2}, {3, 4, 5, 6})}), {1, 3, 4, 2, 5, 6});
  expectNear(program.run({tensor({1, 2}), tensor({3, 4, 5})}, "g"), {1, 2, 3, 4, 5});
}

TEST(Kernel, MeansItsInliningAndPackIsPanels) {
  Program program(R"mlir(
  rondo.cell "param" @w : tensor<6x2xf32> init "normal(1)"
  func.func @f() -> (tensor<6x2xf32>, tensor<2x2x16xf32>) {
    %w = rondo.read @w : tensor<6x2xf32>
    %y = rondo.kernel "rows" {} -> tensor<6x2xf32> {
      %v = rondo.fold ["t"] -> tensor<6x2xf32> {
        %d = rondo.detach %w : tensor<6x2xf32>
        rondo.yield %d : tensor<6x2xf32>
      }
      rondo.yield %v : tensor<6x2xf32>
    }
    %p = rondo.pack %y gates 2 : tensor<6x2xf32> -> tensor<2x2x16xf32>
    return %y, %p : tensor<6x2xf32>, tensor<2x2x16xf32> })mlir");
  Tensor w = program.run({}), panels = program.run({}, "f", 1);
  EXPECT_EQ(w.data, program.cells["w"].data);
  for (int gate = 0; gate < 2; ++gate)
    for (int k = 0; k < 2; ++k)
      for (int lane = 0; lane < 16; ++lane)
        EXPECT_EQ(panels.data[(gate * 2 + k) * 16 + lane], lane < 3 ? w.data[(gate * 3 + lane) * 2 + k] : 0);
}

TEST(Cells, InitialValuesAreDeterministicFloats) {
  const char *text = R"mlir(
  rondo.cell "param" @g : tensor<30x20xf32> init "glorot"
  rondo.cell "param" @o : tensor<8x20xf32> init "orthogonal"
  rondo.cell "param" @t : tensor<20x8xf32> init "orthogonal"
  rondo.cell "param" @c : tensor<4xf32> init "1.5")mlir";
  Program program(text), again(text);
  Cells cells = initialCells(*program.module, 7);
  for (const char *name : {"g", "o", "t", "c"})
    EXPECT_EQ(cells[name].data, initialCells(*again.module, 7)[name].data);
  EXPECT_NE(cells["g"].data, initialCells(*again.module, 8)["g"].data);
  for (double value : cells["g"].data) {
    EXPECT_LE(std::fabs(value), std::sqrt(6.0 / 50));
    EXPECT_EQ(value, static_cast<float>(value));
  }
  EXPECT_EQ(cells["c"].data, std::vector<double>(4, 1.5));
  for (auto [name, rows, columns] : {std::tuple("o", 8, 20), std::tuple("t", 20, 8)}) {
    int count = std::min(rows, columns), length = std::max(rows, columns);
    for (int a = 0; a < count; ++a)
      for (int b = 0; b < count; ++b) {
        double product = 0;
        for (int i = 0; i < length; ++i)
          product += cells[name].data[rows < columns ? a * columns + i : i * columns + a] *
                     cells[name].data[rows < columns ? b * columns + i : i * columns + b];
        EXPECT_NEAR(product, a == b, 1e-6);
      }
  }
}

TEST(ErrorScale, PassesThroughScalarsAndFindsTies) {
  Program program(R"mlir(func.func @f(%x: tensor<3x2xf32>) -> (tensor<3xf32>, tensor<3xi32>, tensor<3xf32>) {
    %s = rondo.contract (i | r in 2) %x[i, r] : (tensor<3x2xf32>) -> tensor<3xf32>
    %e = rondo.map (i) %s[i] : (tensor<3xf32>) -> (tensor<3xf32>) {
    ^bb0(%a: f32):
      %b = math.tanh %a : f32
      rondo.yield %b : f32
    }
    %p, %q = rondo.map (i) %s[i] : (tensor<3xf32>) -> (tensor<3xi32>, tensor<3xf32>) {
    ^bb0(%a: f32):
      %z = arith.constant 0.0 : f32
      %c = arith.cmpf ogt, %a, %z : f32
      %i = arith.extui %c : i1 to i32
      %m = arith.maximumf %a, %z : f32
      rondo.yield %i, %m : i32, f32
    }
    return %e, %p, %q : tensor<3xf32>, tensor<3xi32>, tensor<3xf32> })mlir");
  Tensor x = tensor({3, 2}, {100, -100, 1, 1, 50, -51});
  Tensor tanh = program.run({x}, "f", 0), positive = program.run({x}, "f", 1), relu = program.run({x}, "f", 2);
  EXPECT_DOUBLE_EQ(tanh.scale[0], 200); // derivative 1 at 0
  EXPECT_LT(tanh.scale[1], 1.2);        // flat at 2
  EXPECT_EQ(positive.scale[0], kInf);   // 0 plus or minus a rounding: undecided
  EXPECT_EQ(positive.scale[1], 0);
  EXPECT_EQ(positive.scale[2], 0);
  EXPECT_EQ(relu.scale[0], 200);
  EXPECT_EQ(relu.scale[2], 0);
}

// A rank compares each key with all of them: with others of inexact keys it may be undecided, with itself never.
TEST(ErrorScale, ARowLookedUpAtAnUndecidedPlaceIsUndecidedWhole) {
  Program program(R"mlir(
  func.func @f(%x: tensor<2x2xf32>, %y: tensor<2x3xf32>) -> tensor<1x3xf32> {
    %s = rondo.contract (i | r in 2) %x[i, r] : (tensor<2x2xf32>) -> tensor<2xf32>
    %k = rondo.reduce argmax (i | r in 2) %s[r] : (tensor<2xf32>) -> tensor<1xi32>
    %z = rondo.contract (i, j) let (u = %k[i]) %y[u, j] : (tensor<2x3xf32>, tensor<1xi32>) -> tensor<1x3xf32>
    return %z : tensor<1x3xf32> })mlir");
  Tensor rows = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(program.run({tensor({2, 2}, {1, 2, 2, 1}), rows}).scale, (std::vector<double>{kInf, kInf, kInf}));
  EXPECT_EQ(program.run({tensor({2, 2}, {1, 2, 2, 3}), rows}).scaleAt(2), 0);
}

TEST(ErrorScale, AnElementEqualsItself) {
  Program program(R"mlir(
  func.func @f(%x: tensor<3x2xf32>) -> tensor<3x3xi32> {
    %s = rondo.contract (i | r in 2) %x[i, r] : (tensor<3x2xf32>) -> tensor<3xf32>
    %c = rondo.map (i, j) %s[j], %s[i] : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3x3xi32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.cmpf oeq, %a, %b : f32
      %i = arith.extui %0 : i1 to i32
      rondo.yield %i : i32
    }
    return %c : tensor<3x3xi32> })mlir");
  Tensor equal = program.run({tensor({3, 2}, {1, 2, 5, 6, 2, 1})});
  EXPECT_EQ(equal.data, (std::vector<double>{1, 0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(equal.scale, (std::vector<double>{0, 0, kInf, 0, 0, 0, kInf, 0, 0}));
}
