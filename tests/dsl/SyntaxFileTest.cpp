// The TextMate syntax file colours the words that the lexer and docs/language.md know, and no others.
#include "Sources.h"
#include "dsl/Compile.h"
#include "dsl/Lexer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <set>

using namespace rondo;
using namespace rondo::test;
using llvm::StringRef;
using Words = std::set<std::string>;

/// The words `a|b|c` between the first parentheses of an entry's pattern that hold more than one.
static Words coloured(StringRef entry) {
  static const std::string text = slurp(RONDO_SOURCE_DIR "/tools/editor/rondo.tmLanguage.json");
  static const llvm::Expected<llvm::json::Value> file = llvm::json::parse(text);
  const llvm::json::Object *rule = file->getAsObject()->getObject("repository")->getObject(entry);
  StringRef match = *rule->getString(rule->get("match") ? "match" : "begin");
  while (true) {
    match = match.split('(').second;
    if (match.empty())
      return {};
    StringRef inside = match.take_until([](char c) { return c == ')'; });
    bool words = llvm::all_of(inside, [](char c) { return llvm::isAlpha(c) || c == '_' || c == '|'; });
    if (!words)
      continue;
    llvm::SmallVector<StringRef> parts;
    inside.split(parts, '|');
    Words all;
    for (StringRef part : parts)
      all.insert(part.str());
    return all;
  }
}

static Words joined(std::initializer_list<StringRef> entries) {
  Words all;
  for (StringRef entry : entries)
    all.merge(coloured(entry));
  return all;
}

/// The words in code marks of docs/language.md, from `begin` to `end`.
static Words specified(StringRef begin, StringRef end) {
  static const std::string page = [] {
    std::string text = slurp(RONDO_SOURCE_DIR "/docs/language.md");
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }();
  StringRef rest = StringRef(page).split(begin).second.split(end).first;
  Words all;
  while (rest.contains('`')) {
    llvm::SmallVector<StringRef> parts;
    rest = rest.split('`').second;
    rest.split('`').first.split(parts, ' ');
    rest = rest.split('`').second;
    for (StringRef part : parts)
      if (StringRef word = part.split('(').first;
          !word.empty() && llvm::all_of(word, [](char c) { return llvm::isAlpha(c) || c == '_'; }))
        all.insert(word.str());
  }
  return all;
}

TEST(SyntaxFile, ReservedWordsAreTheLexers) {
  Words words;
  for (unsigned kind = static_cast<unsigned>(Tok::Fn); kind < static_cast<unsigned>(Tok::Binder); ++kind)
    words.insert(spelling(static_cast<Tok>(kind)).str());
  EXPECT_EQ(joined({"function", "control", "logic"}), words);
  Words binders;
  for (unsigned kind = 0; kind <= static_cast<unsigned>(ast::BinderKind::All); ++kind)
    binders.insert(spelling(static_cast<ast::BinderKind>(kind)).str());
  EXPECT_EQ(coloured("binder"), binders);
  words.merge(binders);
  EXPECT_EQ(specified("Reserved: ", "The words of declarations"), words);
}

TEST(SyntaxFile, OtherWordsAreTheSpecifications) {
  EXPECT_EQ(joined({"declaration", "exportWord", "type"}), specified("The words of declarations (", ")"));
  // The first row of the table lists most functions; that the others are known too, the compiler says.
  Words functions = coloured("builtin");
  for (const std::string &word : specified("| of one real |", ";"))
    EXPECT_TRUE(functions.count(word)) << word << " is not coloured";
  for (const std::string &word : joined({"builtin", "truth"})) {
    bool constant = !functions.count(word);
    Compilation compilation("test.rondo", "model M(H = 2) {\n  fn f(x: [H]) {\n    return " + word +
                                              (constant ? "" : "(x)") + "\n  }\n  export f\n}\n");
    compilation.check();
    for (const Diagnostic *d : compilation.diagnostics().sorted())
      EXPECT_NE(d->code, "R0401") << d->message;
  }
}
