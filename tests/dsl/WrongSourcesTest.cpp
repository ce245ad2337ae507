// Wrong sources and what is said about them: tests/dsl/wrong/NAME.rondo, NAME.expected beside it.
// RONDO_UPDATE_EXPECTED=1 writes the second from what is said now; look at the difference before committing it.
#include "dsl/Diagnostics.h"
#include "dsl/Parser.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace rondo;
namespace fs = std::filesystem;

static std::string slurp(const fs::path &path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

static std::vector<std::string> names() {
  std::vector<std::string> names;
  for (auto &entry : fs::directory_iterator(RONDO_WRONG_DIR))
    if (entry.path().extension() == ".rondo")
      names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class WrongSource : public testing::TestWithParam<std::string> {};

TEST_P(WrongSource, SaysWhatIsExpected) {
  fs::path path = fs::path(RONDO_WRONG_DIR) / (GetParam() + ".rondo"), expected = path;
  expected.replace_extension(".expected");
  Source source(path.filename(), slurp(path));
  Diagnostics diagnostics;
  parse(source, diagnostics);
  ASSERT_TRUE(diagnostics.hasErrors()) << "nothing is said about " << path;
  if (getenv("RONDO_UPDATE_EXPECTED"))
    std::ofstream(expected) << diagnostics.str();
  EXPECT_EQ(diagnostics.str(), slurp(expected));
}

INSTANTIATE_TEST_SUITE_P(All, WrongSource, testing::ValuesIn(names()), [](auto &info) { return info.param; });

TEST(WrongSources, AreMany) { EXPECT_GE(names().size(), 30u); }
