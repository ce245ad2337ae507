// The specification by example. A source says which rule of docs/language.md it shows by a comment that quotes it:
//
//     # rule: Two lags need two values or `_`.
//
// Right sources (tests/dsl/right) show it, wrong ones (tests/dsl/wrong) show it refused; every sentence of the
// specification is quoted, and every rule (a paragraph, an item of a list, a row of a table) by both kinds. So a
// sentence that is changed needs its sources looked at. In tests/dsl/right/rules a line `# f([1, 2], 3) = [4, 5]` is
// run by the interpreter; the values are worked out by hand.
#include "Compiled.h"
#include "Sources.h"

#include "ir/interp/Init.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

#include <filesystem>

using namespace rondo;
using namespace rondo::test;
using llvm::StringRef;
namespace fs = std::filesystem;

namespace {

/// One space between words, no bold type.
std::string plain(StringRef text) {
  std::string flat;
  for (size_t i = 0; i < text.size(); ++i)
    if (text.substr(i).starts_with("**"))
      ++i;
    else if (!isspace(text[i]))
      flat += text[i];
    else if (!flat.empty() && flat.back() != ' ')
      flat += ' ';
  return StringRef(flat).trim().str();
}

/// A paragraph, an item of a list or a row of a table.
struct Rule {
  std::string section, text;
  bool shown = false, refused = false;
};

/// The sections that say what a program is and means; the others are about files, messages and what is to come.
std::vector<Rule> rulesOf(StringRef page) {
  const llvm::StringSet<> sections = {"Text",           "Grammar",   "Declarations",
                                      "Types and axes", "Equations", "Built-in functions"};
  std::vector<Rule> rules;
  std::string section;
  bool code = false, open = false;
  for (StringRef line : llvm::split(page, '\n')) {
    if (line.starts_with("```")) {
      code = !code;
      open = false;
    } else if (line.consume_front("## ")) {
      section = line.str();
      open = false;
    } else if (code || !sections.contains(section) || line.trim().empty() || line.starts_with("| | |") ||
               line.starts_with("|---")) {
      open = false;
    } else {
      StringRef rest = line;
      bool row = rest.consume_front("| "), item = rest.consume_front("* ");
      if (StringRef number = rest.take_while(isdigit);
          !number.empty() && rest.substr(number.size()).consume_front(". ")) {
        rest = rest.drop_front(number.size() + 2);
        item = true;
      }
      if (!open || row || item)
        rules.push_back({section, ""});
      rules.back().text += (rules.back().text.empty() ? "" : " ") + rest.str();
      open = true;
    }
  }
  for (Rule &rule : rules)
    rule.text = plain(rule.text);
  return rules;
}

std::vector<std::string> quotesOf(const std::string &source) {
  std::vector<std::string> quotes;
  for (StringRef line : llvm::split(source, '\n'))
    if (line = line.ltrim(); line.consume_front("# rule: "))
      quotes.push_back(plain(line));
  return quotes;
}

/// Rules that only say what happens: there is nothing to refuse.
const char *const kNothingToRefuse[] = {
    "A comment begins with",
    "`rondo fmt FILES`",
    "Elements beyond an example's length do not exist",
};

class Specification {
public:
  std::vector<Rule> rules = rulesOf(slurp(RONDO_SOURCE_DIR "/docs/language.md"));
  std::vector<std::string> quotes;

  void readSources(const char *folder, bool Rule::*seen) {
    for (const fs::path &path : sources({folder}))
      for (const std::string &quote : quotesOf(slurp(path))) {
        bool found = false;
        for (Rule &rule : rules)
          if (StringRef(rule.text).contains(quote))
            found = rule.*seen = true;
        EXPECT_TRUE(found) << path << " quotes what docs/language.md does not say: " << quote;
        quotes.push_back(quote);
      }
  }
};

} // namespace

TEST(Rules, EachIsShownAndRefused) {
  Specification spec;
  ASSERT_GE(spec.rules.size(), 50u);
  spec.readSources("tests/dsl/right", &Rule::shown);
  spec.readSources("tests/dsl/wrong", &Rule::refused);
  for (const Rule &rule : spec.rules) {
    EXPECT_TRUE(rule.shown) << rule.section << ": no right source shows\n  " << rule.text;
    bool refusable =
        llvm::none_of(kNothingToRefuse, [&](const char *begin) { return StringRef(rule.text).starts_with(begin); });
    EXPECT_TRUE(rule.refused || !refusable) << rule.section << ": no wrong source is refused by\n  " << rule.text;
    llvm::SmallVector<StringRef> sentences;
    StringRef(rule.text).split(sentences, ". ");
    for (StringRef sentence : sentences) {
      sentence = sentence.rtrim('.');
      if (!sentence.contains(' ')) // the word in front
        continue;
      bool quoted = llvm::any_of(spec.quotes, [&](StringRef quote) {
        return quote.contains(sentence) ||
               (sentence.contains(quote.rtrim('.')) && StringRef(rule.text).contains(quote));
      });
      EXPECT_TRUE(quoted) << rule.section << ": no source quotes\n  " << sentence.str();
    }
  }
}

namespace {

/// Nested lists as a tensor; `shape` gives what an empty list does not show.
Tensor tensorOf(const llvm::json::Value &value, llvm::ArrayRef<int64_t> shape) {
  Tensor tensor;
  const llvm::json::Value *first = &value;
  for (int64_t size : shape) {
    const llvm::json::Array *list = first ? first->getAsArray() : nullptr;
    tensor.shape.push_back(list ? list->size() : mlir::ShapedType::isDynamic(size) ? 0 : size);
    first = list && !list->empty() ? &list->front() : nullptr;
  }
  auto flatten = [&](auto &self, const llvm::json::Value &v) -> void {
    if (auto *list = v.getAsArray())
      for (const llvm::json::Value &each : *list)
        self(self, each);
    else
      tensor.data.push_back(v.getAsNumber().value_or(NAN));
  };
  flatten(flatten, value);
  EXPECT_EQ(int64_t(tensor.data.size()), tensor.size()) << "not a rectangle";
  return tensor;
}

/// "1, [2, inf]" as values; infinities are numbers that no example has.
llvm::json::Array valuesOf(StringRef text) {
  std::string list = "[";
  for (size_t at; (at = text.find("inf")) != StringRef::npos; text = text.substr(at + 3))
    list += (text.take_front(at) + "1e300").str();
  auto parsed = llvm::json::parse(list + text.str() + "]");
  EXPECT_TRUE(bool(parsed)) << text.str() << ": " << llvm::toString(parsed.takeError());
  return parsed ? std::move(*parsed->getAsArray()) : llvm::json::Array();
}

class RuleExamples : public testing::TestWithParam<fs::path> {};

TEST_P(RuleExamples, GivesItsValues) {
  std::string text = slurp(GetParam());
  Compiled program(text);
  ASSERT_TRUE(program.ok());
  program.cells = initialCells(*program.module, 1);
  size_t examples = 0, number = 0;
  llvm::StringSet<> run;
  for (StringRef line : llvm::split(text, '\n')) {
    ++number;
    auto [call, results] = line.trim().split(") = ");
    if (!call.consume_front("# ") || results.empty() || call.starts_with("rule:"))
      continue;
    SCOPED_TRACE("line " + std::to_string(number));
    auto [name, arguments] = call.split('(');
    auto fn = program.module->lookupSymbol<mlir::func::FuncOp>(name);
    ASSERT_TRUE(fn) << "no export " << name.str();
    std::vector<Tensor> inputs;
    llvm::json::Array given = valuesOf(arguments), expected = valuesOf(results);
    ASSERT_EQ(given.size(), fn.getNumArguments());
    for (auto [value, type] : llvm::zip(given, fn.getArgumentTypes()))
      inputs.push_back(tensorOf(value, mlir::cast<mlir::RankedTensorType>(type).getShape()));
    std::vector<Tensor> got = program.run(name, std::move(inputs));
    ASSERT_EQ(got.size(), expected.size());
    for (auto [value, result] : llvm::zip(expected, got)) {
      Tensor wanted = tensorOf(value, result.shape);
      EXPECT_EQ(wanted.shape, result.shape);
      for (auto [a, b] : llvm::zip(wanted.data, result.data))
        if (std::fabs(a) < 1e299)
          EXPECT_NEAR(a, b, 1e-5);
        else
          EXPECT_EQ(b, a < 0 ? -INFINITY : INFINITY);
    }
    ++examples;
    run.insert(name);
  }
  EXPECT_GE(examples, 1u);
  for (const ExportInfo &info : program.compilation.check().exports)
    EXPECT_TRUE(!info.built || run.contains(info.name)) << "no example of " << info.name;
}

INSTANTIATE_TEST_SUITE_P(All, RuleExamples, testing::ValuesIn(sources({"tests/dsl/right/rules"})),
                         [](const testing::TestParamInfo<fs::path> &info) { return info.param.stem().string(); });

} // namespace
