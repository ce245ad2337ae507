// A manifest that is not what it should be: refused, before anything is computed from it. And inputs that are not what
// a manifest says.
#include "tools/support/Examples.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace rondo;

static std::string refusal(const std::string &exports) {
  auto library = CompiledLibrary::fromManifest(R"({"axes": ["T"], "exports": )" + exports + "}");
  return library ? "" : llvm::toString(library.takeError());
}

static std::string withInput(const std::string &input) {
  return R"([{"name": "f", "axes": [{"name": "T", "least": 1, "max": 0}], "inputs": [{"name": "x", )" + input +
         R"(}], "results": []}])";
}

TEST(Manifest, Refusals) {
  EXPECT_EQ(refusal(withInput(R"("element": "f32", "axes": ["T"], "shape": [3])")), "");
  EXPECT_NE(refusal("3").find("exports"), std::string::npos);
  EXPECT_NE(refusal(withInput(R"("axes": ["S"])")).find("names an axis that the fn has not"), std::string::npos);
  EXPECT_NE(refusal(withInput(R"("axes": [7])")).find("names an axis"), std::string::npos);
  EXPECT_NE(refusal(withInput(R"("element": "i32", "axes": ["T"], "bound": "S")")).find("bounded by an axis"),
            std::string::npos);
  EXPECT_NE(refusal(withInput(R"("axes": ["T"], "shape": [-1])")).find("no shape"), std::string::npos);
  EXPECT_NE(refusal(withInput(R"("axes": ["T"], "shape": [4294967296, 4294967296])")).find("no shape"),
            std::string::npos);
  EXPECT_NE(refusal(std::string(100000, '[')).find("nested"), std::string::npos);
}

// Numbers that no int32_t holds are refused, not cut.
TEST(Manifest, IdsOf32Bits) {
  auto library =
      CompiledLibrary::fromManifest(R"({"axes": ["T"], "exports": )" +
                                    withInput(R"("element": "i32", "axes": ["T"], "shape": [], "bound": 9)") + "}");
  ASSERT_TRUE(bool(library));
  const Signature &fn = (*library)->exports[0];
  for (const char *line : {R"({"x": [4294967297]})", R"({"x": [1e300]})", R"({"x": [0.5]})"}) {
    auto batch = batchFromJson(fn, {llvm::StringRef(line)}, 1);
    ASSERT_FALSE(bool(batch)) << line;
    EXPECT_NE(llvm::toString(batch.takeError()).find("32 bits"), std::string::npos) << line;
  }
  auto batch = batchFromArrays(fn, {{"x", Array::ofLongs({1}, {(1ll << 32) + 1})}});
  ASSERT_FALSE(bool(batch));
  EXPECT_NE(llvm::toString(batch.takeError()).find("32 bits"), std::string::npos);
}

// y is over an axis that the model makes of T: a batch of another length would be read beyond its end.
static const char made[] = R"([{"name": "f", "axes": [{"name": "T", "least": 1, "max": 0}],
    "made_axes": [{"name": "2*T", "constant": 0, "divisor": 1, "factors": [2]}],
    "inputs": [{"name": "x", "element": "f32", "axes": ["T"], "shape": [3]},
               {"name": "y", "element": "f32", "axes": ["2*T"], "shape": [], "default": 7}],
    "results": [{"name": "z", "element": "f32", "axes": ["T"], "shape": []}]}])";

TEST(Examples, JsonLines) {
  auto library = CompiledLibrary::fromManifest(std::string(R"({"axes": ["T"], "exports": )") + made + "}");
  ASSERT_TRUE(bool(library));
  const Signature &fn = (*library)->exports[0];
  auto read = [&](const char *line) { return batchFromJson(fn, {llvm::StringRef(line)}, 1); };
  auto whole = read(R"({"x": [[1, 2, 3]], "y": [4, 5]})"), left = read(R"({"x": [[1, 2, 3]]})");
  ASSERT_TRUE(whole && left);
  EXPECT_EQ(whole->inputs[1].floats(), (std::vector<float>{4, 5}));
  EXPECT_EQ(left->inputs[1].floats(), (std::vector<float>{7, 7}));
  for (auto [line, says] : {std::pair(R"({"x": [[1, 2, 3]], "y": [4]})", "has 1 along 2*T, and 2 is needed"),
                            {R"({"x": [[1, 2, 3]], "y": [4, 5, 6]})", "has 3 along 2*T, and 2 is needed"},
                            {R"({"x": [[1, 2, 3]], "Y": [4, 5]})", "`Y` is no input of f, which has: x, y"},
                            {R"({"x": [[], []]})", "\"x\" has 0 numbers, and 6 are expected"},
                            {" ", "line 1 is empty"},
                            {R"({"x": [[1, 2, 1e39]]})", "1e+39 is more than f32 has"}}) {
    auto batch = read(line);
    ASSERT_FALSE(bool(batch)) << line;
    EXPECT_NE(llvm::toString(batch.takeError()).find(says), std::string::npos) << line;
  }
}

// Of no rows nothing tells how long they would be but another input.
TEST(Examples, NothingOverTwoAxes) {
  auto library = CompiledLibrary::fromManifest(
      R"({"axes": ["T", "S"], "exports": [{"name": "f", "axes": [{"name": "T", "least": 0}, {"name": "S", "least": 0}],
          "inputs": [{"name": "a", "element": "f32", "axes": ["T", "S"], "shape": []},
                     {"name": "y", "element": "f32", "axes": ["S"], "shape": []}], "results": []}]})");
  ASSERT_TRUE(bool(library));
  const Signature &fn = (*library)->exports[0];
  auto batch = batchFromJson(fn, {R"({"a": [], "y": [1, 2]})", R"({"a": [[], []], "y": []})"}, 1);
  ASSERT_TRUE(bool(batch)) << llvm::toString(batch.takeError());
  EXPECT_EQ(batch->lengths, (std::vector<std::vector<int64_t>>{{0, 2}, {2, 0}}));
  auto wrong = batchFromJson(fn, {R"({"a": [[], []], "y": [1]})"}, 1);
  EXPECT_NE(llvm::toString(wrong.takeError()).find("another input has 0"), std::string::npos);
}

TEST(Examples, Arrays) {
  auto library = CompiledLibrary::fromManifest(std::string(R"({"axes": ["T"], "exports": )") + made + "}");
  ASSERT_TRUE(bool(library));
  const Signature &fn = (*library)->exports[0];
  Array ends = Array::ofLongs({3}, {0, 1, 2}), x = Array::ofFloats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_TRUE(bool(batchFromArrays(fn, {{"T.offsets", ends}, {"x", x}, {"z", Array::ofFloats({2}, {0, 0})}})));
  EXPECT_TRUE(bool(batchFromArrays(fn, {{"x", x}})));
  Array huge{Element::F64, {2, 3}, std::vector<char>(48)};
  const double large = 1e300;
  std::memcpy(huge.bytes.data(), &large, sizeof large);
  for (auto [arrays, says] : {std::pair(Arrays{{"T.offsets", ends}, {"x", Array::ofFloats({3, 2}, x.floats())}},
                                        "x has shape [3, 2], and 2 rows of [3] are expected"),
                              {Arrays{{"T.offsets", ends}, {"x", Array::ofFloats({6}, x.floats())}}, "has shape [6]"},
                              {Arrays{{"t.offsets", ends}, {"x", x}}, "`t.offsets` is no input of f"},
                              {Arrays{{"x", x}, {"Y", x}}, "`Y` is no input of f"},
                              {Arrays{{"x", huge}}, "1e+300 is more than f32 has"}}) {
    auto batch = batchFromArrays(fn, arrays);
    ASSERT_FALSE(bool(batch)) << says;
    EXPECT_NE(llvm::toString(batch.takeError()).find(says), std::string::npos) << says;
  }
}
