// Products against a chain of multiply-adds written out in C: equal in bits for every number of rows, tile height,
// split over a team, gates and place of the rows. On v2 the chain multiplies and adds.
#include "codegen/cpu/Product.h"
#include "tests/codegen/TestRun.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace rondo;

namespace {

constexpr int64_t kDepth = 37, kCopied = 32, kRowsMax = 64;

struct Case {
  int64_t panels, gates;
  Product::Split split;
  bool table, dynamicDepth;
  bool copied = false;
  int64_t depth() const { return copied ? kCopied : kDepth; }
};

std::string nameOf(const Case &c, Target t) {
  return ("p" + llvm::Twine(c.panels) + "g" + llvm::Twine(c.gates) + "s" + llvm::Twine(int(c.split)) +
          (c.table ? "t" : "") + (c.dynamicDepth ? "d" : "") + (c.copied ? "c" : "") + t.name())
      .str();
}

/// (A, B, C, table, copy, M, K, tid, threads): C[row][gate sums of each unit], accumulated onto C to show that every
/// strip is finished once.
void addCase(TestRun &run, const Case &c, Target target) {
  run.function(nameOf(c, target), 5, 4, target, [&](Emit &e, ValueRange args) {
    Product p;
    p.rows = args[5];
    p.panels = c.panels;
    p.gates = c.gates;
    p.extents = {c.dynamicDepth ? args[6] : e.index(c.depth())};
    p.strideA = {1};
    p.strideB = {1};
    p.blockRows = 28;
    auto row = [&](Value i, int64_t ahead) -> Value {
      if (!c.table)
        return e.at(e.at(args[0], e.mul(i, kDepth)), ahead * kDepth);
      Value at = e.loadAs(e.b.getI32Type(), e.at(args[3], e.add(i, ahead)));
      return e.at(args[0], arith::IndexCastOp::create(e.b, e.loc, e.b.getIndexType(), at));
    };
    auto panel = [&](Value p, int64_t ahead) {
      return e.at(e.at(args[1], e.mul(p, c.depth() * kLanes)), ahead * c.depth() * kLanes);
    };
    auto finish = [&](Value row, Value unit, ArrayRef<Value> sums) {
      for (auto [g, sum] : llvm::enumerate(sums)) {
        Value column = e.add(e.mul(unit, c.gates * kLanes), g * kLanes);
        Value at = e.at(args[2], e.add(e.mul(row, c.panels * kLanes), column));
        e.store(e.addf(e.loadVec(at), sum), at);
      }
    };
    p.rowOfA = row;
    p.panelOfB = panel;
    p.finish = finish;
    p.split = c.split;
    p.tid = args[7];
    p.threads = args[8];
    if (c.copied) {
      p.copy = args[4];
      p.copyDepth = kCopied;
    }
    emitProduct(e, p);
  });
}

using Kernel = void(const float *, const float *, float *, const int32_t *, float *, int64_t, int64_t, int64_t,
                    int64_t);

std::vector<Case> cases() {
  std::vector<Case> list;
  for (int64_t panels : {1, 2, 3, 5, 7, 8, 9, 16})
    list.push_back({panels, 1, Product::Auto, false, false});
  for (int64_t gates : {2, 3, 4, 6})
    list.push_back({gates * 3, gates, Product::Columns, false, false});
  list.push_back({4, 1, Product::Rows, true, false});
  list.push_back({4, 2, Product::Columns, true, true});
  list.push_back({5, 1, Product::Rows, false, true});
  list.push_back({5, 1, Product::Rows, false, false, true});
  list.push_back({8, 4, Product::Columns, true, false, true});
  return list;
}

class ProductTest : public testing::TestWithParam<Level> {};

TEST_P(ProductTest, BitsOfOneChain) {
  Target target{GetParam()};
  if (!runsHere(target.level))
    GTEST_SKIP() << "this CPU lacks " << target.cpu().str();
  TestRun run;
  for (const Case &c : cases())
    addCase(run, c, target);
  ASSERT_TRUE(run.load());
  llvm::outs() << cases().size() << " products compiled in " << int(run.compileSeconds * 1000) << " ms\n";

  std::vector<float> a(kRowsMax * kDepth + 64);
  for (size_t i = 0; i < a.size(); ++i)
    a[i] = std::sin(1.7 * i);
  std::vector<int32_t> table(kRowsMax + 1);
  for (int64_t i = 0; i < kRowsMax; ++i)
    table[i] = (i * 29 % kRowsMax) * kDepth;
  for (const Case &c : cases()) {
    std::vector<float> b((c.panels * c.depth() + 64) * kLanes);
    for (size_t i = 0; i < b.size(); ++i)
      b[i] = std::cos(2.3 * i);
    int64_t columns = c.panels * kLanes;
    std::vector<float> want(kRowsMax * columns);
    for (int64_t i = 0; i < kRowsMax; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        float sum = 0;
        for (int64_t k = 0; k < c.depth(); ++k) {
          float x = a[(c.table ? table[i] : i * kDepth) + k], y = b[(j / kLanes * c.depth() + k) * kLanes + j % kLanes];
          sum = target.hasFma() ? std::fma(x, y, sum) : sum + x * y;
        }
        want[i * columns + j] = sum;
      }
    auto *kernel = run.get<Kernel>(nameOf(c, target));
    for (int64_t rows = 0; rows <= kRowsMax; ++rows)
      for (int64_t threads : {1, 2, 3}) {
        if (threads > 1 && rows % 5)
          continue;
        std::vector<float> got((kRowsMax + 1) * columns, 0.0f), copy(productCopyFloats(kCopied));
        for (int64_t tid = 0; tid < threads; ++tid)
          kernel(a.data(), b.data(), got.data(), table.data(), copy.data(), rows, kDepth, tid, threads);
        for (int64_t i = 0; i < (kRowsMax + 1) * columns; ++i)
          ASSERT_EQ(got[i], i < rows * columns ? want[i] : 0.0f)
              << nameOf(c, target) << " rows " << rows << " threads " << threads << " at " << i / columns << ", "
              << i % columns;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, ProductTest, testing::Values(Level::V2, Level::V3, Level::V4),
                         [](const auto &info) { return Target{info.param}.name().str(); });

TEST(SplitRows, NearEqual) {
  EXPECT_EQ(splitRows(32, 14), (SmallVector<int64_t>{11, 11, 10}));
  EXPECT_EQ(splitRows(14, 14), (SmallVector<int64_t>{14}));
  EXPECT_TRUE(splitRows(0, 14).empty());
}

} // namespace
