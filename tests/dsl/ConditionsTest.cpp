// Conditions, boundaries, reductions: compiled, interpreted, compared with loops.
#include "Compiled.h"

using namespace rondo;
using namespace rondo::test;

TEST(Conditions, CrossEntropyOverShiftedTokens) {
  Compiled c(R"(model M(V = vocab(5)) {
  param W : [V, V]
  fn loss(text: token(V)[T]) -> [] {
    z[t,v] = W[text[t], v]
    return sum(t | t < T - 1) cross_entropy(z[t], text[t+1])
  }
  export loss
}
)");
  ASSERT_TRUE(c.ok());
  std::vector<double> text = {1, 4, 0, 2};
  double expected = 0;
  for (int t = 0; t < 3; ++t) {
    double sum = 0;
    for (int v = 0; v < 5; ++v)
      sum += std::exp(c.at("W", {int64_t(text[t]), v}));
    expected += std::log(sum) - c.at("W", {int64_t(text[t]), int64_t(text[t + 1])});
  }
  expectEach(c.run("loss", {tokens(text)})[0], [&](auto) { return expected; });
  expectEach(c.run("loss", {tokens({3})})[0], [&](auto) { return 0.0; });
}

TEST(Conditions, BoundariesOfInputsAndConvolution) {
  Compiled c(model(R"(  param W : [2, 3, 2]
  fn f(x: [T, 2]) -> [T, 2] {
    return h[t in T,i] = sum(k in 3, e) W[i,k,e] * x[t-k,e]   where x[_] = 0
  }
  fn g(x: [T]) -> [T] {
    return y[t] = x[t-1] + x[t+1]   where x[-1] = 7, x[T] = x[0]
  }
  export f
  export g
)"));
  ASSERT_TRUE(c.ok());
  Tensor x = random({5, 2}), v = random({4}, 3);
  expectEach(c.run("f", {x})[0], [&](auto at) {
    double y = 0;
    for (int k = 0; k < 3; ++k)
      for (int e = 0; e < 2; ++e)
        if (at[0] - k >= 0)
          y += c.at("W", {at[1], k, e}) * x.data[(at[0] - k) * 2 + e];
    return y;
  });
  expectEach(c.run("g", {v})[0],
             [&](auto at) { return (at[0] ? v.data[at[0] - 1] : 7) + (at[0] < 3 ? v.data[at[0] + 1] : v.data[0]); });
}

TEST(Conditions, GuardsNarrowTokens) {
  Compiled c(R"(model M(A = vocab(4, unk = 1), X = 3) {
  param W : [A, 2]
  param P : [X, 2]
  fn f(src: token(A + X)[S]) -> [S, 2] {
    return y[s] = if src[s] < A then W[src[s]] else W[A.unk] + P[src[s] - A]
  }
  fn copy(src: token(A + X)[S], a: [S]) -> [A + X] {
    return p[v in A + X] = (if v < A then W[v, 0] else 0) + sum(s | src[s] == v) a[s]
  }
  export f
  export copy
}
)");
  ASSERT_TRUE(c.ok());
  std::vector<double> src = {0, 6, 3, 4, 6};
  expectEach(c.run("f", {tokens(src)})[0], [&](auto at) {
    int n = src[at[0]];
    return n < 4 ? c.at("W", {n, at[1]}) : c.at("W", {1, at[1]}) + c.at("P", {n - 4, at[1]});
  });
  Tensor a = random({5}, 8);
  expectEach(c.run("copy", {tokens(src), a})[0], [&](auto at) {
    double y = at[0] < 4 ? c.at("W", {at[0], 0}) : 0;
    for (int s = 0; s < 5; ++s)
      if (src[s] == at[0])
        y += a.data[s];
    return y;
  });
}

TEST(Conditions, GuardsKeepTheirFunctions) {
  Compiled c(model(R"(  fn f(x: [T]) -> [T] {
    return y[t] = if x[t] > 0 then log(x[t]) else x[t]
  }
  fn g(x: [T]) -> [] = sum(t | x[t] > 0) log(x[t])
  export f
  export g
)"));
  ASSERT_TRUE(c.ok());
  EXPECT_NE(c.text().find("where"), std::string::npos); // the guard stays with the logarithm
  Tensor x = random({7});
  double sum = 0;
  for (double v : x.data)
    sum += v > 0 ? std::log(v) : 0;
  expectEach(c.run("f", {x})[0], [&](auto at) { return x.data[at[0]] > 0 ? std::log(x.data[at[0]]) : x.data[at[0]]; });
  expectEach(c.run("g", {x})[0], [&](auto) { return sum; });
}

TEST(Conditions, PredicatesOverDataAndLengths) {
  Compiled c(R"(model M(B = 3) {
  fn f(bucket: token(B)[T], x: [T]) -> [T] {
    a[t,s] = softmax(s | bucket[s] == bucket[t] or abs(s - t) <= 1 and s + 1 != T) x[t] * x[s]
    return y[t] = sum(s) a[t,s] * x[s]
  }
  fn chosen(keep: bool[T], x: [T]) -> ([], int) {
    return sum(t | keep[t]) x[t], count(t | not keep[t])
  }
  export f
  export chosen
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({6});
  std::vector<double> b = {0, 1, 0, 2, 2, 1};
  expectEach(c.run("f", {tokens(b), x})[0], [&](auto at) {
    int t = at[0];
    double total = 0, sum = 0;
    for (int s = 0; s < 6; ++s)
      if (b[s] == b[t] || (std::abs(s - t) <= 1 && s + 1 != 6)) {
        total += std::exp(x.data[t] * x.data[s]);
        sum += std::exp(x.data[t] * x.data[s]) * x.data[s];
      }
    return sum / total;
  });
  auto got = c.run("chosen", {tokens({1, 0, 0, 1, 1, 0}), x});
  EXPECT_NEAR(got[0].data[0], x.data[0] + x.data[3] + x.data[4], 1e-6);
  EXPECT_EQ(got[1].data[0], 3);
}

TEST(Conditions, Reductions) {
  Compiled c(model(R"(  fn f(x: [T, 3]) -> ([T], [T], int[T], [T], []) {
    a[t] = max(e) x[t,e]
    b[t] = logsumexp(e) x[t,e]
    c[t] = argmax(e) x[t,e]
    d[t in T] = mean(s | s < t) x[s,0]
    return a, b, c, d, prod(t | t < 3) x[t,1]
  }
  fn q(x: [T]) -> (int, int) {
    big[t] = x[t] > 0.9
    return (if any(t | big[t]) then 1 else 0), (if all(t | x[t] < 1) then 1 else 0)
  }
  export f
  export q
)"));
  ASSERT_TRUE(c.ok());
  Tensor x = random({4, 3});
  auto r = c.run("f", {x});
  auto at = [&](int t, int e) { return x.data[t * 3 + e]; };
  for (int t = 0; t < 4; ++t) {
    double m = std::max({at(t, 0), at(t, 1), at(t, 2)}), mean = 0;
    EXPECT_NEAR(r[0].data[t], m, 1e-6);
    EXPECT_NEAR(r[1].data[t], std::log(std::exp(at(t, 0)) + std::exp(at(t, 1)) + std::exp(at(t, 2))), 1e-6);
    EXPECT_EQ(at(t, int(r[2].data[t])), m);
    for (int s = 0; s < t; ++s)
      mean += at(s, 0) / t;
    EXPECT_NEAR(r[3].data[t], mean, 1e-6);
  }
  EXPECT_NEAR(r[4].data[0], at(0, 1) * at(1, 1) * at(2, 1), 1e-6);
  auto q = c.run("q", {random({3}, 2)});
  EXPECT_EQ(q[1].data[0], 1);
}

TEST(Conditions, WhatDoesNotDependOnAnAxisStillEndsWithIt) {
  // b[e] as rows over t, the one piece of a loop, and an argument of either kind: outside there is nothing.
  Compiled c(R"(fn before(x: [T, E]) -> [T, E] {
  return y[t] = x[t-1]   where x[_] = 0
}
model M(E = 3) {
  param b : [E] = 1
  fn argument(n: [T, E]) -> [T, E] {
    c[t in T, e] = b[e]
    return before(c)
  }
  fn own(n: [T, E]) -> [T, E] {
    c[t in T, e] = b[e]
    return y[t in T, e] = c[t-1, e]   where c[_] = 0
  }
  fn piece(n: [E]) -> [1, E] {
    for u in 1 { c[u] = n }
    return y[u in 1, e] = sum(k in 3) (k + 1) * c[u + k - 1, e]   where c[_] = 0
  }
  fn pieces(n: [E]) -> [2, E] {
    for u in 2 { c[u] = (u + 1) * n }
    return y[u in 2, e] = sum(k in 3) (k + 1) * c[u + k - 1, e]   where c[_] = 0
  }
  export argument
  export own
  export piece
  export pieces
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({4, 3}), n = random({3});
  for (const char *fn : {"argument", "own"})
    expectEach(c.run(fn, {x})[0], [&](auto at) { return at[0] ? c.at("b", {at[1]}) : 0; });
  expectEach(c.run("piece", {n})[0], [&](auto at) { return 2 * n.data[at[1]]; });
  expectEach(c.run("pieces", {n})[0], [&](auto at) { return (at[0] ? 1 + 2 * 2 : 2 + 3 * 2) * n.data[at[1]]; });
}

TEST(Conditions, WhatCannotBeLoweredLeavesItsExportOut) {
  Compilation c("test.rondo", R"(model M() {
  fn f(x: [T]) -> [T] = x
  fn g(x: [T]) -> [] {
    y ~ normal(0, 1)
    return y
  }
  export f
  export g
}
)");
  const CheckResult &result = c.check();
  EXPECT_TRUE(result.ok);
  ASSERT_EQ(result.exports.size(), 2u);
  EXPECT_TRUE(result.exports[0].built);
  EXPECT_FALSE(result.exports[1].built);
  EXPECT_EQ(result.exports[1].reasonRange.line(), 4u);
  mlir::MLIRContext context;
  auto module = c.lower(context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(module->lookupSymbol("f"));
  EXPECT_FALSE(module->lookupSymbol("g"));
}
