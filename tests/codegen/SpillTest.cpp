// Spills are silent and cost a quarter to a half of the speed: no vector register may go to the stack in a product.
#include "codegen/cpu/Product.h"
#include "tests/codegen/TestRun.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rondo;

namespace {

int64_t spills(Target target, int64_t panels, int64_t gates) {
  TestRun run;
  const int64_t depth = 256;
  run.function("product", 3, 1, target, [&](Emit &e, ValueRange args) {
    Product p;
    p.rows = args[3];
    p.panels = panels;
    p.gates = gates;
    p.extents = {e.index(depth)};
    p.strideA = p.strideB = {1};
    auto row = [&](Value i, int64_t ahead) { return e.at(e.at(args[0], e.mul(i, depth)), ahead * depth); };
    auto panel = [&](Value q, int64_t ahead) {
      return e.at(e.at(args[1], e.mul(q, depth * kLanes)), ahead * depth * kLanes);
    };
    auto finish = [&](Value row, Value unit, ArrayRef<Value> sums) {
      Value sum = sums.front();
      for (Value v : sums.drop_front())
        sum = e.mulf(sum, v);
      e.store(sum, e.at(args[2], e.add(e.mul(row, panels / gates * kLanes), e.mul(unit, kLanes))));
    };
    p.rowOfA = row;
    p.panelOfB = panel;
    p.finish = finish;
    emitProduct(e, p);
  });
  std::string text = run.assembly();
  EXPECT_FALSE(text.empty());
  int64_t count = 0, multiplies = 0;
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    bool vector = line.contains(target.is512() ? "%zmm" : "%ymm");
    count += vector && line.contains("(%rsp)");
    multiplies += line.contains("vfmadd");
  }
  EXPECT_GT(multiplies, 0);
  return count;
}

TEST(Spills, NoneInProducts) {
  for (int64_t panels : {2, 3, 5, 32})
    EXPECT_EQ(spills(Target{Level::V4}, panels, 1), 0) << panels << " panels";
  for (int64_t gates : {2, 3, 4})
    EXPECT_EQ(spills(Target{Level::V4}, gates * 8, gates), 0) << gates << " gates";
  for (int64_t panels : {1, 32})
    EXPECT_EQ(spills(Target{Level::V3}, panels, 1), 0) << panels << " panels on v3";
}

} // namespace
