// Recurrent cells of the standard library and of a user's own, compiled and compared with loops.
#include "Compiled.h"

using namespace rondo;
using namespace rondo::test;
using Row = std::vector<double>;

/// W @ x
static Row product(const Tensor &w, const Row &x) {
  Row y(w.shape[0], 0);
  for (int64_t i = 0; i < w.shape[0]; ++i)
    for (int64_t j = 0; j < w.shape[1]; ++j)
      y[i] += w.data[i * w.shape[1] + j] * x[j];
  return y;
}

static Row rowOf(const Tensor &t, int64_t i) {
  return Row(t.data.begin() + i * t.shape[1], t.data.begin() + (i + 1) * t.shape[1]);
}

TEST(Cells, MeanOfEmbeddingsAndLinear) {
  Compiled c(R"(model M(V = vocab(11), E = 5, K = 3) {
  embed, out = embedding(V, E), linear(E, K)
  fn logits(text: token(V)[T]) -> [K] {
    x = embed(text)
    m[e] = mean(t) x[t,e]
    return out(m)
  }
  export logits
}
)");
  ASSERT_TRUE(c.ok());
  Row text = {3, 1, 10, 1};
  auto y = c.run("logits", {tokens(text)})[0];
  Row mean(5, 0);
  for (double v : text)
    for (int e = 0; e < 5; ++e)
      mean[e] += c.at("embed.W", {int64_t(v), e}) / 4;
  Row expected = product(c.cell("out.W"), mean);
  expectEach(y, [&](auto i) { return expected[i[0]] + c.at("out.b", {i[0]}); });
}

TEST(Cells, Elman) {
  Compiled c(R"(model M(E = 3, H = 4) {
  rnn = elman(E, H)
  fn states(x: [T, E], h0: [H]) -> [T, H] = rnn(x, h0)
  fn last(x: [T, E]) -> [H] = rnn(x)[T-1]
  export states
  export last
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({5, 3}), h0 = random({4}, 2);
  auto run = [&](Row h) {
    std::vector<Row> all;
    for (int t = 0; t < 5; ++t) {
      Row a = product(c.cell("rnn.W"), rowOf(x, t)), b = product(c.cell("rnn.U"), h);
      for (int i = 0; i < 4; ++i)
        h[i] = std::tanh(a[i] + b[i] + c.at("rnn.b", {i}));
      all.push_back(h);
    }
    return all;
  };
  auto expected = run(h0.data);
  expectEach(c.run("states", {x, h0})[0], [&](auto i) { return expected[i[0]][i[1]]; });
  auto zero = run(Row(4, 0));
  expectEach(c.run("last", {x})[0], [&](auto i) { return zero[4][i[0]]; });
}

TEST(Cells, LstmForwardAndBackwardStacked) {
  Compiled c(R"(model M(E = 3, H = 2) {
  fore = [lstm(E, H), lstm(2*H, H)]
  back = [lstm(E, H), lstm(2*H, H)]
  fn states(x: [T, E]) -> [T, 2*H] {
    y = x
    for l in 2 { y = concat(fore[l](y), back[l].backward(y)) }
    return y
  }
  export states
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({6, 3});
  std::vector<Row> y;
  for (int t = 0; t < 6; ++t)
    y.push_back(rowOf(x, t));
  for (int l = 0; l < 2; ++l) {
    std::vector<Row> next(6, Row(4, 0));
    for (bool back : {false, true}) {
      std::string p = (back ? "back." : "fore.") + std::to_string(l) + ".";
      Row h(2, 0), m(2, 0);
      for (int n = 0; n < 6; ++n) {
        int t = back ? 5 - n : n;
        auto gate = [&](std::string g) {
          Row a = product(c.cell(p + "W" + g), y[t]), b = product(c.cell(p + "U" + g), h);
          for (int i = 0; i < 2; ++i)
            a[i] += b[i] + c.at(p + "b" + g, {i});
          return a;
        };
        Row i = gate("i"), f = gate("f"), o = gate("o"), g = gate("g");
        for (int k = 0; k < 2; ++k) {
          m[k] = sigmoid(f[k]) * m[k] + sigmoid(i[k]) * std::tanh(g[k]);
          h[k] = sigmoid(o[k]) * std::tanh(m[k]);
          next[t][k + (back ? 2 : 0)] = h[k];
        }
      }
    }
    y = next;
  }
  expectEach(c.run("states", {x})[0], [&](auto i) { return y[i[0]][i[1]]; });
}

TEST(Cells, GruBothForms) {
  Compiled c(R"(model M(E = 3, H = 4) {
  a, b = gru(E, H), gru_reset_after(E, H)
  fn states(x: [T, E]) -> ([T, H], [T, H]) {
    return a(x), b(x)
  }
  export states
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({5, 3});
  auto got = c.run("states", {x});
  for (bool after : {false, true}) {
    std::string p = after ? "b." : "a.";
    Row h(4, 0);
    std::vector<Row> all;
    for (int t = 0; t < 5; ++t) {
      auto sum = [&](std::string g, const Row &state) {
        Row u = product(c.cell(p + "W" + g), rowOf(x, t)), v = product(c.cell(p + "U" + g), state);
        for (int i = 0; i < 4; ++i)
          u[i] += v[i] + c.at(p + "b" + g, {i});
        return u;
      };
      Row z = sum("z", h), r = sum("r", h), n(4);
      for (int i = 0; i < 4; ++i)
        z[i] = sigmoid(z[i]), r[i] = sigmoid(r[i]);
      if (after) {
        Row w = product(c.cell(p + "Wn"), rowOf(x, t)), u = product(c.cell(p + "Un"), h);
        for (int i = 0; i < 4; ++i)
          n[i] = std::tanh(w[i] + c.at(p + "bn", {i}) + r[i] * (u[i] + c.at(p + "cn", {i})));
      } else {
        Row rh(4);
        for (int i = 0; i < 4; ++i)
          rh[i] = r[i] * h[i];
        n = sum("n", rh);
        for (double &v : n)
          v = std::tanh(v);
      }
      for (int i = 0; i < 4; ++i)
        h[i] = (1 - z[i]) * n[i] + z[i] * h[i];
      all.push_back(h);
    }
    expectEach(got[after], [&](auto i) { return all[i[0]][i[1]]; });
  }
}

TEST(Cells, LagTwoWithTwoBeginnings) {
  Compiled c(R"(model M(E = 3) {
  param W : [E, E]
  param a : [E] = 0
  fn states(x: [T, E], b: [E]) -> [T, E] {
    h[t] = tanh(W @ h[t-2] + h[t-1] * a + x[t])   where h[-1] = b, h[-2] = 2 * b
    return h
  }
  export states
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({6, 3}), b = random({3}, 5);
  std::vector<Row> h = {b.data, b.data};
  for (double &v : h[0])
    v *= 2;
  for (int t = 0; t < 6; ++t) {
    Row y = product(c.cell("W"), h[t]);
    for (int i = 0; i < 3; ++i)
      y[i] = std::tanh(y[i] + h[t + 1][i] * c.at("a", {i}) + x.data[t * 3 + i]);
    h.push_back(y);
  }
  expectEach(c.run("states", {x, b})[0], [&](auto i) { return h[i[0] + 2][i[1]]; });
}

TEST(Cells, OwnPast) {
  Compiled c(R"(model M(E = 3) {
  param W, U, Wq, Wk : [E, E]
  fn states(x: [T, E]) -> [T, E] {
    q[t] = Wq @ x[t]
    k[t] = Wk @ h[t]
    a[t,s] = softmax(s | s < t) q[t] @ k[s] / sqrt(E)
    c[t,i] = sum(s | s < t) a[t,s] * h[s,i]
    h[t] = tanh(W @ x[t] + U @ c[t])
    return h
  }
  export states
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({5, 3});
  std::vector<Row> h;
  for (int t = 0; t < 5; ++t) {
    Row q = product(c.cell("Wq"), rowOf(x, t)), past(3, 0), weight;
    double total = 0;
    for (int s = 0; s < t; ++s) {
      Row k = product(c.cell("Wk"), h[s]);
      double score = 0;
      for (int i = 0; i < 3; ++i)
        score += q[i] * k[i] / std::sqrt(3.0);
      weight.push_back(std::exp(score));
      total += weight.back();
    }
    for (int s = 0; s < t; ++s)
      for (int i = 0; i < 3; ++i)
        past[i] += weight[s] / total * h[s][i];
    Row a = product(c.cell("W"), rowOf(x, t)), b = product(c.cell("U"), past);
    for (int i = 0; i < 3; ++i)
      a[i] = std::tanh(a[i] + b[i]);
    h.push_back(a);
  }
  expectEach(c.run("states", {x})[0], [&](auto i) { return h[i[0]][i[1]]; });
}

TEST(Cells, DecoderThatLooksAtTheSource) {
  Compiled c(R"(model M(E = 3, H = 2) {
  look = additive_attention(H, E, H)
  cell = elman(E, H)
  fn states(m: [S, E], y: [T, E]) -> [T, H] {
    h[t] = cell.step(y[t] + look(h[t-1], m), h[t-1])   where h[-1] = 0
    return h
  }
  export states
}
)");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c.count<ScanOp>(), 1u);
  Tensor m = random({4, 3}), y = random({3, 3}, 2);
  Row h(2, 0);
  std::vector<Row> all;
  for (int t = 0; t < 3; ++t) {
    Row q = product(c.cell("look.Wq"), h), weight, sum(3, 0);
    double total = 0;
    for (int s = 0; s < 4; ++s) {
      Row k = product(c.cell("look.Wk"), rowOf(m, s));
      double e = 0;
      for (int i = 0; i < 2; ++i)
        e += c.at("look.w", {i}) * std::tanh(q[i] + k[i]);
      weight.push_back(std::exp(e));
      total += weight.back();
    }
    for (int i = 0; i < 3; ++i) {
      for (int s = 0; s < 4; ++s)
        sum[i] += weight[s] / total * m.data[s * 3 + i];
      sum[i] += y.data[t * 3 + i];
    }
    Row a = product(c.cell("cell.W"), sum), b = product(c.cell("cell.U"), h);
    for (int i = 0; i < 2; ++i)
      h[i] = std::tanh(a[i] + b[i] + c.at("cell.b", {i}));
    all.push_back(h);
  }
  expectEach(c.run("states", {m, y})[0], [&](auto i) { return all[i[0]][i[1]]; });
}
