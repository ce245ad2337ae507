// Folds row by row against the same operations materialised, and against plain loops.
#include "tests/codegen/ProgramRun.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace rondo;

namespace {

std::vector<float> noise(size_t n, unsigned seed) {
  std::vector<float> v(n);
  for (float &x : v)
    x = float(int((seed = seed * 1664525u + 1013904223u) >> 8) % 2001 - 1000) / 500;
  return v;
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  for (size_t at; (at = text.find(from)) != std::string::npos;)
    text.replace(at, from.size(), to);
  return text;
}

const char *kAttention = R"mlir(
#bt = #rondo.ax<b, t(b)>
#btt = #rondo.ax<b, t(b), t(b)>
func.func @attend(%q: tensor<?x?x2xWIDTHxf32, #bt>, %k: tensor<?x?x2xWIDTHxf32, #bt>, %v: tensor<?x?x2xWIDTHxf32, #bt>) -> tensor<?x?x2xWIDTHxf32, #bt> {
  OPEN
    %s = rondo.contract (b, t, h, s | i in WIDTH) %q[b, t, h, i] * %k[b, s, h, i] : (tensor<?x?x2xWIDTHxf32, #bt>, tensor<?x?x2xWIDTHxf32, #bt>) -> tensor<?x?x2x?xf32, #btt>
    %m = rondo.map (b, t, h, s) %s[b, t, h, s] : (tensor<?x?x2x?xf32, #btt>) -> (tensor<?x?x2x?xf32, #btt>) {
    ^bb0(%x: f32):
      %c = arith.constant 0.25 : f32
      %y = arith.mulf %x, %c : f32
      rondo.yield %y : f32
    }
    %p = rondo.softmax (b, t, h, s) over (3) %m[b, t, h, s] WHERE : (tensor<?x?x2x?xf32, #btt>) -> tensor<?x?x2x?xf32, #btt>
    %o = rondo.contract (b, t, h, i | s in t) %p[b, t, h, s] * %v[b, s, h, i] SUM : (tensor<?x?x2x?xf32, #btt>, tensor<?x?x2xWIDTHxf32, #bt>) -> tensor<?x?x2xWIDTHxf32, #bt>
  CLOSE
  return %y : tensor<?x?x2xWIDTHxf32, #bt>
}
)mlir";

struct Mask {
  const char *where;
  int window;  // 0: everything is seen
  int width;   // of a head: multiples of 16 go tile by tile, others row by row
  const char *sum = "";  // condition of the weighted sum
};

class Attention : public testing::TestWithParam<Mask> {};

TEST_P(Attention, WithoutPairsInMemory) {
  auto [where, window, width, sum] = GetParam();
  std::string text = replaced(replaced(replaced(kAttention, "WHERE", where), "SUM", sum), "WIDTH", std::to_string(width));
  std::string folded = replaced(replaced(text, "OPEN", "%y = rondo.fold [\"t\", \"t\"] -> tensor<?x?x2x" +
                                                           std::to_string(width) + "xf32, #bt> {"),
                                "CLOSE", "rondo.yield %o : tensor<?x?x2x" + std::to_string(width) + "xf32, #bt> }");
  std::string plain = replaced(replaced(replaced(text, "OPEN", ""), "CLOSE", ""), "return %y", "return %o");
  ProgramRun fold(folded, {}), whole(plain, {});
  ASSERT_TRUE(fold.ok() && whole.ok());
  // No slot of the fold has a pair term.
  for (auto &slot : fold.program.exports[0].plan)
    EXPECT_EQ(slot[3], 0);
  std::vector<int64_t> lengths{1, 37, 0, 16, 5};
  int64_t rows = 59, row = 2 * width;
  Batch batch{{{"t", lengths}}, 5, {noise(rows * row, 1), noise(rows * row, 2), noise(rows * row, 3)}};
  for (Target target : fold.program.targets) {
    auto y = fold.call(0, target.level, batch)[0], z = whole.call(0, target.level, batch)[0];
    ASSERT_EQ(y.size(), z.size());
    if (width % 16) {
      EXPECT_EQ(std::memcmp(y.data(), z.data(), y.size() * 4), 0);
    }
    int64_t at = 0;
    for (int64_t n : lengths) {
      for (int64_t t = 0; t < n; ++t)
        for (int h = 0; h < 2; ++h) {
          auto in = [&](int which, int64_t s) { return batch.inputs[which].data() + (at + s) * row + h * width; };
          std::vector<double> p(n);
          double total = 0;
          for (int64_t s = 0; s < n; ++s) {
            if (window && (s > t || t - s >= window))
              continue;
            double e = 0;
            for (int i = 0; i < width; ++i)
              e += double(in(0, t)[i]) * in(1, s)[i];
            total += p[s] = std::exp(e / 4);
          }
          for (int i = 0; i < width; ++i) {
            double o = 0;
            for (int64_t s = 0; s < n; ++s)
              o += p[s] / total * in(2, s)[i];
            ASSERT_NEAR(y[(at + t) * row + h * width + i], o, 1e-4) << t << " " << h << " " << i;
            ASSERT_NEAR(z[(at + t) * row + h * width + i], o, 1e-4);
          }
        }
      at += n;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Masks, Attention,
                         testing::Values(Mask{"", 0, 20}, Mask{"where (s <= t)", 1000, 20},
                                         Mask{"where (s <= t and t - s <= 4)", 5, 20}, Mask{"", 0, 32},
                                         Mask{"where (s <= t)", 1000, 32}, Mask{"where (s <= t)", 1000, 32, "where (s <= t)"},
                                         Mask{"where (s <= t)", 1000, 20, "where (s <= t)"},
                                         Mask{"where (s <= t and t - s <= 4)", 5, 16},
                                         // Two heads of 128: their values are copied side by side.
                                         Mask{"", 0, 128}, Mask{"where (s <= t and t - s <= 4)", 5, 128},
                                         Mask{"where (s <= t and s >= 0) or (s == t and t - s <= 4)", 1000, 16}));

} // namespace
