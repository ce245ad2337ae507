// Wrong sources and what is said about them: tests/dsl/wrong/NAME.rondo, NAME.expected beside it. And right ones, in
// tests/dsl/right and models, about which nothing is said.
// RONDO_UPDATE_EXPECTED=1 writes the second from what is said now; look at the difference before committing it.
#include "Sources.h"
#include "dsl/Compile.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace rondo;
using namespace rondo::test;
namespace fs = std::filesystem;

/// "models/torch/lstm.rondo" as "models_torch_lstm".
static std::string caseName(const testing::TestParamInfo<fs::path> &info) {
  std::string name = fs::relative(info.param, RONDO_SOURCE_DIR).replace_extension();
  std::replace_if(name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
  return name;
}

class WrongSource : public testing::TestWithParam<fs::path> {};

TEST_P(WrongSource, SaysWhatIsExpected) {
  fs::path path = GetParam(), expected = path;
  expected.replace_extension(".expected");
  Compilation compilation(path.filename(), slurp(path));
  compilation.check();
  Diagnostics &diagnostics = compilation.diagnostics();
  ASSERT_FALSE(diagnostics.empty()) << "nothing is said about " << path;
  if (getenv("RONDO_UPDATE_EXPECTED"))
    std::ofstream(expected) << diagnostics.str();
  EXPECT_EQ(diagnostics.str(), slurp(expected));
}

INSTANTIATE_TEST_SUITE_P(All, WrongSource, testing::ValuesIn(sources({"tests/dsl/wrong"})), caseName);

TEST(WrongSources, AreMany) { EXPECT_GE(sources({"tests/dsl/wrong"}).size(), 100u); }

class RightSource : public testing::TestWithParam<fs::path> {};

TEST_P(RightSource, IsAccepted) {
  Compilation compilation(GetParam().filename(), slurp(GetParam()));
  EXPECT_TRUE(compilation.check().ok);
  EXPECT_EQ(compilation.diagnostics().str(), "");
  bool built = std::any_of(compilation.check().exports.begin(), compilation.check().exports.end(),
                           [](const ExportInfo &info) { return info.built; });
  if (!built)
    return;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = compilation.lower(context);
  ASSERT_TRUE(module) << compilation.diagnostics().str();
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
}

INSTANTIATE_TEST_SUITE_P(Forms, RightSource, testing::ValuesIn(sources({"tests/dsl/right"})), caseName);
INSTANTIATE_TEST_SUITE_P(Models, RightSource, testing::ValuesIn(sources({"models"})), caseName);
