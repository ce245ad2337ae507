// Whole programs from text against the same equations written out in C++.
#include "tests/ir/Run.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>

using namespace rondo;
using namespace rondo::test;

using Vector = std::vector<double>;

static std::string read(llvm::StringRef name) {
  auto file = llvm::MemoryBuffer::getFile(RONDO_SOURCE_DIR "/tests/ir/programs/" + name);
  EXPECT_TRUE(file);
  return file ? (*file)->getBuffer().str() : "";
}

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// y = W x, W row-major.
static Vector times(const Tensor &w, const Vector &x) {
  Vector y(w.size() / x.size(), 0.0);
  for (size_t i = 0; i < w.data.size(); ++i)
    y[i / x.size()] += w.data[i] * x[i % x.size()];
  return y;
}
static Vector row(const Tensor &x, int64_t t) {
  int64_t width = x.size() / x.shape[0];
  return Vector(x.data.begin() + t * width, x.data.begin() + (t + 1) * width);
}
static Vector plus(Vector a, const Vector &b) {
  for (size_t i = 0; i < a.size(); ++i)
    a[i] += b[i];
  return a;
}
static Vector each(Vector a, double (*function)(double)) {
  for (double &value : a)
    value = function(value);
  return a;
}

TEST(Programs, LstmLanguageModel) {
  Program program(read("lstm_lm.mlir"));
  auto cell = [&](const char *name) -> const Tensor & { return program.cells[std::string("rnn.0.") + name]; };
  Tensor text = tensor({3, 0, 4, 4, 1});
  const Tensor &embed = program.cells["embed.W"];
  Vector h(3, 0.0), c(3, 0.0), logits;
  double loss = 0;
  for (int t = 0; t < 5; ++t) {
    Vector x = row(embed, text.data[t]);
    auto gate = [&](const char *w, const char *u, const char *b) {
      return plus(plus(times(cell(w), x), times(cell(u), h)), cell(b).data);
    };
    Vector i = each(gate("Wi", "Ui", "bi"), sigmoid), f = each(gate("Wf", "Uf", "bf"), sigmoid);
    Vector o = each(gate("Wo", "Uo", "bo"), sigmoid), g = each(gate("Wg", "Ug", "bg"), std::tanh);
    for (int j = 0; j < 3; ++j) {
      c[j] = f[j] * c[j] + i[j] * g[j];
      h[j] = o[j] * std::tanh(c[j]);
    }
    Vector z = times(embed, h);
    logits.insert(logits.end(), z.begin(), z.end());
    double sum = 0;
    for (double value : z)
      sum += std::exp(value);
    if (t < 4)
      loss += std::log(sum) - z[text.data[t + 1]];
  }
  expectNear(program.run({text}, "loss", 0), {loss});
  expectNear(program.run({text}, "loss", 1), {4});
  expectNear(program.run({text}, "loss", 2), logits);
  expectNear(program.run({tensor({2, 1})}, "loss", 1), {1});
  expectNear(program.run({tensor(Vector{2})}, "loss", 0), {0}); // nothing to predict
}

TEST(Programs, AttentionDecoder) {
  Program program(read("attention_decoder.mlir"));
  Tensor x = noise({4, 3}, 1), y = noise({3, 3}, 2);
  auto encode = [&](const char *w, const char *u, bool reverse) {
    std::vector<Vector> states(4);
    Vector h(2, 0.0);
    for (int i = 0; i < 4; ++i) {
      int s = reverse ? 3 - i : i;
      states[s] = h = each(plus(times(program.cells[w], row(x, s)), times(program.cells[u], h)), std::tanh);
    }
    return states;
  };
  auto forward = encode("fwd.W", "fwd.U", false), memory = encode("bwd.W", "bwd.U", true);
  Vector h = memory[0], expected;
  for (int s = 0; s < 4; ++s)
    memory[s].insert(memory[s].begin(), forward[s].begin(), forward[s].end());
  for (int t = 0; t < 3; ++t) {
    Vector query = times(program.cells["att.Wq"], h), context(4, 0.0), input = row(y, t);
    double total = 0;
    for (int s = 0; s < 4; ++s) {
      Vector e = each(plus(query, times(program.cells["att.Wk"], memory[s])), std::tanh);
      double weight = std::exp(times(program.cells["att.w"], e)[0]);
      total += weight;
      for (int j = 0; j < 4; ++j)
        context[j] += weight * memory[s][j];
    }
    for (double &value : context)
      input.push_back(value / total);
    auto &cells = program.cells;
    Vector r = each(plus(times(cells["dec.Wr"], input), times(cells["dec.Ur"], h)), sigmoid);
    Vector u = each(plus(times(cells["dec.Wu"], input), times(cells["dec.Uu"], h)), sigmoid);
    Vector rh = {r[0] * h[0], r[1] * h[1]};
    Vector n = each(plus(times(cells["dec.Wn"], input), times(cells["dec.Un"], rh)), std::tanh);
    for (int j = 0; j < 2; ++j)
      expected.push_back(h[j] = u[j] * h[j] + (1 - u[j]) * n[j]);
  }
  expectNear(program.run({x, y}, "decode"), expected);
}

TEST(Programs, CausalBlockWithWindowAndGlobalTokens) {
  Program program(read("causal_block.mlir"));
  Tensor x = noise({7, 4}, 1);
  const Tensor &w = program.cells["Wqkv"], &out = program.cells["Wo"];
  auto project = [&](int t, int h, int i) {
    double sum = 0;
    for (int e = 0; e < 4; ++e)
      sum += w.data[(h * 9 + i) * 4 + e] * x.data[t * 4 + e];
    return sum;
  };
  Vector expected(7 * 4, 0.0), lse(2 * 7);
  for (int h = 0; h < 2; ++h)
    for (int t = 0; t < 7; ++t) {
      Vector value(3, 0.0);
      double total = 0;
      for (int s = 0; s <= t; ++s) {
        if (t - s > 2 && s > 1)
          continue;
        double score = 0;
        for (int i = 0; i < 3; ++i)
          score += project(t, h, i) * project(s, h, i + 3);
        double weight = std::exp(2 * std::tanh(score / 2));
        total += weight;
        for (int i = 0; i < 3; ++i)
          value[i] += weight * project(s, h, i + 6);
      }
      lse[h * 7 + t] = std::log(total);
      for (int e = 0; e < 4; ++e)
        for (int i = 0; i < 3; ++i)
          expected[t * 4 + e] += out.data[(e * 2 + h) * 3 + i] * value[i] / total;
    }
  expectNear(program.run({x}, "block", 0), expected);
  expectNear(program.run({x}, "block", 1), lse);
}
