// Source text to tokens. A mistake is reported and read as what was probably meant, so that the rest is still checked.
#include "dsl/Lexer.h"
#include "dsl/Habits.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rondo;
using llvm::StringRef;

StringRef rondo::spelling(Tok kind) {
  static const char *const words[] = {"the end of the file",
                                      "a name",
                                      "a number",
                                      "_",
                                      "fn",
                                      "for",
                                      "in",
                                      "if",
                                      "then",
                                      "else",
                                      "and",
                                      "or",
                                      "not",
                                      "where",
                                      "return",
                                      "div",
                                      "mod",
                                      "a binder",
                                      "(",
                                      ")",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      ",",
                                      ":",
                                      ".",
                                      "..",
                                      "->",
                                      "=",
                                      "~",
                                      "+",
                                      "-",
                                      "*",
                                      "/",
                                      "@",
                                      "^",
                                      "<",
                                      "<=",
                                      ">",
                                      ">=",
                                      "==",
                                      "!=",
                                      "|"};
  static_assert(std::size(words) == static_cast<size_t>(Tok::Bar) + 1);
  return words[static_cast<unsigned>(kind)];
}

static Tok wordKind(StringRef word, ast::BinderKind &binder) {
  Tok kind = llvm::StringSwitch<Tok>(word)
                 .Case("fn", Tok::Fn)
                 .Case("for", Tok::For)
                 .Case("in", Tok::In)
                 .Case("if", Tok::If)
                 .Case("then", Tok::Then)
                 .Case("else", Tok::Else)
                 .Case("and", Tok::And)
                 .Case("or", Tok::Or)
                 .Case("not", Tok::Not)
                 .Case("where", Tok::Where)
                 .Case("return", Tok::Return)
                 .Case("div", Tok::Div)
                 .Case("mod", Tok::Mod)
                 .Default(Tok::Name);
  for (unsigned b = 0; kind == Tok::Name && b <= static_cast<unsigned>(ast::BinderKind::All); ++b)
    if (word == spelling(static_cast<ast::BinderKind>(b))) {
      binder = static_cast<ast::BinderKind>(b);
      return Tok::Binder;
    }
  return kind;
}

namespace {

class Lexer {
public:
  Lexer(const Source &source, Diagnostics &diagnostics) : source(source), text(source.text), diagnostics(diagnostics) {}
  Tokens run();

private:
  void space();
  void number();
  void sign();
  void foreign();
  void quoted();

  char at(size_t i) const { return i < text.size() ? text[i] : '\0'; }
  bool starts(StringRef s) const { return text.substr(pos).starts_with(s); }
  void add(Tok kind, size_t size) {
    Token t;
    t.kind = kind;
    t.startsLine = fresh;
    t.begin = pos;
    t.end = pos + size;
    fresh = false;
    tokens.list.push_back(t);
    pos += size;
  }
  Diagnostic &error(const char *code, size_t size, std::string message) {
    tokens.errors.push_back(pos);
    return diagnostics.error(code, {&source, uint32_t(pos), uint32_t(pos + size)}, std::move(message));
  }

  const Source &source;
  StringRef text;
  Diagnostics &diagnostics;
  Tokens tokens;
  size_t pos = 0;
  bool fresh = true; // nothing on this line yet
  bool strangeComment = false;
};

} // namespace

static bool isLetter(char c) { return llvm::isAlpha(c); }
static bool isWord(char c) { return llvm::isAlnum(c) || c == '_'; }

/// Blanks, line ends, comments.
void Lexer::space() {
  while (pos < text.size()) {
    if (text[pos] == '\n') {
      fresh = true;
      ++pos;
    } else if (text[pos] == ' ' || text[pos] == '\t' || text[pos] == '\r') {
      ++pos;
    } else if (text[pos] == '#') {
      StringRef comment = text.substr(pos).take_until([](char c) { return c == '\n'; });
      auto *p = reinterpret_cast<const llvm::UTF8 *>(comment.data());
      // Said once: a file saved otherwise has it in every comment.
      if (!strangeComment && !llvm::isLegalUTF8String(&p, p + comment.size())) {
        strangeComment = true;
        size_t start = pos;
        pos = reinterpret_cast<const char *>(p) - text.data();
        error("R0112", 1, "this comment is not UTF-8").suggest("save the file as UTF-8");
        tokens.errors.pop_back(); // harmless to the grammar
        pos = start;
      }
      pos += comment.size();
    } else {
      return;
    }
  }
}

void Lexer::number() {
  size_t i = pos;
  auto digits = [&] {
    while (llvm::isDigit(at(i)))
      ++i;
  };
  bool said = false; // one mistake, however much is wrong about it
  digits();
  if (at(i) == '.' && at(i + 1) != '.') {
    ++i;
    if (!llvm::isDigit(at(i))) {
      error("R0102", i - pos, "a digit must follow the point of a number")
          .suggest(llvm::formatv("write `{0}0`", text.slice(pos, i)));
      said = true;
    }
    digits();
  }
  if (at(i) == 'e' || at(i) == 'E') {
    size_t e = i + 1;
    if (at(e) == '+' || at(e) == '-')
      ++e;
    if (llvm::isDigit(at(e))) {
      i = e;
      digits();
    }
  }
  if (isWord(at(i))) {
    size_t end = i;
    while (isWord(at(end)))
      ++end;
    if (!said)
      error("R0102", end - pos, llvm::formatv("`{0}` is neither a number nor a name", text.slice(pos, end)))
          .suggest("numbers are digits with an optional fraction and exponent, as `256`, `0.5`, `1e-12`; "
                   "names begin with a letter");
    i = end;
  }
  add(Tok::Number, i - pos);
}

/// Characters beyond ASCII, which only comments may hold.
void Lexer::foreign() {
  size_t size = 1;
  while ((static_cast<unsigned char>(at(pos + size)) & 0xC0) == 0x80 && size < 4)
    ++size;
  StringRef c = text.substr(pos, size);
  struct Sign {
    const char *sign, *plain;
    Tok kind;
  };
  static const Sign signs[] = {{"×", "*", Tok::Star},    {"·", "*", Tok::Star},   {"−", "-", Tok::Minus},
                               {"–", "-", Tok::Minus},   {"≤", "<=", Tok::Le},    {"≥", ">=", Tok::Ge},
                               {"≠", "!=", Tok::NotEq},  {"→", "->", Tok::Arrow}, {"÷", "/", Tok::Slash},
                               {"∧", "and", Tok::And},   {"∨", "or", Tok::Or},    {"¬", "not", Tok::Not},
                               {"…", "..", Tok::DotDot}, {"∈", "in", Tok::In}};
  for (const Sign &s : signs)
    if (c == s.sign) {
      error("R0101", size, llvm::formatv("`{0}` may stand only in comments", c))
          .suggest(llvm::formatv("write `{0}`", s.plain));
      return add(s.kind, size);
    }
  auto *p = reinterpret_cast<const llvm::UTF8 *>(c.data());
  bool legal = llvm::isLegalUTF8String(&p, p + c.size());
  if (llvm::is_contained({StringRef("\u00A0"), StringRef("\u202F"), StringRef("\u2009"), StringRef("\u200B"),
                          StringRef("\u3000"), StringRef("\uFEFF")},
                         c)) {
    error("R0101", size, "this is a blank of another kind").suggest("write a plain one");
    pos += size;
    return;
  }
  // A run of such characters is one mistake (a Greek letter, a whole word).
  size_t end = pos + size;
  while (isWord(at(end)) || (static_cast<unsigned char>(at(end)) & 0x80))
    ++end;
  size_t whole = legal ? end - pos : size;
  if (!legal)
    error("R0112", size, "the text is not UTF-8").suggest("save the file as UTF-8");
  else
    error("R0101", whole, "outside comments only ASCII characters may stand")
        .suggest("spell the name in plain letters, as `sigma`");
  add(Tok::Name, whole);
}

void Lexer::quoted() {
  if (text[pos] == '\'' && pos && (isWord(text[pos - 1]) || text[pos - 1] == ']' || text[pos - 1] == ')')) {
    error("R0101", 1, "`'` has no meaning here").suggest(habitHelp("transpose").str());
    ++pos;
    return;
  }
  std::string triple(3, text[pos]); // a remark of several lines, elsewhere
  if (starts(triple)) {
    size_t end = text.find(triple, pos + 3);
    error("R0101", 3, "there are no strings in the language").suggest("a remark begins with `#`, on each of its lines");
    pos = end == StringRef::npos ? text.size() : end + 3;
    return;
  }
  size_t end = pos + 1;
  while (end < text.size() && text[end] != '\n' && text[end] != text[pos])
    ++end;
  if (at(end) == text[pos])
    ++end;
  error("R0101", end - pos, "there are no strings in the language")
      .suggest("names are written plainly; a remark begins with `#`");
  add(Tok::Name, end - pos);
}

void Lexer::sign() {
  // What other languages write, read as what it means here.
  struct Foreign {
    const char *sign;
    Tok kind;
    const char *message, *help;
  };
  static const Foreign others[] = {
      {"&&", Tok::And, "`&&` is not an operator", "logic is written `and`, `or`, `not`"},
      {"||", Tok::Or, "`||` is not an operator", "logic is written `and`, `or`, `not`"},
      {"**", Tok::Caret, "`**` is not an operator", "powers are written `x ^ n`"},
      {"/*", Tok::Div, "`/*` is not an operator", "a remark begins with `#`, on each of its lines"},
      {"//", Tok::Div, "`//` is not an operator", "integer division is `div`; a remark begins with `#`"},
      {":=", Tok::Equal, "`:=` is not an operator", "an equation is written with `=`"},
      {"=>", Tok::Arrow, "`=>` is not an operator", "results follow `->`; a comparison is written `>=`"},
      {"=<", Tok::Le, "`=<` is not an operator", "a comparison is written `<=`"},
      {"<>", Tok::NotEq, "`<>` is not an operator", "unequal is written `!=`"},
  };
  for (const Foreign &f : others)
    if (starts(f.sign)) {
      error("R0101", 2, f.message).suggest(f.help);
      return add(f.kind, 2);
    }

  static const Tok two[] = {Tok::DotDot, Tok::Arrow, Tok::Le, Tok::Ge, Tok::EqEq, Tok::NotEq};
  for (Tok kind : two)
    if (starts(spelling(kind)))
      return add(kind, 2);
  if (text[pos] == '.' && llvm::isDigit(at(pos + 1))) {
    size_t end = pos + 1;
    while (llvm::isDigit(at(end)))
      ++end;
    error("R0102", end - pos, "a number begins with a digit")
        .suggest(llvm::formatv("write `0{0}`", text.slice(pos, end)));
    return add(Tok::Number, end - pos);
  }
  for (unsigned k = static_cast<unsigned>(Tok::LParen); k <= static_cast<unsigned>(Tok::Bar); ++k) {
    StringRef s = spelling(static_cast<Tok>(k));
    if (s.size() == 1 && s.front() == text[pos])
      return add(static_cast<Tok>(k), 1);
  }

  static const Foreign single[] = {
      {"!", Tok::Not, "`!` is not an operator", "logic is written `and`, `or`, `not`"},
      {"&", Tok::And, "`&` is not an operator", "logic is written `and`, `or`, `not`"},
      {"%", Tok::Mod, "`%` is not an operator", "the remainder is written `a mod b`"},
  };
  for (const Foreign &f : single)
    if (starts(f.sign)) {
      error("R0101", 1, f.message).suggest(f.help);
      return add(f.kind, 1);
    }
  if (text[pos] == ';') {
    error("R0101", 1, "`;` is not used").suggest("a new line ends a statement");
    fresh = true;
    ++pos;
    return;
  }
  if (text[pos] == '"' || text[pos] == '\'')
    return quoted();
  unsigned char c = text[pos];
  std::string shown = llvm::isPrint(c) ? std::string(1, c) : llvm::formatv("\\x{0:X-2}", c).str();
  auto &d = error("R0101", 1, "`" + shown + "` has no meaning here");
  if (c == '?')
    d.suggest("a choice is written `if c then a else b`");
  ++pos;
}

Tokens Lexer::run() {
  if (text.starts_with("\xEF\xBB\xBF"))
    pos = 3;
  for (space(); pos < text.size() && tokens.errors.size() < maxErrors; space()) {
    char c = text[pos];
    if (isLetter(c)) {
      size_t end = pos;
      while (isWord(at(end)))
        ++end;
      ast::BinderKind binder = {};
      Tok kind = wordKind(text.slice(pos, end), binder);
      add(kind, end - pos);
      tokens.list.back().binder = binder;
    } else if (llvm::isDigit(c)) {
      number();
    } else if (c == '_') {
      size_t end = pos;
      while (isWord(at(end)))
        ++end;
      if (end == pos + 1) {
        add(Tok::Underscore, 1);
        continue;
      }
      error("R0102", end - pos, llvm::formatv("`{0}` is not a name", text.slice(pos, end)))
          .suggest("names begin with a letter");
      add(Tok::Name, end - pos);
    } else if (static_cast<unsigned char>(c) & 0x80) {
      foreign();
    } else {
      sign();
    }
  }
  fresh = true;
  add(Tok::End, 0);
  return std::move(tokens);
}

Tokens rondo::lex(const Source &source, Diagnostics &diagnostics) { return Lexer(source, diagnostics).run(); }
