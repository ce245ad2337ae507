// docs/codes: every code that the compiler can say has a page, every page is of a code, and its examples are what they
// say: the wrong one gives this code, in at most two errors, and the right one none.
#include "Sources.h"
#include "dsl/Compile.h"

#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"
#include "gtest/gtest.h"

#include <filesystem>
#include <set>

using namespace rondo;
using namespace rondo::test;
namespace fs = std::filesystem;
using llvm::StringRef;

/// Every code that stands in the compiler's text.
static std::set<std::string> emitted() {
  std::set<std::string> codes;
  llvm::Regex code("\"(R0[0-9][0-9][0-9])\"");
  for (const char *folder : {"dsl", "tools"})
    for (auto &entry : fs::recursive_directory_iterator(fs::path(RONDO_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".cpp")
        continue;
      std::string text = slurp(entry.path());
      llvm::SmallVector<StringRef> found;
      for (StringRef rest = text; code.match(rest, &found); rest = rest.substr(found[0].end() - rest.begin()))
        codes.insert(found[1].str());
    }
  return codes;
}

static std::vector<fs::path> pages() {
  std::vector<fs::path> paths;
  for (auto &entry : fs::directory_iterator(fs::path(RONDO_SOURCE_DIR) / "docs/codes"))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// The code block behind a heading, `\xNN` as the byte.
static std::string example(StringRef page, StringRef heading) {
  StringRef block = page.split(heading).second.split("```\n").second.split("```").first;
  std::string text;
  for (; !block.empty(); block = block.drop_front())
    if (block.consume_front("\\x")) {
      text += static_cast<char>(llvm::hexFromNibbles(block[0], block[1]));
      block = block.drop_front();
    } else {
      text += block.front();
    }
  return text;
}

/// What is said about a source, from its text to its operations.
static Diagnostics &compiled(Compilation &compilation) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  const CheckResult &result = compilation.check();
  if (result.ok && !result.model.empty())
    compilation.lower(context);
  return compilation.diagnostics();
}

TEST(Codes, EachHasItsPage) {
  std::set<std::string> documented;
  for (const fs::path &path : pages())
    documented.insert(path.stem());
  EXPECT_EQ(documented, emitted());
}

class Page : public testing::TestWithParam<fs::path> {};

TEST_P(Page, ShowsWhatItSays) {
  std::string text = slurp(GetParam()), code = GetParam().stem();
  EXPECT_TRUE(StringRef(text).starts_with("# " + code + ": ")) << text;
  Compilation wrong("wrong.rondo", example(text, "\nWrong:\n"));
  Diagnostics &said = compiled(wrong);
  EXPECT_FALSE(said.empty()) << "the wrong example is right";
  EXPECT_LE(said.errors(), 2u) << said.str();
  for (const Diagnostic *d : said.sorted())
    EXPECT_EQ(d->code, code) << said.str();
  Compilation right("right.rondo", example(text, "\nRight:\n"));
  EXPECT_EQ(compiled(right).str(), "");
}

INSTANTIATE_TEST_SUITE_P(All, Page, testing::ValuesIn(pages()),
                         [](const testing::TestParamInfo<fs::path> &info) { return info.param.stem().string(); });
