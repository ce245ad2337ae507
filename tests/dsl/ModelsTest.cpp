// The models of models/ at small sizes against their textbook definitions, written as plain loops.
#include "Compiled.h"

#include <fstream>
#include <functional>
#include <sstream>

using namespace rondo;
using namespace rondo::test;
using Row = std::vector<double>;
using Rows = std::vector<Row>;

namespace {

class Model : public Compiled {
public:
  Model(const std::string &name, std::vector<SizeOverride> sizes)
      : Compiled(read(std::string(RONDO_SOURCE_DIR "/models/") + name + ".rondo"), std::move(sizes)) {}

  static std::string read(const std::string &path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  /// The matrix `name`, its last axes flattened to the length of x, times x.
  Row times(const std::string &name, const Row &x) {
    const Tensor &w = cell(name);
    Row y(w.size() / x.size(), 0);
    for (size_t i = 0; i < y.size(); ++i)
      for (size_t j = 0; j < x.size(); ++j)
        y[i] += w.data[i * x.size() + j] * x[j];
    return y;
  }
  Row row(const std::string &name, int64_t i) {
    const Tensor &w = cell(name);
    return Row(w.data.begin() + i * w.shape[1], w.data.begin() + (i + 1) * w.shape[1]);
  }
  const Row &vec(const std::string &name) { return cell(name).data; }
  Row linear(const std::string &name, const Row &x);
  Row norm(const std::string &name, const Row &x, double eps);
  Row feedForward(const std::string &name, const Row &x);
  Rows attention(const std::string &name, const Rows &x, int heads, std::function<bool(int, int)> allow);
  Row gru(const std::string &name, const Row &x, const Row &h, bool resetAfter = false);
  void lstm(const std::string &name, const Row &x, Row &h, Row &c);
};

Row operator+(const Row &a, const Row &b) {
  Row y = a;
  for (size_t i = 0; i < y.size(); ++i)
    y[i] += b[i];
  return y;
}
Row operator*(const Row &a, const Row &b) {
  Row y = a;
  for (size_t i = 0; i < y.size(); ++i)
    y[i] *= b[i];
  return y;
}
Row each(Row x, double (*f)(double)) {
  for (double &v : x)
    v = f(v);
  return x;
}
Row tanhOf(Row x) { return each(std::move(x), std::tanh); }
Row sigmoidOf(Row x) { return each(std::move(x), sigmoid); }
Row join(Row a, const Row &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Row softmax(Row e) {
  double most = -INFINITY, sum = 0;
  for (double v : e)
    most = std::max(most, v);
  for (double &v : e)
    sum += v = std::isinf(v) ? 0 : std::exp(v - most);
  for (double &v : e)
    v = sum ? v / sum : 0;
  return e;
}
double dot(const Row &a, const Row &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}
double crossEntropy(const Row &z, int64_t y) { return -std::log(softmax(z)[y]); }

Row Model::linear(const std::string &name, const Row &x) { return times(name + ".W", x) + vec(name + ".b"); }

Row Model::norm(const std::string &name, const Row &x, double eps) {
  double mean = 0, var = 0;
  for (double v : x)
    mean += v / x.size();
  for (double v : x)
    var += (v - mean) * (v - mean) / x.size();
  Row y = x;
  for (double &v : y)
    v = (v - mean) / std::sqrt(var + eps);
  return y * vec(name + ".g") + vec(name + ".b");
}

Row Model::feedForward(const std::string &name, const Row &x) {
  return linear(name + ".down",
                each(linear(name + ".up", x), [](double v) { return v * (1 + std::erf(v / std::sqrt(2.))) / 2; }));
}

Rows Model::attention(const std::string &name, const Rows &x, int heads, std::function<bool(int, int)> allow) {
  Rows q, k, v, out;
  for (const Row &r : x) {
    q.push_back(times(name + ".Wq", r) + vec(name + ".bq"));
    k.push_back(times(name + ".Wk", r) + vec(name + ".bk"));
    v.push_back(times(name + ".Wv", r) + vec(name + ".bv"));
  }
  size_t width = x[0].size() / heads;
  for (size_t t = 0; t < x.size(); ++t) {
    Row y(x[0].size(), 0);
    for (int h = 0; h < heads; ++h) {
      Row e(x.size(), -INFINITY);
      for (size_t s = 0; s < x.size(); ++s)
        if (allow(t, s)) {
          e[s] = 0;
          for (size_t i = h * width; i < (h + 1) * width; ++i)
            e[s] += q[t][i] * k[s][i] / std::sqrt(double(width));
        }
      Row a = softmax(e);
      for (size_t s = 0; s < x.size(); ++s)
        for (size_t i = h * width; i < (h + 1) * width; ++i)
          y[i] += a[s] * v[s][i];
    }
    out.push_back(times(name + ".Wo", y) + vec(name + ".bo"));
  }
  return out;
}

Row Model::gru(const std::string &name, const Row &x, const Row &h, bool resetAfter) {
  auto gate = [&](const std::string &g, const Row &state) {
    return times(name + ".W" + g, x) + times(name + ".U" + g, state) + vec(name + ".b" + g);
  };
  Row z = sigmoidOf(gate("z", h)), r = sigmoidOf(gate("r", h)), n;
  if (resetAfter)
    n = tanhOf(times(name + ".Wn", x) + vec(name + ".bn") + r * (times(name + ".Un", h) + vec(name + ".cn")));
  else
    n = tanhOf(gate("n", r * h));
  Row next(h.size());
  for (size_t i = 0; i < h.size(); ++i)
    next[i] = (1 - z[i]) * n[i] + z[i] * h[i];
  return next;
}

void Model::lstm(const std::string &name, const Row &x, Row &h, Row &c) {
  auto gate = [&](const std::string &g) {
    return times(name + ".W" + g, x) + times(name + ".U" + g, h) + vec(name + ".b" + g);
  };
  Row i = sigmoidOf(gate("i")), f = sigmoidOf(gate("f")), o = sigmoidOf(gate("o")), g = tanhOf(gate("g"));
  c = f * c + i * g;
  h = o * tanhOf(c);
}

/// The interpreter computes in float64, but constants (1 / sqrt(D), say) are f32 in the program.
void expectRows(const Tensor &t, const Rows &expected) {
  ASSERT_EQ(t.size(), int64_t(expected.size() * expected[0].size()));
  int64_t width = expected[0].size();
  for (int64_t i = 0; i < t.size(); ++i)
    ASSERT_NEAR(t.data[i], expected[i / width][i % width], 1e-6) << "element " << i;
}

const Row text = {3, 1, 10, 1, 7, 0, 2};

} // namespace

TEST(Models, Sentiment) {
  Model m("sentiment", {{"V", 12}, {"E", 5}, {"K", 3}});
  ASSERT_TRUE(m.ok());
  Row mean(5, 0);
  for (double n : text)
    for (int e = 0; e < 5; ++e)
      mean[e] += m.row("embed.W", n)[e] / text.size();
  expectRows(m.run("logits", {tokens(text)})[0], {m.linear("out", mean)});
}

TEST(Models, ElmanLanguageModelAndItsScore) {
  Model m("elman_lm", {{"V", 12}, {"E", 4}, {"H", 5}});
  ASSERT_TRUE(m.ok());
  Rows z;
  Row h(5, 0);
  double score = 0;
  for (size_t t = 0; t < text.size(); ++t) {
    if (t)
      score -= crossEntropy(z.back(), text[t]);
    h = tanhOf(m.times("W", m.row("embed.W", text[t])) + m.times("U", h) + m.vec("b"));
    z.push_back(m.linear("out", h));
  }
  expectRows(m.run("logits", {tokens(text)})[0], z);
  expectRows(m.run("score", {tokens(text)})[0], {{score}});
}

TEST(Models, LstmLanguageModelWithTiedOutput) {
  Model m("lstm_lm", {{"V", 12}, {"H", 5}});
  ASSERT_TRUE(m.ok());
  Rows z;
  Row h[2] = {Row(5, 0), Row(5, 0)}, c[2] = {Row(5, 0), Row(5, 0)};
  for (double n : text) {
    m.lstm("rnn.0", m.row("embed.W", n), h[0], c[0]);
    m.lstm("rnn.1", h[0], h[1], c[1]);
    z.push_back(m.times("embed.W", h[1]));
  }
  expectRows(m.run("logits", {tokens(text)})[0], z);
}

TEST(Models, BothGrus) {
  for (bool after : {false, true}) {
    Model m(after ? "gru_reset_after" : "gru_lm", {{"V", 12}, {"E", 4}, {"H", 5}});
    ASSERT_TRUE(m.ok());
    Rows z;
    Row h(5, 0);
    for (double n : text) {
      h = m.gru("rnn", m.row("embed.W", n), h, after);
      z.push_back(m.linear("out", h));
    }
    expectRows(m.run("logits", {tokens(text)})[0], z);
  }
}

TEST(Models, TaggerReadsFromBothEnds) {
  Model m("tagger", {{"V", 12}, {"K", 4}, {"E", 3}, {"H", 5}, {"L", 2}});
  ASSERT_TRUE(m.ok());
  Rows x, z;
  for (double n : text)
    x.push_back(m.row("embed.W", n));
  for (std::string l : {"0", "1"}) {
    Rows f, b(x.size());
    Row h(5, 0), c(5, 0);
    for (const Row &r : x) {
      m.lstm("fore." + l, r, h, c);
      f.push_back(h);
    }
    h = c = Row(5, 0);
    for (size_t t = x.size(); t-- > 0;) {
      m.lstm("back." + l, x[t], h, c);
      b[t] = h;
    }
    for (size_t t = 0; t < x.size(); ++t)
      x[t] = join(f[t], b[t]);
  }
  for (const Row &r : x)
    z.push_back(m.linear("out", r));
  expectRows(m.run("logits", {tokens(text)})[0], z);
}

TEST(Models, MiniLM) {
  Model m("minilm", {{"V", 12}, {"E", 12}, {"N", 3}, {"F", 20}, {"L", 2}, {"M", 9}});
  ASSERT_TRUE(m.ok());
  Rows x;
  for (size_t t = 0; t < text.size(); ++t)
    x.push_back(m.norm("norm", m.row("word", text[t]) + m.row("position", t) + m.row("kind", 0), 1e-12));
  for (std::string l : {"layers.0", "layers.1"}) {
    Rows a = m.attention(l + ".att", x, 3, [](int, int) { return true; });
    for (size_t t = 0; t < x.size(); ++t) {
      Row y = m.norm(l + ".n1", x[t] + a[t], 1e-12);
      x[t] = m.norm(l + ".n2", y + m.feedForward(l + ".ff", y), 1e-12);
    }
  }
  expectRows(m.run("encode", {tokens(text)})[0], x);
  Row mean(12, 0);
  for (const Row &r : x)
    mean = mean + r;
  double length = std::sqrt(dot(mean, mean));
  for (double &v : mean)
    v /= length;
  expectRows(m.run("embed", {tokens(text)})[0], {mean});
}

TEST(Models, GptWithAndWithoutAWindow) {
  for (int window : {3, 9}) {
    Model m("gpt", {{"V", 12}, {"E", 8}, {"N", 2}, {"F", 20}, {"L", 2}, {"M", 9}, {"W", double(window)}});
    ASSERT_TRUE(m.ok());
    Rows x, z;
    for (size_t t = 0; t < text.size(); ++t)
      x.push_back(m.row("embed.W", text[t]) + m.row("place.P", t));
    for (std::string l : {"layers.0", "layers.1"}) {
      Rows u;
      for (const Row &r : x)
        u.push_back(m.norm(l + ".n1", r, 1e-5));
      Rows a = m.attention(l + ".att", u, 2, [=](int t, int s) { return t - window < s && s <= t; });
      for (size_t t = 0; t < x.size(); ++t) {
        Row y = x[t] + a[t];
        x[t] = y + m.feedForward(l + ".ff", m.norm(l + ".n2", y, 1e-5));
      }
    }
    for (const Row &r : x)
      z.push_back(m.times("embed.W", m.norm("norm", r, 1e-5)));
    expectRows(m.run("logits", {tokens(text)})[0], z);
  }
}

TEST(Models, Seq2Seq) {
  Model m("seq2seq", {{"A", 12}, {"B", 9}, {"E", 4}, {"H", 5}});
  ASSERT_TRUE(m.ok());
  Row out = {2, 8, 0, 5};
  Rows f, b(text.size()), seen, z;
  Row h(5, 0);
  for (double n : text)
    f.push_back(h = m.gru("fore", m.row("ea.W", n), h));
  h = Row(5, 0);
  for (size_t s = text.size(); s-- > 0;)
    b[s] = h = m.gru("back", m.row("ea.W", text[s]), h);
  for (size_t s = 0; s < text.size(); ++s)
    seen.push_back(join(f[s], b[s]));
  h = tanhOf(m.linear("start", b[0]));
  for (double n : out) {
    Row e, c(10, 0);
    for (const Row &r : seen)
      e.push_back(dot(m.vec("look.w"), tanhOf(m.times("look.Wq", h) + m.times("look.Wk", r))));
    Row a = softmax(e);
    for (size_t s = 0; s < seen.size(); ++s)
      c = c + Row(10, a[s]) * seen[s];
    h = m.gru("cell", join(m.row("eb.W", n), c), h);
    z.push_back(m.linear("proj", join(h, c)));
  }
  expectRows(m.run("logits", {tokens(text), tokens(out)})[0], z);
}

TEST(Models, OwnPast) {
  Model m("own_past", {{"V", 12}, {"E", 4}, {"H", 5}});
  ASSERT_TRUE(m.ok());
  Rows states, z;
  for (double n : text) {
    Row x = m.row("embed.W", n), q = m.times("Wq", x), e, c(5, 0);
    for (const Row &h : states)
      e.push_back(dot(q, m.times("Wk", h)) / std::sqrt(5.));
    Row a = softmax(e);
    for (size_t s = 0; s < states.size(); ++s)
      c = c + Row(5, a[s]) * states[s];
    states.push_back(tanhOf(m.times("W", x) + m.times("U", c) + m.vec("b")));
    z.push_back(m.linear("out", states.back()));
  }
  expectRows(m.run("logits", {tokens(text)})[0], z);
}

TEST(Models, OneWord) {
  Row one = {4};
  Model m("gpt", {{"V", 12}, {"E", 8}, {"N", 2}, {"F", 20}, {"L", 1}, {"M", 9}});
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(m.run("logits", {tokens(one)})[0].size(), 12);
  Model lm("elman_lm", {{"V", 12}, {"E", 4}, {"H", 5}});
  ASSERT_TRUE(lm.ok());
  expectRows(lm.run("score", {tokens(one)})[0], {{0}});
}
