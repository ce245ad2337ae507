// Scans against the same recurrence unrolled by hand, and batched functions against each example alone.
#include "tests/ir/Run.h"
#include <cmath>

using namespace rondo;
using namespace rondo::test;

static const char *kCell = R"mlir(
    %a = rondo.contract (j | r in 3) %w[j, r] * %xt[r] : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2xf32>
    %b = rondo.contract (j | r in 2) %u[j, r] * %hp[r] : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2xf32>
    %h = rondo.map (j) %a[j], %b[j] : (tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>) {
    ^bb0(%p: f32, %q: f32):
      %s = arith.addf %p, %q : f32
      %t = math.tanh %s : f32
      rondo.yield %t : f32
    }
)mlir";

static const std::string kCells = R"mlir(
  rondo.cell "param" @w : tensor<2x3xf32> init "glorot"
  rondo.cell "param" @u : tensor<2x2xf32> init "orthogonal"
  rondo.cell "param" @h0 : tensor<2xf32> init "normal(1)"
)mlir";

static std::string elman(bool reverse) {
  return kCells + R"mlir(
  func.func @f(%x: tensor<?x3xf32, #rondo.ax<t>>) -> (tensor<2xf32>, tensor<2x?xf32, #rondo.ax<t>>, tensor<2xf32>) {
    %w = rondo.read @w : tensor<2x3xf32>
    %u = rondo.read @u : tensor<2x2xf32>
    %h0 = rondo.read @h0 : tensor<2xf32>
    %l, %k, %m = rondo.scan t over (%x) from (%h0) )mlir" +
         std::string(reverse ? "reverse " : "") +
         R"mlir(: (tensor<?x3xf32, #rondo.ax<t>>, tensor<2xf32>) -> last (tensor<2xf32>) stack (tensor<2x?xf32, #rondo.ax<t>>) sum (tensor<2xf32>) {
    ^bb0(%xt: tensor<3xf32>, %hp: tensor<2xf32>):
)mlir" + kCell +
         R"mlir(
      rondo.yield %h, %h, %h : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
    }
    return %l, %k, %m : tensor<2xf32>, tensor<2x?xf32, #rondo.ax<t>>, tensor<2xf32>
  })mlir";
}

/// The recurrence by hand: states after each step, in the order they were made.
static std::vector<std::vector<double>> unrolled(Program &program, const Tensor &x, bool reverse) {
  std::vector<double> h = program.cells["h0"].data;
  const auto &w = program.cells["w"].data, &u = program.cells["u"].data;
  std::vector<std::vector<double>> states;
  for (int64_t n = x.shape[0], i = 0; i < n; ++i) {
    int64_t t = reverse ? n - 1 - i : i;
    std::vector<double> next(2);
    for (int j = 0; j < 2; ++j) {
      double sum = u[j * 2] * h[0] + u[j * 2 + 1] * h[1];
      for (int r = 0; r < 3; ++r)
        sum += w[j * 3 + r] * x.data[t * 3 + r];
      next[j] = std::tanh(sum);
    }
    states.push_back(h = next);
  }
  return states;
}

TEST(Scan, LastStackAndSumEqualTheUnrolledRecurrence) {
  for (bool reverse : {false, true})
    for (int64_t length : {0, 1, 5}) {
      Program program(elman(reverse));
      Tensor x = noise({length, 3}, 3);
      auto states = unrolled(program, x, reverse);
      std::vector<double> stack(2 * length), sum(2, 0.0);
      for (int64_t i = 0; i < length; ++i)
        for (int j = 0; j < 2; ++j) {
          stack[j * length + (reverse ? length - 1 - i : i)] = states[i][j];
          sum[j] += states[i][j];
        }
      expectNear(program.run({x}, "f", 0), length ? states.back() : program.cells["h0"].data);
      expectNear(program.run({x}, "f", 1), stack);
      expectNear(program.run({x}, "f", 2), sum);
    }
}

TEST(Scan, ReadsItsOwnPastBehindBoundaryRows) {
  // h[t] = h[t-1] + h[t-2] + x[t], h[-1] = 10, h[-2] = 1; and the mean of all earlier rows, which stack 1 gives.
  Program program(R"mlir(
  func.func @f(%x: tensor<?xf32, #rondo.ax<t>>, %rows: tensor<2xf32>) -> (tensor<?xf32, #rondo.ax<t>>, tensor<?xf32, #rondo.ax<t>>) {
    %h, %s = rondo.scan t over (%x) from () past (0 with %rows) : (tensor<?xf32, #rondo.ax<t>>, tensor<2xf32>) -> stack (tensor<?xf32, #rondo.ax<t>>, tensor<?xf32, #rondo.ax<t>>) {
    ^bb0(%xt: tensor<f32>, %p: tensor<?xf32, #rondo.ax<"t+2">>):
      %a = rondo.contract () let (k = step t) %p[k + 1] : (tensor<?xf32, #rondo.ax<"t+2">>) -> tensor<f32>
      %b = rondo.contract () let (k = step t) %p[k] : (tensor<?xf32, #rondo.ax<"t+2">>) -> tensor<f32>
      %h = rondo.map () %a[], %b[], %xt[] : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>) {
      ^bb0(%q: f32, %r: f32, %v: f32):
        %c = arith.addf %q, %r : f32
        %d = arith.addf %c, %v : f32
        rondo.yield %d : f32
      }
      %s = rondo.contract (| r in "t+2") let (k = step t) %p[r] where (r <= k + 1) : (tensor<?xf32, #rondo.ax<"t+2">>) -> tensor<f32>
      rondo.yield %h, %s : tensor<f32>, tensor<f32>
    }
    return %h, %s : tensor<?xf32, #rondo.ax<t>>, tensor<?xf32, #rondo.ax<t>>
  })mlir");
  std::vector<Tensor> inputs = {tensor({1, 0, 0, 5}), tensor({1, 10})};
  expectNear(program.run(inputs, "f", 0), {12, 22, 34, 61});
  expectNear(program.run(inputs, "f", 1), {11, 23, 45, 79});
}

/// One program per example and the same batched, as `batch` would write it.
static const std::string kAlone = kCells + R"mlir(
  func.func @f(%x: tensor<?x3xf32, #rondo.ax<t>>, %y: tensor<?x2xf32, #rondo.ax<s>>, %text: tensor<?xi32, #rondo.ax<t>>)
      -> (tensor<?x2xf32, #rondo.ax<t>>, tensor<2xf32>, tensor<?x2xf32, #rondo.ax<"s+t">>, tensor<f32>, tensor<?xi32, #rondo.ax<t>>) {
    %w = rondo.read @w : tensor<2x3xf32>
    %u = rondo.read @u : tensor<2x2xf32>
    %h0 = rondo.read @h0 : tensor<2xf32>
    %l, %k = rondo.scan t over (%x) from (%h0) reverse : (tensor<?x3xf32, #rondo.ax<t>>, tensor<2xf32>) -> last (tensor<2xf32>) stack (tensor<?x2xf32, #rondo.ax<t>>) {
    ^bb0(%xt: tensor<3xf32>, %hp: tensor<2xf32>):
)mlir" + kCell + R"mlir(
      rondo.yield %h, %h : tensor<2xf32>, tensor<2xf32>
    }
    %e = rondo.contract (i, j | r in 2) %k[i, r] * %y[j, r] : (tensor<?x2xf32, #rondo.ax<t>>, tensor<?x2xf32, #rondo.ax<s>>) -> tensor<?x?xf32, #rondo.ax<t, s>>
    %p = rondo.softmax (i, j) over (1) let (n = size s) %e[i, j] where (j <= i) or (j == n - 1) : (tensor<?x?xf32, #rondo.ax<t, s>>) -> tensor<?x?xf32, #rondo.ax<t, s>>
    %o = rondo.contract (i, j | r in s) %p[i, r] * %y[r, j] : (tensor<?x?xf32, #rondo.ax<t, s>>, tensor<?x2xf32, #rondo.ax<s>>) -> tensor<?x2xf32, #rondo.ax<t>>
    %c = rondo.concat 0, %y, %o : (tensor<?x2xf32, #rondo.ax<s>>, tensor<?x2xf32, #rondo.ax<t>>) -> tensor<?x2xf32, #rondo.ax<"s+t">>
    %g = rondo.contract (| r in t) let (n = size t, u = %text[r + 1]) %o[r, u] where (r <= n - 2) : (tensor<?x2xf32, #rondo.ax<t>>, tensor<?xi32, #rondo.ax<t>>) -> tensor<f32>
    %m = rondo.reduce argmax (i | r in s) %p[i, r] : (tensor<?x?xf32, #rondo.ax<t, s>>) -> tensor<?xi32, #rondo.ax<t>>
    return %o, %l, %c, %g, %m : tensor<?x2xf32, #rondo.ax<t>>, tensor<2xf32>, tensor<?x2xf32, #rondo.ax<"s+t">>, tensor<f32>, tensor<?xi32, #rondo.ax<t>>
  })mlir";

static const std::string kBatched = kCells + R"mlir(
  !bt2 = tensor<?x?x2xf32, #rondo.ax<b, t(b)>>
  !bs2 = tensor<?x?x2xf32, #rondo.ax<b, s(b)>>
  !bts = tensor<?x?x?xf32, #rondo.ax<b, t(b), s(b)>>
  !b2 = tensor<?x2xf32, #rondo.ax<b>>
  !bti = tensor<?x?xi32, #rondo.ax<b, t(b)>>
  func.func @f(%x: tensor<?x?x3xf32, #rondo.ax<b, t(b)>>, %y: !bs2, %text: !bti)
      -> (!bt2, !b2, tensor<?x?x2xf32, #rondo.ax<b, "s+t"(b)>>, tensor<?xf32, #rondo.ax<b>>, !bti) {
    %w = rondo.read @w : tensor<2x3xf32>
    %u = rondo.read @u : tensor<2x2xf32>
    %h0 = rondo.read @h0 : tensor<2xf32>
    %h0b = rondo.contract (b, j) %h0[j] : (tensor<2xf32>) -> !b2
    %l, %k = rondo.scan t over (%x at 1) from (%h0b) reverse : (tensor<?x?x3xf32, #rondo.ax<b, t(b)>>, !b2) -> last (!b2) stack (!bt2 at 1) {
    ^bb0(%xt: tensor<?x3xf32, #rondo.ax<b>>, %hp: !b2):
      %a = rondo.contract (b, j | r in 3) %w[j, r] * %xt[b, r] : (tensor<2x3xf32>, tensor<?x3xf32, #rondo.ax<b>>) -> !b2
      %c0 = rondo.contract (b, j | r in 2) %u[j, r] * %hp[b, r] : (tensor<2x2xf32>, !b2) -> !b2
      %h = rondo.map (b, j) %a[b, j], %c0[b, j] : (!b2, !b2) -> (!b2) {
      ^bb0(%p: f32, %q: f32):
        %s = arith.addf %p, %q : f32
        %t = math.tanh %s : f32
        rondo.yield %t : f32
      }
      rondo.yield %h, %h : !b2, !b2
    }
    %e = rondo.contract (b, i, j | r in 2) %k[b, i, r] * %y[b, j, r] : (!bt2, !bs2) -> !bts
    %p = rondo.softmax (b, i, j) over (2) let (n = size s) %e[b, i, j] where (j <= i) or (j == n - 1) : (!bts) -> !bts
    %o = rondo.contract (b, i, j | r in s) %p[b, i, r] * %y[b, r, j] : (!bts, !bs2) -> !bt2
    %c = rondo.concat 1, %y, %o : (!bs2, !bt2) -> tensor<?x?x2xf32, #rondo.ax<b, "s+t"(b)>>
    %g = rondo.contract (b | r in t) let (n = size t, u = %text[b, r + 1]) %o[b, r, u] where (r <= n - 2) : (!bt2, !bti) -> tensor<?xf32, #rondo.ax<b>>
    %m = rondo.reduce argmax (b, i | r in s) %p[b, i, r] : (!bts) -> !bti
    return %o, %l, %c, %g, %m : !bt2, !b2, tensor<?x?x2xf32, #rondo.ax<b, "s+t"(b)>>, tensor<?xf32, #rondo.ax<b>>, !bti
  })mlir";

TEST(Batched, EqualsEachExampleAlone) {
  Program alone(kAlone), batched(kBatched);
  std::vector<Example> examples;
  unsigned seed = 0;
  for (auto [t, s] : {std::pair<int64_t, int64_t>(3, 2), {1, 5}, {0, 3}, {4, 0}, {7, 7}}) {
    Example &example = examples.emplace_back();
    example.inputs = {noise({t, 3}, ++seed), noise({s, 2}, ++seed), Tensor::full({t}, 0)};
    for (int64_t i = 0; i < t; ++i)
      example.inputs[2].data[i] = (i + seed) % 2;
  }
  for (size_t count = 0; count <= examples.size(); ++count) {
    auto some = llvm::ArrayRef(examples).take_front(count);
    auto together = batched.run("f", some), each = alone.run("f", some);
    ASSERT_EQ(together.size(), count);
    ASSERT_EQ(each.size(), count);
    for (size_t i = 0; i < count; ++i)
      for (size_t r = 0; r < 5; ++r) {
        EXPECT_EQ(llvm::ArrayRef(together[i][r].shape), llvm::ArrayRef(each[i][r].shape));
        expectNear(together[i][r], each[i][r].data, 1e-14);
        for (int64_t k = 0; k < each[i][r].size(); ++k)
          EXPECT_NEAR(together[i][r].scaleAt(k), each[i][r].scaleAt(k), 1e-9);
      }
  }
}

TEST(Batched, SumOverExamplesSeesTheLivingOnly) {
  // sum over t and over the examples that still live: a weight gradient in small.
  Program program(R"mlir(
  func.func @f(%x: tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> tensor<f32> {
    %s = rondo.scan t over (%x at 1) from () : (tensor<?x?xf32, #rondo.ax<b, t(b)>>) -> sum (tensor<f32>) {
    ^bb0(%xt: tensor<?xf32, #rondo.ax<b>>):
      %y = rondo.contract (| r in b) %xt[r] : (tensor<?xf32, #rondo.ax<b>>) -> tensor<f32>
      rondo.yield %y : tensor<f32>
    }
    return %s : tensor<f32>
  })mlir");
  std::vector<Example> examples(2);
  examples[0].inputs = {tensor({1, 2, 4})};
  examples[1].inputs = {tensor(std::vector<double>{8})};
  expectNear(program.run("f", examples)[1][0], {15});
}
