// Right sources with a word exchanged, left out or put in: whatever comes out, the front end neither crashes nor fails
// without a word, and what it accepts becomes operations that verify. RONDO_MUTATIONS=20000 tries more than the few
// here.
#include "dsl/Compile.h"
#include "dsl/Lexer.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

using namespace rondo;
namespace fs = std::filesystem;

namespace {

struct Text {
  std::string text;
  std::vector<Token> tokens; // without the end
  std::string word(const Token &t) const { return text.substr(t.begin, t.end - t.begin); }
};

std::vector<Text> readAll() {
  std::vector<fs::path> paths;
  for (const char *folder : {"/models", "/tests/dsl/right"})
    for (auto &entry : fs::directory_iterator(RONDO_SOURCE_DIR + std::string(folder)))
      if (entry.path().extension() == ".rondo")
        paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Text> texts;
  for (const fs::path &path : paths) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    Source source(path, text.str());
    Diagnostics diagnostics;
    texts.push_back({text.str(), lex(source, diagnostics).list});
    texts.back().tokens.pop_back();
  }
  return texts;
}

std::string mutate(const Text &from, std::mt19937 &random) {
  auto any = [&]() -> const Token & { return from.tokens[random() % from.tokens.size()]; };
  std::vector<Token> places = {any()};
  if (random() % 2)
    places.push_back(any());
  std::sort(places.begin(), places.end(), [](auto &a, auto &b) { return a.begin > b.begin; });
  std::string text = from.text;
  for (const Token &t : places) {
    std::string other = from.word(any());
    // Most often by a word of the same kind: what comes out still reads, and is wrong further in.
    if (random() % 4)
      for (int tries = 0; tries < 50; ++tries)
        if (const Token &o = any(); o.kind == t.kind && from.word(o) != from.word(t)) {
          other = from.word(o);
          break;
        }
    switch (random() % 8) {
    case 0:
      text.erase(t.begin, t.end - t.begin);
      break;
    case 1:
      text.insert(t.begin, other + " ");
      break;
    default:
      text.replace(t.begin, t.end - t.begin, other);
    }
  }
  return text;
}

} // namespace

TEST(Mutations, AreUnderstoodOrRefusedAloud) {
  std::vector<Text> texts = readAll();
  ASSERT_FALSE(texts.empty());
  const char *wish = getenv("RONDO_MUTATIONS");
  int count = wish ? atoi(wish) : 300, accepted = 0;
  std::mt19937 random(2026);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  for (int i = 0; i < count; ++i) {
    std::string text = mutate(texts[random() % texts.size()], random);
    SCOPED_TRACE("mutation " + std::to_string(i) + ":\n" + text);
    Compilation compilation("mutation.rondo", text);
    const CheckResult &result = compilation.check();
    ASSERT_EQ(result.ok, !compilation.diagnostics().hasErrors()) << compilation.diagnostics().str();
    if (!result.ok)
      continue;
    ++accepted;
    if (std::none_of(result.exports.begin(), result.exports.end(), [](auto &e) { return e.built; }))
      continue;
    auto module = compilation.lower(context);
    ASSERT_EQ(bool(module), !compilation.diagnostics().hasErrors()) << compilation.diagnostics().str();
    if (module)
      ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
  }
  EXPECT_GT(accepted, 0);
}
