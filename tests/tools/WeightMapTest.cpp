// Map files of `rondo import`: blocks of rows, sums, selected rows, reports of what does not fit.
#include "tools/support/WeightMap.h"
#include <gtest/gtest.h>

using namespace rondo;

static Array counted(llvm::ArrayRef<int64_t> shape, float first = 0) {
  Array array{Element::F32, llvm::SmallVector<int64_t>(shape), {}};
  std::vector<float> values(array.count());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = first + i;
  return Array::ofFloats(shape, values);
}

static WeightMap parse(llvm::StringRef text) {
  auto map = WeightMap::parse("x.map", text);
  EXPECT_TRUE(static_cast<bool>(map));
  return map ? std::move(*map) : WeightMap();
}

static std::string errorOf(llvm::StringRef text) {
  auto map = WeightMap::parse("x.map", text);
  return map ? "" : llvm::toString(map.takeError());
}

TEST(WeightMap, SplitsRowsIntoBlocksByLayer) {
  WeightMap map = parse("weight_ih_l{n} -> rnn.{n}: Wi Wf\n");
  Arrays source = {{"weight_ih_l0", counted({4, 2})}, {"weight_ih_l1", counted({4, 2}, 100)}};
  Shapes model = {{"rnn.0.Wi", {2, 2}}, {"rnn.0.Wf", {2, 2}}, {"rnn.1.Wi", {2, 2}}, {"rnn.1.Wf", {2, 2}}};
  Import import = importWeights(map, source, model);
  EXPECT_TRUE(import.complete());
  EXPECT_EQ(import.weights["rnn.0.Wf"].floats(), (std::vector<float>{4, 5, 6, 7}));
  EXPECT_EQ(import.weights["rnn.1.Wi"].floats(), (std::vector<float>{100, 101, 102, 103}));
}

TEST(WeightMap, SumsBiasesAndLeavesBlocksOut) {
  WeightMap map = parse("a + b -> r: bz _\na -> r: _ ba\nb -> r: _ bb\n");
  Arrays source = {{"a", counted({4})}, {"b", counted({4}, 10)}};
  Import import = importWeights(map, source, {{"r.bz", {2}}, {"r.ba", {2}}, {"r.bb", {2}}});
  EXPECT_TRUE(import.complete());
  EXPECT_EQ(import.weights["r.bz"].floats(), (std::vector<float>{10, 12}));
  EXPECT_EQ(import.weights["r.bb"].floats(), (std::vector<float>{12, 13}));
}

TEST(WeightMap, TransposesReshapesSelectsAndFills) {
  WeightMap map = parse("w -> out.W transposed\nh -> att.Wq reshaped\ne[1] -> seg\n0.5 -> out.b\nignore e\n");
  Arrays source = {{"w", counted({2, 3})}, {"h", counted({4, 2})}, {"e", counted({2, 2})}};
  Import import = importWeights(map, source, {{"out.W", {3, 2}}, {"att.Wq", {2, 2, 2}}, {"seg", {2}}, {"out.b", {3}}});
  EXPECT_TRUE(import.complete());
  EXPECT_EQ(import.weights["out.W"].floats(), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(import.weights["att.Wq"].shape, (llvm::SmallVector<int64_t>{2, 2, 2}));
  EXPECT_EQ(import.weights["seg"].floats(), (std::vector<float>{2, 3}));
  EXPECT_EQ(import.weights["out.b"].floats(), (std::vector<float>{0.5, 0.5, 0.5}));
}

TEST(WeightMap, TablesOfIntegersTakeIntegers) {
  WeightMap map = parse("a -> next\nb -> kind\n");
  Arrays source = {{"a", Array::ofLongs({3}, {4, -1, 2})}, {"b", counted({2})}};
  Shapes model = {{"next", {3}}, {"kind", {2}}};
  Import import = importWeights(map, source, model, {{"next", 0}, {"kind", 2}});
  EXPECT_TRUE(import.complete());
  EXPECT_EQ(import.weights["next"].element, Element::I32);
  EXPECT_EQ(import.weights["next"].ints(), (std::vector<int64_t>{4, -1, 2}));
  EXPECT_EQ(import.weights["kind"].ints(), (std::vector<int64_t>{0, 1}));
  // Not below the bound; too large to be sure of; reals take no integers.
  EXPECT_EQ(importWeights(map, source, model, {{"next", 4}, {"kind", 2}}).wrong,
            (std::vector<std::string>{
                "x.map:1: next holds whole numbers from 0 to 3 in the model, and 4 comes from the file"}));
  source["a"] = Array::ofLongs({3}, {16777217, 0, 0});
  for (int64_t bound : {0, 1 << 25})
    EXPECT_EQ(importWeights(map, source, model, {{"next", bound}, {"kind", 2}}).wrong.size(), 1u);
  EXPECT_EQ(importWeights(map, source, model, {{"kind", 2}}).wrong,
            (std::vector<std::string>{"x.map:1: a holds i64, not reals"}));
}

TEST(WeightMap, ReportsWhatDoesNotFit) {
  WeightMap map = parse("a -> x\nb -> r: p _\n");
  Arrays source = {{"a", counted({3})}, {"b", counted({4})}, {"c", counted({1})}};
  Import import = importWeights(map, source, {{"x", {2}}, {"r.p", {2}}, {"y", {5}}});
  ASSERT_EQ(import.wrong.size(), 1u);
  EXPECT_EQ(import.wrong[0], "x.map:1: x is [2] in the model, and [3] comes from the file");
  EXPECT_EQ(import.missing, std::vector<std::string>{"y [5]"});
  EXPECT_EQ(import.unused, (std::vector<std::string>{"b [4]: rows 2..3", "c [1]"}));
}

TEST(WeightMap, RefusesWhatItCannotRead) {
  EXPECT_EQ(errorOf("\na = b"), "x.map:2: `NAME -> name` or `ignore NAME` is expected");
  EXPECT_EQ(errorOf("a -> b c"),
            "x.map:1: after `b` may stand `transposed` or `reshaped`, not `c`; several names need a colon before them");
  EXPECT_EQ(errorOf("a[x] -> b"), "x.map:1: `a[x]`: in brackets stands one index of the leading axis");
  EXPECT_EQ(errorOf("a ->"), "x.map:1: behind -> the model's names are expected");
}

TEST(WeightMap, NamesAreNotMixedUp) {
  // `weight_l{n}` is a whole number: the reverse direction is another line.
  WeightMap map = parse("weight_l{n} -> f.{n}.W\nweight_l{n}_reverse -> b.{n}.W\n");
  Arrays source = {{"weight_l0", counted({1})}, {"weight_l0_reverse", counted({1}, 7)}};
  Import import = importWeights(map, source, {{"f.0.W", {1}}, {"b.0.W", {1}}});
  EXPECT_TRUE(import.complete());
  EXPECT_EQ(import.weights["b.0.W"].floats(), std::vector<float>{7});
}
