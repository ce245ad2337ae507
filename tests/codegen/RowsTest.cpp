// Equations and recurrences through to machine code, against loops written by hand.
#include "tests/codegen/ProgramRun.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace rondo;

namespace {

std::vector<float> noise(size_t n, unsigned seed) {
  std::vector<float> v(n);
  for (float &x : v)
    x = float(int((seed = seed * 1664525u + 1013904223u) >> 8) % 2001 - 1000) / 1000;
  return v;
}

const char *kMean = R"mlir(
rondo.cell "param" @E : tensor<11x21xf32>
rondo.cell "param" @W : tensor<5x21xf32>
rondo.cell "param" @b : tensor<5xf32>
func.func @classify(%text: tensor<?x?xi32, #rondo.ax<b, t(b)>>) -> tensor<?x5xf32, #rondo.ax<b>> {
  %E = rondo.read @E : tensor<11x21xf32>
  %W = rondo.read @W : tensor<5x21xf32>
  %b = rondo.read @b : tensor<5xf32>
  %s = rondo.contract (i, j | r in t) let (u = %text[i, r]) %E[u, j] : (tensor<11x21xf32>, tensor<?x?xi32, #rondo.ax<b, t(b)>>) -> tensor<?x21xf32, #rondo.ax<b>>
  %m = rondo.map (i, j) %s[i, j] : (tensor<?x21xf32, #rondo.ax<b>>) -> (tensor<?x21xf32, #rondo.ax<b>>) {
  ^bb0(%x: f32):
    %n = rondo.length "t"
    %k = arith.index_cast %n : index to i32
    %f = arith.sitofp %k : i32 to f32
    %q = arith.divf %x, %f : f32
    rondo.yield %q : f32
  }
  %z = rondo.contract (i, j | r in 21) %W[j, r] * %m[i, r] : (tensor<5x21xf32>, tensor<?x21xf32, #rondo.ax<b>>) -> tensor<?x5xf32, #rondo.ax<b>>
  %y = rondo.map (i, j) %z[i, j], %b[j] : (tensor<?x5xf32, #rondo.ax<b>>, tensor<5xf32>) -> (tensor<?x5xf32, #rondo.ax<b>>) {
  ^bb0(%p: f32, %q: f32):
    %r = arith.addf %p, %q : f32
    rondo.yield %r : f32
  }
  return %y : tensor<?x5xf32, #rondo.ax<b>>
}
)mlir";

TEST(Rows, MeanOfEmbeddings) {
  auto E = noise(11 * 21, 1), W = noise(5 * 21, 2), b = noise(5, 3);
  ProgramRun run(kMean, {{"E", E}, {"W", W}, {"b", b}});
  ASSERT_TRUE(run.ok());
  std::vector<int32_t> text{3, 10, 0, 7, 7, 1};
  Batch batch{{{"t", {1, 3, 2}}}, 3, {bitsOf(text)}};
  for (Target target : run.program.targets) {
    auto y = run.call(0, target.level, batch)[0];
    ASSERT_EQ(y.size(), 15u);
    int at = 0;
    for (int e = 0; e < 3; ++e) {
      int n = batch.lengths["t"][e];
      for (int j = 0; j < 5; ++j) {
        double z = b[j];
        for (int r = 0; r < 21; ++r) {
          double m = 0;
          for (int t = 0; t < n; ++t)
            m += E[text[at + t] * 21 + r];
          z += W[j * 21 + r] * m / n;
        }
        EXPECT_NEAR(y[e * 5 + j], z, 1e-5);
      }
      at += n;
    }
  }
}

const char *kElman = R"mlir(
rondo.cell "param" @U : tensor<20x20xf32>
func.func @run(%x: tensor<?x?x20xf32, #rondo.ax<b, t(b)>>, %h0: tensor<?x20xf32, #rondo.ax<b>>) -> (tensor<?x20xf32, #rondo.ax<b>>, tensor<?x?x20xf32, #rondo.ax<b, t(b)>>) {
  %U = rondo.read @U : tensor<20x20xf32>
  %last, %hs = rondo.scan t over (%x at 1) from (%h0) reverse : (tensor<?x?x20xf32, #rondo.ax<b, t(b)>>, tensor<?x20xf32, #rondo.ax<b>>) -> last (tensor<?x20xf32, #rondo.ax<b>>) stack (tensor<?x?x20xf32, #rondo.ax<b, t(b)>> at 1) {
  ^bb0(%xt: tensor<?x20xf32, #rondo.ax<b>>, %hp: tensor<?x20xf32, #rondo.ax<b>>):
    %u = rondo.contract (i, j | r in 20) %U[j, r] * %hp[i, r] : (tensor<20x20xf32>, tensor<?x20xf32, #rondo.ax<b>>) -> tensor<?x20xf32, #rondo.ax<b>>
    %h = rondo.map (i, j) %u[i, j], %xt[i, j] : (tensor<?x20xf32, #rondo.ax<b>>, tensor<?x20xf32, #rondo.ax<b>>) -> (tensor<?x20xf32, #rondo.ax<b>>) {
    ^bb0(%p: f32, %q: f32):
      %s = arith.addf %p, %q : f32
      %r = math.tanh %s : f32
      rondo.yield %r : f32
    }
    rondo.yield %h, %h : tensor<?x20xf32, #rondo.ax<b>>, tensor<?x20xf32, #rondo.ax<b>>
  }
  return %last, %hs : tensor<?x20xf32, #rondo.ax<b>>, tensor<?x?x20xf32, #rondo.ax<b, t(b)>>
}
)mlir";

TEST(Rows, BackwardRecurrence) {
  auto U = noise(400, 5), x = noise(6 * 20, 6), h0 = noise(3 * 20, 7);
  ProgramRun run(kElman, {{"U", U}});
  ASSERT_TRUE(run.ok());
  Batch batch{{{"t", {2, 0, 4}}}, 3, {x, h0}};
  for (Target target : run.program.targets) {
    auto y = run.call(0, target.level, batch);
    int at = 0;
    for (int e = 0; e < 3; ++e) {
      int n = batch.lengths["t"][e];
      std::vector<double> h(h0.begin() + e * 20, h0.begin() + e * 20 + 20);
      for (int t = n - 1; t >= 0; --t) {
        std::vector<double> next(20);
        for (int j = 0; j < 20; ++j) {
          double u = x[(at + t) * 20 + j];
          for (int r = 0; r < 20; ++r)
            u += U[j * 20 + r] * h[r];
          next[j] = std::tanh(u);
        }
        h = next;
        for (int j = 0; j < 20; ++j)
          EXPECT_NEAR(y[1][(at + t) * 20 + j], h[j], 1e-4) << e << " " << t << " " << j;
      }
      for (int j = 0; j < 20; ++j)
        EXPECT_NEAR(y[0][e * 20 + j], h[j], 1e-4);
      at += n;
    }
  }
}

const char *kGuarded = R"mlir(
func.func @run(%x: tensor<?x?x21xf32, #rondo.ax<b, t(b)>>) -> tensor<?x?x21xf32, #rondo.ax<b, t(b)>> {
  %y = rondo.map (i, j, l) %x[i, j, l] where (l >= 3 and l <= j + 9) or (l == 19) : (tensor<?x?x21xf32, #rondo.ax<b, t(b)>>) -> (tensor<?x?x21xf32, #rondo.ax<b, t(b)>>) {
  ^bb0(%p: f32):
    %q = math.exp %p : f32
    rondo.yield %q : f32
  }
  return %y : tensor<?x?x21xf32, #rondo.ax<b, t(b)>>
}
)mlir";

// What a map makes of nothing (here 1) is not kept: an absent term is 0.
TEST(Rows, AbsentTermsOfAMap) {
  auto x = noise(14 * 21, 8);
  ProgramRun run(kGuarded, {});
  ASSERT_TRUE(run.ok());
  Batch batch{{{"t", {13, 1}}}, 2, {x}};
  for (Target target : run.program.targets) {
    auto y = run.call(0, target.level, batch)[0];
    ASSERT_EQ(y.size(), x.size());
    for (int row = 0; row < 14; ++row)
      for (int l = 0, t = row % 13; l < 21; ++l) {
        bool present = (l >= 3 && l <= t + 9) || l == 19;
        EXPECT_NEAR(y[row * 21 + l], present ? std::exp(x[row * 21 + l]) : 0, 1e-5) << row << " " << l;
      }
  }
}

} // namespace
