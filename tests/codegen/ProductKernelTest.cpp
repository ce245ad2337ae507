// Product kernels against the general form of the same operations: equal bits, for every number of rows.
#include "tests/codegen/ProgramRun.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace rondo;

namespace {

std::vector<float> noise(size_t n, unsigned seed) {
  std::vector<float> v(n);
  for (float &x : v)
    x = float(int((seed = seed * 1664525u + 1013904223u) >> 8) % 2001 - 1000) / 2000;
  return v;
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  for (size_t at; (at = text.find(from)) != std::string::npos;)
    text.replace(at, from.size(), to);
  return text;
}

// An LSTM with 24 units (one and a half panels) over inputs of 40, its input product outside the scan.
const char *kLstm = R"mlir(
rondo.cell "param" @W : tensor<96x40xf32>
rondo.cell "param" @U : tensor<96x24xf32>
rondo.cell "param" @bias : tensor<96xf32>
func.func @run(%x: tensor<?x?x40xf32, #rondo.ax<b, t(b)>>) -> tensor<?x?x24xf32, #rondo.ax<b, t(b)>> {
  %W = rondo.read @W : tensor<96x40xf32>
  %U = rondo.read @U : tensor<96x24xf32>
  %bias = rondo.read @bias : tensor<96xf32>
  %pw = rondo.pack %W gates 1 : tensor<96x40xf32> -> tensor<6x40x16xf32>
  %pu = rondo.pack %U gates 4 : tensor<96x24xf32> -> tensor<8x24x16xf32>
  %zero = rondo.map (i, j) : () -> (tensor<?x24xf32, #rondo.ax<b>>) {
    %c = arith.constant 0.0 : f32
    rondo.yield %c : f32
  }
  %zx = rondo.kernel "FORM" {gates = 1} -> tensor<?x?x96xf32, #rondo.ax<b, t(b)>> {
    %a = rondo.contract (i, j, l | r in 40) %pw[l floordiv 16, r, l mod 16] * %x[i, j, r] : (tensor<6x40x16xf32>, tensor<?x?x40xf32, #rondo.ax<b, t(b)>>) -> tensor<?x?x96xf32, #rondo.ax<b, t(b)>>
    %y = rondo.map (i, j, l) %a[i, j, l], %bias[l] : (tensor<?x?x96xf32, #rondo.ax<b, t(b)>>, tensor<96xf32>) -> (tensor<?x?x96xf32, #rondo.ax<b, t(b)>>) {
    ^bb0(%p: f32, %q: f32):
      %s = arith.addf %p, %q : f32
      rondo.yield %s : f32
    }
    rondo.yield %y : tensor<?x?x96xf32, #rondo.ax<b, t(b)>>
  }
  %h1, %c1, %hs = rondo.scan t over (%zx at 1) from (%zero, %zero) : (tensor<?x?x96xf32, #rondo.ax<b, t(b)>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>) -> last (tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>) stack (tensor<?x?x24xf32, #rondo.ax<b, t(b)>> at 1) {
  ^bb0(%zt: tensor<?x96xf32, #rondo.ax<b>>, %hp: tensor<?x24xf32, #rondo.ax<b>>, %cp: tensor<?x24xf32, #rondo.ax<b>>):
    %z0 = rondo.contract (i, j) %zt[i, j] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
    %z1 = rondo.contract (i, j) %zt[i, j + 24] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
    %z2 = rondo.contract (i, j) %zt[i, j + 48] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
    %z3 = rondo.contract (i, j) %zt[i, j + 72] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
    %hn, %cn = rondo.kernel "FORM" {gates = 4} -> tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>> {
      %u = rondo.contract (i, j | r in 24) %pu[((j mod 24) floordiv 16) * 4 + j floordiv 24, r, (j mod 24) mod 16] * %hp[i, r] : (tensor<8x24x16xf32>, tensor<?x24xf32, #rondo.ax<b>>) -> tensor<?x96xf32, #rondo.ax<b>>
      %u0 = rondo.contract (i, j) %u[i, j] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
      %u1 = rondo.contract (i, j) %u[i, j + 24] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
      %u2 = rondo.contract (i, j) %u[i, j + 48] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
      %u3 = rondo.contract (i, j) %u[i, j + 72] : (tensor<?x96xf32, #rondo.ax<b>>) -> tensor<?x24xf32, #rondo.ax<b>>
      %h, %c = rondo.map (i, j) %u0[i, j], %u1[i, j], %u2[i, j], %u3[i, j], %z0[i, j], %z1[i, j], %z2[i, j], %z3[i, j], %cp[i, j] : (tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>) -> (tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>) {
      ^bb0(%a0: f32, %a1: f32, %a2: f32, %a3: f32, %b0: f32, %b1: f32, %b2: f32, %b3: f32, %cold: f32):
        %one = arith.constant 1.0 : f32
        %si = arith.addf %a0, %b0 : f32
        %ni = arith.negf %si : f32
        %ei = math.exp %ni : f32
        %di = arith.addf %one, %ei : f32
        %gi = arith.divf %one, %di : f32
        %sf = arith.addf %a1, %b1 : f32
        %nf = arith.negf %sf : f32
        %ef = math.exp %nf : f32
        %df = arith.addf %one, %ef : f32
        %gf = arith.divf %one, %df : f32
        %so = arith.addf %a2, %b2 : f32
        %no = arith.negf %so : f32
        %eo = math.exp %no : f32
        %do = arith.addf %one, %eo : f32
        %go = arith.divf %one, %do : f32
        %sg = arith.addf %a3, %b3 : f32
        %gg = math.tanh %sg : f32
        %fc = arith.mulf %gf, %cold : f32
        %ig = arith.mulf %gi, %gg : f32
        %cnew = arith.addf %fc, %ig : f32
        %tc = math.tanh %cnew : f32
        %hnew = arith.mulf %go, %tc : f32
        rondo.yield %hnew, %cnew : f32, f32
      }
      rondo.yield %h, %c : tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>
    }
    rondo.yield %hn, %cn, %hn : tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>, tensor<?x24xf32, #rondo.ax<b>>
  }
  return %hs : tensor<?x?x24xf32, #rondo.ax<b, t(b)>>
}
)mlir";

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<double> lstm(const std::vector<float> &W, const std::vector<float> &U, const std::vector<float> &bias,
                         const float *x, int n) {
  std::vector<double> h(24), c(24), out;
  for (int t = 0; t < n; ++t) {
    std::vector<double> z(96);
    for (int j = 0; j < 96; ++j) {
      z[j] = bias[j];
      for (int k = 0; k < 40; ++k)
        z[j] += W[j * 40 + k] * x[t * 40 + k];
      for (int k = 0; k < 24; ++k)
        z[j] += U[j * 24 + k] * h[k];
    }
    for (int j = 0; j < 24; ++j) {
      c[j] = sigmoid(z[24 + j]) * c[j] + sigmoid(z[j]) * std::tanh(z[72 + j]);
      h[j] = sigmoid(z[48 + j]) * std::tanh(c[j]);
    }
    out.insert(out.end(), h.begin(), h.end());
  }
  return out;
}

TEST(Product, LstmEqualsItsGeneralFormInBits) {
  auto W = noise(96 * 40, 1), U = noise(96 * 24, 2), bias = noise(96, 3);
  std::map<std::string, std::vector<float>> cells{{"W", W}, {"U", U}, {"bias", bias}};
  ProgramRun fast(replaced(kLstm, "FORM", "product"), cells), general(replaced(kLstm, "FORM", "rows"), cells);
  ASSERT_TRUE(fast.ok() && general.ok());
  for (std::vector<int64_t> lengths :
       {std::vector<int64_t>{1}, {5, 0, 3}, {2, 17, 9, 1, 1, 30, 4}, std::vector<int64_t>(33, 3)}) {
    Batch batch{{{"t", lengths}}, int64_t(lengths.size()), {}};
    int64_t rows = 0;
    for (int64_t n : lengths)
      rows += n;
    auto x = noise(rows * 40, 11);
    batch.inputs = {x};
    for (Target target : fast.program.targets) {
      auto y = fast.call(0, target.level, batch)[0], z = general.call(0, target.level, batch)[0];
      ASSERT_EQ(y.size(), z.size());
      EXPECT_EQ(std::memcmp(y.data(), z.data(), y.size() * 4), 0) << "rows " << rows;
      int64_t at = 0;
      for (int64_t n : lengths) {
        auto expected = lstm(W, U, bias, x.data() + at * 40, n);
        for (size_t i = 0; i < expected.size(); ++i)
          ASSERT_NEAR(y[at * 24 + i], expected[i], 1e-5);
        at += n;
      }
    }
  }
}

// Rows of 4096 bytes, which share a cache set and are therefore multiplied from a copy; read as one dim or as two.
const char *kWide = R"mlir(
rondo.cell "param" @W : tensor<136x1024xf32>
func.func @run(%x: tensor<?x?xSHAPExf32, #rondo.ax<b, t(b)>>) -> tensor<?x?x136xf32, #rondo.ax<b, t(b)>> {
  %W = rondo.read @W : tensor<136x1024xf32>
  %pw = rondo.pack %W gates 1 : tensor<136x1024xf32> -> tensor<9x1024x16xf32>
  %y = rondo.kernel "FORM" {gates = 1} -> tensor<?x?x136xf32, #rondo.ax<b, t(b)>> {
    %a = rondo.contract (i, j, l | REDUCED) %pw[l floordiv 16, KEY, l mod 16] * %x[i, j, INDEX] : (tensor<9x1024x16xf32>, tensor<?x?xSHAPExf32, #rondo.ax<b, t(b)>>) -> tensor<?x?x136xf32, #rondo.ax<b, t(b)>>
    rondo.yield %a : tensor<?x?x136xf32, #rondo.ax<b, t(b)>>
  }
  return %y : tensor<?x?x136xf32, #rondo.ax<b, t(b)>>
}
)mlir";

TEST(Product, RowsAFullPageApartEqualTheGeneralFormInBits) {
  auto W = noise(136 * 1024, 4);
  auto with = [](const char *form, bool two) {
    std::string text = replaced(replaced(kWide, "FORM", form), "SHAPE", two ? "16x64" : "1024");
    text = replaced(replaced(text, "REDUCED", two ? "r in 16, s in 64" : "r in 1024"), "KEY", two ? "r * 64 + s" : "r");
    return replaced(text, "INDEX", two ? "r, s" : "r");
  };
  for (bool two : {false, true}) {
    ProgramRun fast(with("product", two), {{"W", W}}), general(with("rows", two), {{"W", W}});
    ASSERT_TRUE(fast.ok() && general.ok());
    for (std::vector<int64_t> lengths : {std::vector<int64_t>{2}, {5, 0, 4}, {100, 61, 9, 200}}) {
      Batch batch{{{"t", lengths}}, int64_t(lengths.size()), {}};
      int64_t rows = 0;
      for (int64_t n : lengths)
        rows += n;
      batch.inputs = {noise(rows * 1024, 12)};
      for (Target target : fast.program.targets) {
        auto y = fast.call(0, target.level, batch)[0], z = general.call(0, target.level, batch)[0];
        ASSERT_EQ(y.size(), z.size());
        EXPECT_EQ(std::memcmp(y.data(), z.data(), y.size() * 4), 0) << "rows " << rows << " " << target.name().str();
      }
    }
  }
}

} // namespace
