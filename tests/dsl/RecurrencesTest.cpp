// Recurrences inside of layers, calls and each other: compiled, interpreted, compared with loops.
#include "Compiled.h"

using namespace rondo;
using namespace rondo::test;

TEST(Recurrences, StackedCellsInsideARecurrence) {
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

TEST(Recurrences, FedByItsOwnChoices) {
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

TEST(Recurrences, AConstantEncoderInsideARecurrence) {
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

TEST(Recurrences, ARecurrenceInsideAStep) {
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

TEST(Recurrences, AWholeDecoderFedByItsOwnChoices) {
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

TEST(Recurrences, PlacesOfALoopThatReadAPartOfAnAxis) {
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
