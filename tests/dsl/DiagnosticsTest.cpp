// How messages are shown.
#include "dsl/Diagnostics.h"

#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace rondo;

static Range find(const Source &source, const char *what, size_t from = 0) {
  size_t begin = source.text.find(what, from);
  return {&source, uint32_t(begin), uint32_t(begin + strlen(what))};
}

TEST(Diagnostics, MarksSeveralPlacesOfALine) {
  Source source("lm.rondo", "\n\n i[t] = sigmoid(Wi @ x[t] + Ui @ h[t-1] + bi)\n");
  Diagnostics d;
  d.error("R0203", find(source, "Wi"), "sizes differ in `Wi @ x[t]`")
      .label(find(source, "x[t]"), "`x[t]` has H = 512")
      .label(find(source, "Wi"), "`Wi` has second axis E = 256, from line 5")
      .suggest("line 5: `lstm(512, H)`");
  EXPECT_EQ(d.str(), "lm.rondo:3:17: error[R0203]: sizes differ in `Wi @ x[t]`\n"
                     "  3 |  i[t] = sigmoid(Wi @ x[t] + Ui @ h[t-1] + bi)\n"
                     "    |                 ^^   ^^^^ `x[t]` has H = 512\n"
                     "    |                 `Wi` has second axis E = 256, from line 5\n"
                     " help: line 5: `lstm(512, H)`\n");
}

TEST(Diagnostics, SeveralLinesAndFiles) {
  Source a("a.rondo", "one\ntwo\nthree\n"), b("std/b.rondo", "else\n");
  Diagnostics d;
  d.error("R0301", find(a, "two"), "`next` cannot stream")
      .label(find(b, "else"), "here")
      .label(find(a, "three"), "there")
      .note("a < b < c", "path")
      .note("plain");
  d.warning("R0999", find(a, "one"), "first in the text, first shown");
  EXPECT_EQ(d.str(), "a.rondo:1:1: warning[R0999]: first in the text, first shown\n"
                     "  1 | one\n"
                     "    | ^^^\n"
                     "\n"
                     "a.rondo:2:1: error[R0301]: `next` cannot stream\n"
                     "  2 | two\n"
                     "    | ^^^\n"
                     "  3 | three\n"
                     "    | ^^^^^ there\n"
                     " in std/b.rondo:\n"
                     "  1 | else\n"
                     "    | ^^^^ here\n"
                     " path: a < b < c\n"
                     " note: plain\n");
  EXPECT_EQ(d.errors(), 1u);
}

TEST(Diagnostics, WithoutAPlace) {
  Diagnostics d;
  d.error("R0100", {}, "cannot read the file");
  EXPECT_EQ(d.str(), "error[R0100]: cannot read the file\n");
}

TEST(Diagnostics, OfManyTheFirstAreShown) {
  Diagnostics d;
  for (unsigned i = 0; i < Diagnostics::mostShown; ++i)
    d.error("R0401", {}, "error " + std::to_string(i));
  EXPECT_TRUE(llvm::StringRef(d.str()).ends_with("error[R0401]: error 19\n"));
  d.error("R0401", {}, "one too many");
  d.error("R0401", {}, "another");
  llvm::StringRef end = "error[R0401]: error 19\n\n2 more not shown: first mend these (`rondo check --json` has all)\n";
  EXPECT_TRUE(llvm::StringRef(d.str()).ends_with(end)) << d.str();
  EXPECT_EQ(d.errors(), Diagnostics::mostShown + 2);
}

TEST(Diagnostics, LongLinesAreCut) {
  Source source("long.rondo", std::string(5000, 'x') + " here " + std::string(5000, 'y'));
  Diagnostics d;
  d.error("R0100", find(source, "here"), "long");
  std::string text = d.str();
  EXPECT_LT(text.size(), 600u);
  // The caret stands under the word.
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n');
  EXPECT_EQ(lines[1].find("here"), lines[2].find("^^^^"));
}

TEST(Diagnostics, TabsAndWideCharactersKeepColumns) {
  Source source("t.rondo", "\ta = ≤ b\n");
  Diagnostics d;
  d.error("R0101", find(source, "≤"), "sign");
  EXPECT_EQ(d.str(), "t.rondo:1:6: error[R0101]: sign\n"
                     "  1 |  a = ≤ b\n"
                     "    |      ^\n");
}

TEST(Diagnostics, Json) {
  Source source("a.rondo", "one\n");
  Diagnostics d;
  d.error("R0101", find(source, "one"), "bad").suggest("good");
  std::string text;
  llvm::raw_string_ostream os(text);
  d.printJSON(os);
  EXPECT_NE(text.find("\"code\": \"R0101\""), std::string::npos);
  EXPECT_NE(text.find("\"help\": \"good\""), std::string::npos);
  EXPECT_NE(text.find("\"end_column\": 4"), std::string::npos);
}
