// The standard library's functions and smaller layers against their formulas. Cells and attention are in CellsTest and
// ModelsTest.
#include "Compiled.h"

using namespace rondo;
using namespace rondo::test;

TEST(Library, FunctionsOfOneNumber) {
  struct Case {
    const char *call;
    double (*expected)(double);
  };
  static const Case cases[] = {
      {"leaky_relu(x)", [](double x) { return x > 0 ? x : 0.01 * x; }},
      {"leaky_relu(x, 0.2)", [](double x) { return x > 0 ? x : 0.2 * x; }},
      {"elu(x)", [](double x) { return x > 0 ? x : std::expm1(x); }},
      {"selu(x)", [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); }},
      {"mish(x)", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
      {"relu6(4 * x)", [](double x) { return std::min(std::max(4 * x, 0.), 6.); }},
      {"hard_sigmoid(4 * x)", [](double x) { return std::min(std::max(4 * x + 3, 0.), 6.) / 6; }},
      {"hard_swish(4 * x)", [](double x) { return 4 * x * std::min(std::max(4 * x + 3, 0.), 6.) / 6; }},
      {"softsign(x)", [](double x) { return x / (1 + std::fabs(x)); }},
      {"log_sigmoid(x)", [](double x) { return -std::log1p(std::exp(-x)); }},
      {"gelu(x)", [](double x) { return x * (1 + std::erf(x / std::sqrt(2.))) / 2; }},
      {"gelu_tanh(x)",
       [](double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }},
      {"silu(x)", [](double x) { return x / (1 + std::exp(-x)); }},
      {"softplus(x)", [](double x) { return std::log1p(std::exp(x)); }},
      {"x ^ 3 - abs(x)", [](double x) { return x * x * x - std::fabs(x); }},
  };
  std::string text = "model M() {\n";
  for (size_t i = 0; i < std::size(cases); ++i)
    text +=
        "  fn f" + std::to_string(i) + "(x: [T]) -> [T] = " + cases[i].call + "\n  export f" + std::to_string(i) + "\n";
  Compiled c(text + "}\n");
  ASSERT_TRUE(c.ok());
  Tensor x = random({40});
  x.data[0] = 0;
  for (size_t i = 0; i < std::size(cases); ++i) {
    SCOPED_TRACE(cases[i].call);
    expectEach(c.run("f" + std::to_string(i), {x})[0], [&](auto at) { return cases[i].expected(x.data[at[0]]); });
  }
}

TEST(Library, FunctionsOfRows) {
  Compiled c(R"(model M(E = 6) {
  fn mean_of(x: [T, E]) -> [E] = mean_rows(x)
  fn unit_of(x: [T, E]) -> [T, E] = unit(x)
  fn surprise(z: [T, E], y: token(E)[T]) -> [T] = cross_entropy(z, y)
  export mean_of
  export unit_of
  export surprise
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({5, 6});
  auto at = [&](int64_t t, int64_t e) { return x.data[t * 6 + e]; };
  auto sum = [&](int64_t t, double (*f)(double)) {
    double s = 0;
    for (int e = 0; e < 6; ++e)
      s += f(at(t, e));
    return s;
  };
  expectEach(c.run("mean_of", {x})[0],
             [&](auto i) { return (at(0, i[0]) + at(1, i[0]) + at(2, i[0]) + at(3, i[0]) + at(4, i[0])) / 5; });
  expectEach(c.run("unit_of", {x})[0],
             [&](auto i) { return at(i[0], i[1]) / std::sqrt(sum(i[0], [](double v) { return v * v; })); });
  std::vector<double> y = {0, 5, 2, 2, 1};
  expectEach(c.run("surprise", {x, tokens(y)})[0],
             [&](auto i) { return std::log(sum(i[0], [](double v) { return std::exp(v); })) - at(i[0], y[i[0]]); });
}

TEST(Library, PositionsAndFeedForward) {
  Compiled c(R"(model M(E = 6, F = 9, M = 8) {
  wave, table, ff = sinusoidal_positions(E), learned_positions(M, E), feed_forward(E, F)
  fn waves(x: [T, E]) -> [T, E] = wave(x)
  fn learned(x: [T <= M, E]) -> [T, E] = table(x)
  fn forward(x: [T, E]) -> [T, E] = ff(x)
  export waves
  export learned
  export forward
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({5, 6});
  auto at = [&](auto i) { return x.data[i[0] * 6 + i[1]]; };
  expectEach(c.run("waves", {x})[0], [&](auto i) {
    int64_t pair = i[1] / 2 * 2;
    double angle = i[0] / std::pow(10000., pair / 6.);
    return at(i) + (i[1] % 2 ? std::cos(angle) : std::sin(angle));
  });
  expectEach(c.run("learned", {x})[0], [&](auto i) { return at(i) + c.at("table.P", {i[0], i[1]}); });
  expectEach(c.run("forward", {x})[0], [&](auto i) {
    double y = c.at("ff.down.b", {i[1]});
    for (int f = 0; f < 9; ++f) {
      double u = c.at("ff.up.b", {f});
      for (int e = 0; e < 6; ++e)
        u += c.at("ff.up.W", {f, e}) * x.data[i[0] * 6 + e];
      y += c.at("ff.down.W", {i[1], f}) * std::max(u, 0.);
    }
    return y;
  });
}

TEST(Library, CellsReadBackwardsAsForwardsOnTheReverse) {
  for (const char *cell : {"elman", "lstm", "lstm_peephole", "gru", "gru_reset_after"}) {
    SCOPED_TRACE(cell);
    Compiled c(std::string("model M(E = 3, H = 4) {\n  rnn = ") + cell + R"((E, H)
  fn forth(x: [T, E]) -> [T, H] = rnn(x)
  fn back(x: [T, E]) -> [T, H] = rnn.backward(x)
  export forth
  export back
}
)");
    ASSERT_TRUE(c.ok());
    Tensor x = random({6, 3}), reverse = x;
    for (int t = 0; t < 6; ++t)
      std::copy_n(x.data.begin() + t * 3, 3, reverse.data.begin() + (5 - t) * 3);
    Tensor forth = c.run("forth", {reverse})[0];
    expectEach(c.run("back", {x})[0], [&](auto i) { return forth.data[(5 - i[0]) * 4 + i[1]]; });
  }
}

TEST(Library, PeepholesLookAtTheMemory) {
  Compiled c(R"(model M(E = 1, H = 1) {
  rnn = lstm_peephole(E, H)
  fn read(x: [T, E]) -> [T, H] = rnn(x)
  export read
}
)");
  ASSERT_TRUE(c.ok());
  auto p = [&](const char *name) { return c.cell(std::string("rnn.") + name).data[0]; };
  Tensor x = random({6, 1});
  double h = 0, m = 0;
  std::vector<double> expected;
  for (double v : x.data) {
    double i = sigmoid(p("Wi") * v + p("Ui") * h + p("vi") * m + p("bi"));
    double f = sigmoid(p("Wf") * v + p("Uf") * h + p("vf") * m + p("bf"));
    m = f * m + i * std::tanh(p("Wg") * v + p("Ug") * h + p("bg"));
    h = sigmoid(p("Wo") * v + p("Uo") * h + p("vo") * m + p("bo")) * std::tanh(m);
    expected.push_back(h);
  }
  expectEach(c.run("read", {x})[0], [&](auto i) { return expected[i[0]]; });
}
