// One test for each feature of the language: compiled, interpreted, compared with loops.
#include "Compiled.h"

using namespace rondo;
using namespace rondo::test;

static std::string model(std::string body) { return "model M() {\n" + body + "}\n"; }

TEST(Features, CausalAttentionThroughTwoCalls) {
  Compiled c(R"(layer block(E, N) {
  att = mha(E, N)
  fn (x: [T, E], allow: bool[T, T]) -> [T, E] = att(x, x, allow)
}
model M(E = 4, N = 2, W = 3) {
  b = block(E, N)
  fn full(x: [T, E]) -> [T, E] = b(x, true)
  fn windowed(x: [T, E]) -> [T, E] {
    past[t in T, s in T] = t - W < s <= t
    return b(x, past)
  }
  export full
  export windowed
}
)");
  ASSERT_TRUE(c.ok());
  // The mask is a predicate: no i1 tensor anywhere.
  EXPECT_EQ(c.text().find("xi1"), std::string::npos);
  const int T = 6, E = 4, N = 2, D = 2;
  Tensor x = random({T, E});
  for (bool window : {false, true}) {
    auto head = [&](std::string w, int t, int h, int i) {
      double v = c.at("b.att.b" + w, {h, i});
      for (int e = 0; e < E; ++e)
        v += c.at("b.att.W" + w, {h, i, e}) * x.data[t * E + e];
      return v;
    };
    std::vector<double> y(T * N * D, 0);
    for (int t = 0; t < T; ++t)
      for (int h = 0; h < N; ++h) {
        double total = 0;
        std::vector<double> p(T, 0);
        for (int s = 0; s < T; ++s) {
          if (window && !(t - 3 < s && s <= t))
            continue;
          double score = 0;
          for (int i = 0; i < D; ++i)
            score += head("q", t, h, i) * head("k", s, h, i) / std::sqrt(double(D));
          total += p[s] = std::exp(score);
        }
        for (int s = 0; s < T; ++s)
          for (int i = 0; i < D; ++i)
            y[(t * N + h) * D + i] += p[s] / total * head("v", s, h, i);
      }
    expectEach(c.run(window ? "windowed" : "full", {x})[0], [&](auto at) {
      double v = c.at("b.att.bo", {at[1]});
      for (int h = 0; h < N; ++h)
        for (int i = 0; i < D; ++i)
          v += c.at("b.att.Wo", {at[1], h, i}) * y[(at[0] * N + h) * D + i];
      return v;
    });
  }
}

TEST(Features, CrossEntropyOverShiftedTokens) {
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

TEST(Features, BoundariesOfInputsAndConvolution) {
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

TEST(Features, LiftingOverOneAndTwoAxes) {
  Compiled c(R"(model M(E = 3, F = 2) {
  out, norm, rnn = linear(E, F), layer_norm(E), elman(E, F)
  fn f(x: [T, 4, E]) -> [T, 4, F] = out(norm(x))
  fn r(x: [4, T, E]) -> [4, T, F] = rnn(x)
  export f
  export r
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({2, 4, 3});
  expectEach(c.run("f", {x})[0], [&](auto at) {
    const double *row = &x.data[(at[0] * 4 + at[1]) * 3];
    double m = (row[0] + row[1] + row[2]) / 3, v = 0, y = c.at("out.b", {at[2]});
    for (int e = 0; e < 3; ++e)
      v += (row[e] - m) * (row[e] - m) / 3;
    for (int e = 0; e < 3; ++e)
      y += c.at("out.W", {at[2], e}) * ((row[e] - m) / std::sqrt(v + 1e-5) * c.at("norm.g", {e}) + c.at("norm.b", {e}));
    return y;
  });
  Tensor z = random({4, 3, 3}, 4);
  std::vector<double> h(4 * 4 * 2, 0); // [n, t + 1, f]
  for (int n = 0; n < 4; ++n)
    for (int t = 0; t < 3; ++t)
      for (int i = 0; i < 2; ++i) {
        double s = c.at("rnn.b", {i});
        for (int e = 0; e < 3; ++e)
          s += c.at("rnn.W", {i, e}) * z.data[(n * 3 + t) * 3 + e];
        for (int j = 0; j < 2; ++j)
          s += c.at("rnn.U", {i, j}) * h[(n * 4 + t) * 2 + j];
        h[(n * 4 + t + 1) * 2 + i] = std::tanh(s);
      }
  expectEach(c.run("r", {z})[0], [&](auto at) { return h[(at[0] * 4 + at[1] + 1) * 2 + at[2]]; });
}

TEST(Features, GuardsNarrowTokens) {
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

TEST(Features, GuardsKeepTheirFunctions) {
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

TEST(Features, PredicatesOverDataAndLengths) {
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

TEST(Features, Reductions) {
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

TEST(Features, LearnedAndSinusoidalPositions) {
  Compiled c(R"(model M(M = 8, E = 4) {
  place, waves = learned_positions(M, E), sinusoidal_positions(E)
  fn f(x: [T <= M, E]) -> [T, E] = place(x)
  fn g(x: [T, E]) -> [T, E] = waves(x)
  export f
  export g
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({5, 4});
  expectEach(c.run("f", {x})[0], [&](auto at) { return x.data[at[0] * 4 + at[1]] + c.at("place.P", {at[0], at[1]}); });
  expectEach(c.run("g", {x})[0], [&](auto at) {
    double t = at[0], e = at[1];
    return x.data[at[0] * 4 + at[1]] +
           (at[1] % 2 == 0 ? std::sin(t / std::pow(10000, e / 4)) : std::cos(t / std::pow(10000, (e - 1) / 4)));
  });
}

TEST(Features, LinearAttentionAsThePaperStatesIt) {
  Compiled c(model(R"(  fn f(q: [T, 2], k: [T, 2], v: [T, 3]) -> [T, 3] {
    a[t,s] = sum(r) exp(q[t,r]) * exp(k[s,r])
    return y[t,i] = (sum(s | s <= t) a[t,s] * v[s,i]) / (sum(s | s <= t) a[t,s])
  }
  export f
)"));
  ASSERT_TRUE(c.ok());
  Tensor q = random({4, 2}), k = random({4, 2}, 2), v = random({4, 3}, 3);
  expectEach(c.run("f", {q, k, v})[0], [&](auto at) {
    double n = 0, d = 0;
    for (int s = 0; s <= at[0]; ++s) {
      double a = 0;
      for (int r = 0; r < 2; ++r)
        a += std::exp(q.data[at[0] * 2 + r]) * std::exp(k.data[s * 2 + r]);
      n += a * v.data[s * 3 + at[1]];
      d += a;
    }
    return n / d;
  });
}

TEST(Features, StackedCellsInsideARecurrence) {
  // Pieces over a loop's constant, a state with a static axis, a whole stack as one recurrence.
  Compiled c(R"(model M(H = 2, L = 2) {
  cell = [elman(H, H) for l in L]
  fn deep(x: [H], h: [L, H]) -> [L, H] {
    y = x
    for l in L {
      new[l] = cell[l].step(y, h[l])
      y = new[l]
    }
    return new
  }
  fn f(x: [T, H]) -> [T, H] {
    h[t] = deep(x[t], h[t-1])   where h[-1] = 0
    return z[t,e] = h[t, L-1, e]
  }
  export f
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({4, 2});
  double h[2][2] = {};
  std::vector<double> expected;
  for (int t = 0; t < 4; ++t) {
    std::vector<double> y(x.data.begin() + t * 2, x.data.begin() + t * 2 + 2);
    for (int l = 0; l < 2; ++l) {
      std::string p = "cell." + std::to_string(l) + ".";
      std::vector<double> next(2);
      for (int i = 0; i < 2; ++i) {
        double s = c.at(p + "b", {i});
        for (int j = 0; j < 2; ++j)
          s += c.at(p + "W", {i, j}) * y[j] + c.at(p + "U", {i, j}) * h[l][j];
        next[i] = std::tanh(s);
      }
      h[l][0] = next[0], h[l][1] = next[1];
      y = next;
    }
    expected.insert(expected.end(), y.begin(), y.end());
  }
  expectEach(c.run("f", {x})[0], [&](auto at) { return expected[at[0] * 2 + at[1]]; });
}

TEST(Features, FedByItsOwnChoices) {
  Compiled c(R"(model M(V = vocab(4), H = 3) {
  embed, cell, out = embedding(V, H), elman(H, H), linear(H, V)
  fn free(gold: token(V)[T]) -> [T, V] {
    fed[t] = if t == 0 then gold[t] else (argmax(v) z[t-1,v])
    h[t] = cell.step(embed(fed[t]), h[t-1])   where h[-1] = 0
    return z[t] = out(h[t])
  }
  export free
}
)");
  ASSERT_TRUE(c.ok());
  std::vector<double> h(3, 0), z(4);
  int fed = 2;
  std::vector<double> expected;
  for (int t = 0; t < 5; ++t) {
    std::vector<double> next(3);
    for (int i = 0; i < 3; ++i) {
      double s = c.at("cell.b", {i});
      for (int j = 0; j < 3; ++j)
        s += c.at("cell.W", {i, j}) * c.at("embed.W", {fed, j}) + c.at("cell.U", {i, j}) * h[j];
      next[i] = std::tanh(s);
    }
    h = next;
    for (int v = 0; v < 4; ++v) {
      z[v] = c.at("out.b", {v});
      for (int j = 0; j < 3; ++j)
        z[v] += c.at("out.W", {v, j}) * h[j];
    }
    fed = std::max_element(z.begin(), z.end()) - z.begin();
    expected.insert(expected.end(), z.begin(), z.end());
  }
  expectEach(c.run("free", {tokens({2, 0, 0, 0, 0})})[0], [&](auto at) { return expected[at[0] * 4 + at[1]]; });
}

TEST(Features, SeveralSequenceAxesAndImages) {
  Compiled c(model(R"(  fn f(q: [Y, X, 2], bias: [5, 5]) -> [Y, X, 2] {
    e[y,x,b in Y,c in X] = (sum(i) q[y,x,i] * q[b,c,i]) + bias[clamp(b - y + 2, 5), clamp(c - x + 2, 5)]
    a[y,x,b,c] = softmax(b, c | abs(b - y) <= 2 and abs(c - x) <= 1) e[y,x,b,c]
    return o[y,x,i] = sum(b, c) a[y,x,b,c] * q[b,c,i]
  }
  export f
)"));
  ASSERT_TRUE(c.ok());
  const int Y = 4, X = 3;
  Tensor q = random({Y, X, 2}), bias = random({5, 5}, 3);
  expectEach(c.run("f", {q, bias})[0], [&](auto at) {
    double total = 0, sum = 0;
    for (int b = 0; b < Y; ++b)
      for (int d = 0; d < X; ++d) {
        if (std::abs(b - at[0]) > 2 || std::abs(d - at[1]) > 1)
          continue;
        double e = bias.data[(b - at[0] + 2) * 5 + std::clamp<int>(d - at[1] + 2, 0, 4)];
        for (int i = 0; i < 2; ++i)
          e += q.data[(at[0] * X + at[1]) * 2 + i] * q.data[(b * X + d) * 2 + i];
        total += std::exp(e);
        sum += std::exp(e) * q.data[(b * X + d) * 2 + at[2]];
      }
    return sum / total;
  });
}

TEST(Features, AConstantEncoderInsideARecurrence) {
  // What a call inside a step computes from nothing of the step is computed once.
  Compiled c(R"(model M(E = 2) {
  rnn = elman(E, E)
  fn code(m: [S, E]) -> [E] = rnn(m)[S-1]
  fn f(m: [S, E], x: [T, E]) -> [T, E] {
    h[t] = tanh(x[t] + h[t-1] * code(m))   where h[-1] = 0
    return h
  }
  export f
}
)");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c.count<ScanOp>(), 2u);
  bool nested = false;
  c.module->walk([&](ScanOp scan) { nested |= bool(scan->getParentOfType<ScanOp>()); });
  EXPECT_FALSE(nested);
}

TEST(Features, ARecurrenceInsideAStep) {
  // The inner one runs along another axis and starts from the outer state.
  Compiled c(R"(model M() {
  fn f(m: [S], x: [T]) -> [T] {
    g[t,s] = tanh(m[s] + g[t,s-1] + h[t-1])   where g[_,-1] = 0
    h[t] = x[t] + g[t,S-1]   where h[-1] = 0
    return h
  }
  export f
}
)");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c.count<ScanOp>(), 2u);
  Tensor m = random({3}), x = random({4}, 2);
  double h = 0;
  std::vector<double> expected;
  for (int t = 0; t < 4; ++t) {
    double g = 0;
    for (int s = 0; s < 3; ++s)
      g = std::tanh(m.data[s] + g + h);
    h = x.data[t] + g;
    expected.push_back(h);
  }
  expectEach(c.run("f", {m, x})[0], [&](auto at) { return expected[at[0]]; });
}

TEST(Features, AWholeDecoderFedByItsOwnChoices) {
  // Self-attention up to and including the step, inside a recurrence through its own output.
  Compiled c(R"(layer block(E) {
  att, norm = mha(E, 2), layer_norm(E)
  fn (x: [T, E], allow: bool[T, T]) -> [T, E] = norm(x + att(x, x, allow))
}
model M(V = vocab(5), E = 4) {
  embed, one, two, out = embedding(V, E), block(E), block(E), linear(E, V)
  fn logits(fed: token(V)[T]) -> [T, V] {
    past[t in T, s in T] = s <= t
    return out(two(one(embed(fed), past), past))
  }
  fn free(gold: token(V)[T]) -> ([T, V], token(V)[T]) {
    fed[t] = if t == 0 then gold[t] else (argmax(v) z[t-1,v])
    z = logits(fed)
    return z, fed
  }
  export logits
  export free
}
)");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c.count<ScanOp>(), 1u);
  // Running free gives what the whole decoder says about the tokens it chose.
  auto free = c.run("free", {tokens({3, 0, 0, 0, 0, 0})});
  auto whole = c.run("logits", {tokens(free[1].data)});
  expectEach(free[0], [&](auto at) { return whole[0].data[at[0] * 5 + at[1]]; });
  for (int t = 1; t < 6; ++t) {
    const double *row = &free[0].data[(t - 1) * 5];
    EXPECT_EQ(free[1].data[t], std::max_element(row, row + 5) - row);
  }
}

TEST(Features, PlacesOfALoopThatReadAPartOfAnAxis) {
  // At u = 1, with steps of one, the subscript is k itself, which ranges over less than x has there.
  Compiled c(R"(model M() {
  param W : [2, 3] = glorot
  fn f(x: [4]) -> [2, 2] {
    for u in 2 { y[u, i] = sum(k) W[i,k] * x[u + k - 1] }
    return y   where x[_] = 0
  }
  export f
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({4});
  expectEach(c.run("f", {x})[0], [&](auto at) {
    double sum = 0;
    for (int64_t k = 0; k < 3; ++k)
      if (int64_t place = at[0] + k - 1; place >= 0 && place < 4)
        sum += c.at("W", {at[1], k}) * x.data[place];
    return sum;
  });
}

TEST(Features, WhatDoesNotDependOnAnAxisStillEndsWithIt) {
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

TEST(Features, WhatCannotBeLoweredLeavesItsExportOut) {
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
