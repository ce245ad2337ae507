// Attention rows: against double precision, and equal in bits whether a row is computed alone or in any tile, on v3 as
// on v4, with unused keys and values poisoned.
#include "codegen/cpu/FoldTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "tests/codegen/TestRun.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace rondo;

namespace {

struct Shape {
  int64_t depth, width;
  bool map;
};
const Shape shapes[] = {{64, 64, false}, {32, 48, false}, {24, 16, true}, {17, 32, false}};
constexpr int64_t kColumns = 150, kRows = 150;

std::string nameOf(const Shape &s, Target t) {
  return ("fold" + llvm::Twine(s.depth) + "x" + llvm::Twine(s.width) + t.name()).str();
}

/// (Q, K panels, V, O, scratch, edges, lo, hi)
void addFold(TestRun &run, const Shape &s, Target target) {
  run.function(nameOf(s, target), 6, 2, target, [&](Emit &e, ValueRange args) {
    FoldTile fold;
    fold.depth = s.depth;
    fold.width = s.width;
    fold.scale = 1 / std::sqrt(double(s.depth));
    auto query = [&](Value row) { return e.at(args[0], e.mul(row, s.depth)); };
    auto keys = [&](Value panel) { return e.at(args[1], e.mul(panel, s.depth * kLanes)); };
    auto value = [&](Value row) { return e.at(args[2], e.mul(row, s.width)); };
    auto edge = [&](Value at) -> Value {
      Value v = e.loadAs(e.b.getI32Type(), e.at(args[5], at));
      return arith::IndexCastOp::create(e.b, e.loc, e.b.getIndexType(), v);
    };
    auto range = [&](Value row) { return std::pair(edge(e.mul(row, 2)), edge(e.add(e.mul(row, 2), 1))); };
    auto finish = [&](Value row, Value column, Value v) {
      e.store(v, e.at(e.at(args[3], e.mul(row, s.width)), column));
    };
    fold.query = query;
    fold.keys = keys;
    fold.value = value;
    fold.range = range;
    fold.finish = finish;
    if (s.map)
      fold.map = [&](Value, Value, Value v, bool) { return e.mulf(v, e.real(2.0, v.getType())); };
    fold.scratch = args[4];
    emitFoldRows(e, fold, args[6], args[7]);
  });
}

using Kernel = void(const float *, const float *, const float *, float *, float *, const int32_t *, int64_t, int64_t);
using Edges = std::vector<int32_t>;

std::vector<std::pair<const char *, Edges>> masks() {
  std::vector<std::pair<const char *, Edges>> list{{"full", {}}, {"causal", {}}, {"window", {}}, {"wild", {}}};
  for (int t = 0; t < kRows; ++t) {
    auto add = [&](int which, int lo, int hi) { list[which].second.insert(list[which].second.end(), {lo, hi}); };
    add(0, 0, kColumns - 3);
    add(1, 0, t + 1);
    add(2, std::max(t - 20, 0), t + 1);
    add(3, t * 37 % 140, t % 5 == 0 ? -3 : (t * 53 + 11) % kColumns);
  }
  return list;
}

class FoldTest : public testing::TestWithParam<Level> {};

TEST_P(FoldTest, RowsDoNotKnowTheirTile) {
  Target target{GetParam()};
  if (!runsHere(target.level))
    GTEST_SKIP() << "this CPU lacks " << target.cpu().str();
  TestRun run;
  for (const Shape &s : shapes) {
    addFold(run, s, target);
    if (target.level == Level::V4)
      addFold(run, s, Target{Level::V3});
  }
  ASSERT_TRUE(run.load());
  llvm::outs() << "compiled in " << int(run.compileSeconds * 1000) << " ms\n";
  for (const Shape &s : shapes) {
    int64_t panels = (kColumns + 15) / 16;
    std::vector<float> q(kRows * s.depth), k(kColumns * s.depth), v(kColumns * s.width);
    for (auto *list : {&q, &k, &v})
      for (size_t i = 0; i < list->size(); ++i)
        (*list)[i] = 2 * std::sin(1.3 * i + list->size());
    std::vector<float> scratch(foldScratch(target, s.depth, foldStride(kColumns)) + 64, NAN);
    auto *kernel = run.get<Kernel>(nameOf(s, target));
    for (auto &[mask, edges] : masks()) {
      // What no row sees is poison.
      int64_t seen = 0;
      for (size_t i = 1; i < edges.size(); i += 2)
        seen = std::max<int64_t>(seen, edges[i]);
      std::vector<float> packed(panels * s.depth * 16 + 512, NAN), values(v.size() + 512, NAN);
      for (int64_t c = 0; c < seen; ++c) {
        for (int64_t d = 0; d < s.depth; ++d)
          packed[(c / 16 * s.depth + d) * 16 + c % 16] = k[c * s.depth + d];
        std::copy_n(&v[c * s.width], s.width, &values[c * s.width]);
      }
      auto compute = [&](Kernel *f, int64_t step) {
        std::vector<float> out((kRows + 1) * s.width, -7.0f);
        for (int64_t r = 0; r < kRows; r += step)
          f(q.data(), packed.data(), values.data(), out.data(), scratch.data(), edges.data(), r,
            std::min(r + step, kRows));
        return out;
      };
      std::vector<float> alone = compute(kernel, 1);
      for (int64_t r = 0; r < kRows; ++r) {
        int64_t lo = edges[2 * r], hi = edges[2 * r + 1];
        std::vector<double> p(kColumns), want(s.width);
        double most = -INFINITY, sum = 0;
        for (int64_t c = lo; c < hi; ++c) {
          for (int64_t d = 0; d < s.depth; ++d)
            p[c] += double(q[r * s.depth + d]) * k[c * s.depth + d];
          p[c] *= (s.map ? 2 : 1) / std::sqrt(double(s.depth));
          most = std::max(most, p[c]);
        }
        for (int64_t c = lo; c < hi; ++c)
          sum += p[c] = std::exp(p[c] - most);
        for (int64_t c = lo; c < hi; ++c)
          for (int64_t j = 0; j < s.width; ++j)
            want[j] += p[c] / sum * v[c * s.width + j];
        for (int64_t j = 0; j < s.width; ++j)
          ASSERT_NEAR(alone[r * s.width + j], want[j], 2e-5) << mask << " row " << r << " column " << j;
      }
      for (int64_t step : {2, 3, 5, 7, 13, 14, 15, 16, 17, 29, int(kRows)}) {
        auto tiled = compute(kernel, step);
        for (size_t i = 0; i < alone.size(); ++i)
          ASSERT_EQ(tiled[i], alone[i]) << nameOf(s, target) << " " << mask << " step " << step << " row "
                                        << i / s.width;
      }
      if (target.level == Level::V4) {
        auto narrow = compute(run.get<Kernel>(nameOf(s, Target{Level::V3})), kRows);
        ASSERT_EQ(0, memcmp(narrow.data(), alone.data(), alone.size() * 4)) << mask;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, FoldTest, testing::Values(Level::V2, Level::V3, Level::V4),
                         [](const auto &info) { return Target{info.param}.name().str(); });

} // namespace
