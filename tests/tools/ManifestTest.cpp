// A manifest that is not what it should be: refused, before anything is computed from it.
#include "tools/support/Examples.h"
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
