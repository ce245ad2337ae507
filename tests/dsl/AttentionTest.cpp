// Attention and what stands around it: compiled, interpreted, compared with loops.
#include "Compiled.h"

using namespace rondo;
using namespace rondo::test;

TEST(Attention, CausalAttentionThroughTwoCalls) {
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

TEST(Attention, LiftingOverOneAndTwoAxes) {
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

TEST(Attention, LearnedAndSinusoidalPositions) {
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

TEST(Attention, LinearAttentionAsThePaperStatesIt) {
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

TEST(Attention, SeveralSequenceAxesAndImages) {
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
