// Tokens, messages and recovery of the parser.
#include "dsl/Habits.h"
#include "dsl/ParserImpl.h"

#include "llvm/Support/FormatVariadic.h"

using namespace rondo;
using namespace rondo::ast;

Parser::Parser(const Source &source, Diagnostics &diagnostics)
    : source(source), diagnostics(diagnostics), ast(std::make_unique<Ast>()) {
  Tokens lexed = lex(source, diagnostics);
  tokens = std::move(lexed.list);
  lexErrors = std::move(lexed.errors);
}

std::unique_ptr<Ast> Parser::run() {
  file();
  return std::move(ast);
}

std::unique_ptr<Ast> rondo::parse(const Source &source, Diagnostics &diagnostics) {
  if (source.text.size() > (1u << 28)) {
    diagnostics.error("R0110", {&source, 0, 0}, "this file is too long to be a model");
    auto empty = std::make_unique<Ast>();
    empty->file.source = &source;
    return empty;
  }
  return Parser(source, diagnostics).run();
}

//===--- Lines ----------------------------------------------------------===//

/// A line that ends with this goes on.
static bool expectsMore(Tok kind) {
  switch (kind) {
  case Tok::In:
  case Tok::For:
  case Tok::If:
  case Tok::Then:
  case Tok::Else:
  case Tok::And:
  case Tok::Or:
  case Tok::Not:
  case Tok::Where:
  case Tok::Return:
  case Tok::Div:
  case Tok::Mod:
    return true;
  default:
    return kind >= Tok::Comma; // every sign but brackets
  }
}

/// A line that begins with this continues the one before.
static bool continuesLine(Tok kind) {
  switch (kind) {
  case Tok::Then:
  case Tok::Else:
  case Tok::And:
  case Tok::Or:
  case Tok::Where:
  case Tok::Div:
  case Tok::Mod:
    return true;
  default:
    return kind >= Tok::Comma;
  }
}

bool Parser::atEnd() const {
  const Token &t = tok();
  if (t.kind == Tok::End)
    return true;
  if (depth || !t.startsLine || pos == glued || pos == statement)
    return false;
  return !(pos && expectsMore(tokens[pos - 1].kind)) && !continuesLine(t.kind);
}

bool Parser::isWord(llvm::StringRef word, unsigned ahead) const {
  return is(Tok::Name, ahead) && text(tok(ahead)) == word;
}

bool Parser::take(Tok kind) {
  if (!is(kind))
    return false;
  next();
  return true;
}

bool Parser::expect(Tok kind, llvm::StringRef after) {
  if (take(kind))
    return true;
  if (auto *d =
          error("R0103", here(), llvm::formatv("expected `{0}` after {1}, found {2}", spelling(kind), after, found())))
    hint(d);
  return false;
}

bool Parser::name(ast::Name &name, llvm::StringRef what) {
  if (is(Tok::Name) && !atEnd()) {
    name = {text(tok()), at(tok())};
    next();
    return true;
  }
  bool reserved = !atEnd() && tok().kind >= Tok::Fn && tok().kind <= Tok::Binder;
  if (reserved)
    misnamed.push_back(text(tok()));
  if (!reserved)
    expected(what);
  else if (auto *d =
               error("R0105", here(), llvm::formatv("`{0}` is a reserved word and cannot be a name", text(tok()))))
    d->suggest(tok().kind == Tok::Binder && pos && tokens[pos - 1].kind == Tok::Dot
                   ? llvm::formatv("a binder stands in front and names its indices, `{0}(i) x[i]`", text(tok()))
                   : llvm::formatv("choose another, as `{0}_`", text(tok())));
  return false;
}

bool Parser::close(Tok kind, const Token &opened, llvm::StringRef what) {
  if (is(kind)) {
    --depth;
    next();
    return true;
  }
  // On a later line the bracket was probably forgotten; say where it should have been.
  Range place = here();
  bool later = tok().startsLine && pos;
  if (later)
    place = {&source, tokens[pos - 1].end, tokens[pos - 1].end};
  Diagnostic *d = error("R0104", place,
                        later ? llvm::formatv("`{0}` is not closed on its line", text(opened)).str()
                              : llvm::formatv("expected {0}, found {1}", what, found()).str());
  if (!d)
    return false;
  d->label(at(opened), "opened here");
  if (later)
    d->label(place, ("expected " + what).str());
  else
    hint(d);
  return false;
}

//===--- Messages -------------------------------------------------------===//

Range Parser::here() const {
  const Token &t = tok();
  if (pos && (t.kind == Tok::End || (t.startsLine && depth == 0 && pos != statement)))
    return {&source, tokens[pos - 1].end, tokens[pos - 1].end};
  return at(t);
}

std::string Parser::found() const {
  if (is(Tok::End))
    return "the end of the file";
  if (tok().startsLine && pos && depth == 0 && pos != statement)
    return "the end of the line";
  return "`" + text(tok()).str() + "`";
}

Diagnostic *Parser::error(const char *code, Range range, std::string message) {
  if (lastError == pos || full())
    return nullptr;
  lastError = pos;
  uint32_t begin = tokens[std::min(statement, tokens.size() - 1)].begin, end = tok().end;
  auto first = llvm::lower_bound(lexErrors, begin);
  if (first != lexErrors.end() && *first <= end)
    return nullptr;
  ++reported;
  return &diagnostics.error(code, range, std::move(message));
}

Diagnostic *Parser::expected(llvm::StringRef what) {
  return error("R0103", here(), llvm::formatv("expected {0}, found {1}", what, found()));
}

void Parser::tooDeep(Range range) {
  if (auto *d = error("R0107", range, llvm::formatv("this expression is nested more than {0} deep", maxHeight)))
    d->suggest("every operator of a chain counts: give parts of it names of their own, or write a sum over an index");
}

/// The word before the parentheses that close before the present token, `summ` of `summ(i) x[i]`.
llvm::StringRef Parser::wordOfCall() const {
  int open = 0;
  for (size_t i = pos; i-- > 1;) {
    open += tokens[i].kind == Tok::RParen;
    open -= tokens[i].kind == Tok::LParen;
    if (!open)
      return tokens[i - 1].kind == Tok::Name ? text(tokens[i - 1]) : "";
  }
  return "";
}

/// What the token that surprises was probably meant to be.
void Parser::hint(Diagnostic *d) {
  if (tok().startsLine && depth == 0)
    return;
  switch (tok().kind) {
  case Tok::Equal:
    d->suggest("`=` stands once in an equation; equality is `==`");
    break;
  case Tok::Bar:
    d->suggest("`|` stands before the condition of a binder, `sum(s | s <= t)`; logic is `and`, `or`, `not`");
    break;
  case Tok::Colon:
    if (tok(1).startsLine)
      d->suggest("a body stands in braces, `{ .. }`");
    else if (depth)
      d->suggest("there are no slices: an index ranges over the axis, as in `y[t] = x[t+1]`; what is left out at "
                 "the end is whole, `x[t]` is a row");
    else
      d->suggest("types stand only in parameters and after `->`");
    break;
  case Tok::LBrace:
    d->suggest("braces hold the bodies of `layer`, `model`, `fn` and `for`");
    break;
  case Tok::For:
    d->suggest("`for` begins a line of its own, or stands in a list: `[gru(H, H) for l in 2]`");
    break;
  case Tok::If:
    d->suggest("a choice is written `if c then a else b`, the condition first");
    break;
  case Tok::Comma:
    if (pos && (tokens[pos - 1].kind == Tok::LParen || tokens[pos - 1].kind == Tok::Comma))
      d->suggest("something is missing before this `,`");
    break;
  case Tok::Name:
  case Tok::Number:
    if (llvm::StringRef help = pos && tokens[pos - 1].kind == Tok::Name ? habitHelp(text(tokens[pos - 1])) : "";
        help.size() && tokens[pos - 1].end - tokens[pos - 1].begin > 1) // `T` may well be an axis
      d->suggest(help.str());
    else if (std::string word =
                 didYouMean(wordOfCall(), {"sum", "prod", "mean", "max", "min", "softmax", "argmax", "rank"});
             !word.empty())
      d->suggest(word);
    else if (pos && (is(Tok::Name) || is(Tok::Number)) &&
             (tokens[pos - 1].kind == Tok::Name || tokens[pos - 1].kind == Tok::Number ||
              tokens[pos - 1].kind == Tok::RBracket || tokens[pos - 1].kind == Tok::RParen))
      d->suggest(llvm::formatv("something is missing between `{0}` and `{1}`: a `,`, or a sign (`@` applies a matrix, "
                               "`*` multiplies)",
                               text(tokens[pos - 1]), text(tok())));
    break;
  default:
    break;
  }
}

//===--- Recovery -------------------------------------------------------===//

/// Words that begin a declaration, where a name follows them.
bool Parser::declares(size_t i) const {
  if (tokens[i].kind != Tok::Name)
    return false;
  llvm::StringRef word = text(tokens[i]);
  Tok following = tokens[std::min(i + 1, tokens.size() - 1)].kind;
  for (llvm::StringRef w : {"layer", "model", "param", "state", "const", "setting", "export", "require"})
    if (word == w)
      return following == Tok::Name && !tokens[i + 1].startsLine;
  return false;
}

/// Do targets and a defining sign begin at token `i`?
bool Parser::looksLikeTarget(size_t i, bool draws) const {
  constexpr size_t longest = 200;
  size_t last = std::min(i + longest, tokens.size() - 1);
  while (i < last && tokens[i].kind == Tok::Name) {
    ++i;
    if (tokens[i].kind == Tok::LBracket) {
      unsigned inside = 0;
      for (; i < last; ++i) {
        inside += tokens[i].kind == Tok::LBracket;
        inside -= tokens[i].kind == Tok::RBracket;
        if (!inside)
          break;
      }
      ++i;
    }
    if (i > last)
      return false;
    if (tokens[i].kind == Tok::Equal || (draws && tokens[i].kind == Tok::Tilde))
      return true;
    if (!draws || tokens[i].kind != Tok::Comma)
      return false;
    ++i;
  }
  return false;
}

bool Parser::looksLikeStatement(size_t i) const {
  switch (tokens[i].kind) {
  case Tok::Fn:
  case Tok::For:
  case Tok::Return:
  case Tok::RBrace:
  case Tok::End:
    return true;
  default:
    return declares(i) || looksLikeTarget(i, /*draws=*/true);
  }
}

/// Goes behind a statement that began at token `start` and failed at the present one.
void Parser::skipStatement(size_t start) {
  depth = 0;
  auto boundary = [&](size_t i) {
    const Token &t = tokens[i];
    if (t.kind == Tok::LBrace || t.kind == Tok::RBrace || t.kind == Tok::End)
      return true;
    // What the statement itself begins with does not end it.
    return i != start && t.startsLine &&
           (t.kind == Tok::Fn || t.kind == Tok::Return || t.kind == Tok::For || declares(i));
  };
  auto step = [](Tok kind, int &open) {
    open += kind == Tok::LParen || kind == Tok::LBracket;
    open -= (kind == Tok::RParen || kind == Tok::RBracket) && open > 0;
  };
  int open = 0;
  for (size_t i = start; i < pos; ++i)
    step(tokens[i].kind, open);
  size_t i = pos;
  int unclosed = open;
  while (unclosed && !boundary(i))
    step(tokens[i++].kind, unclosed);
  if (unclosed) {
    // A bracket is missing: the next line that reads like a statement is one.
    while (!boundary(pos) && !(tokens[pos].startsLine && looksLikeStatement(pos)))
      ++pos;
  } else {
    pos = i;
    int inside = 0;
    while (!boundary(pos)) {
      if (pos != start && tokens[pos].startsLine && !inside && !continuesLine(tokens[pos].kind) &&
          !expectsMore(tokens[pos - 1].kind))
        break;
      step(tokens[pos].kind, inside);
      ++pos;
    }
  }
  // A block that belongs to what is skipped goes with it.
  if (is(Tok::LBrace)) {
    int braces = 0;
    do {
      braces += is(Tok::LBrace);
      braces -= is(Tok::RBrace);
      next();
    } while (braces && !is(Tok::End));
  }
}

/// After a mistake in the head of something with a body: to the `{` on the same line, so that the body is still read.
bool Parser::skipToBody(size_t start) {
  depth = 0;
  for (size_t i = pos; i < tokens.size() && (i == pos || !tokens[i].startsLine); ++i)
    if (tokens[i].kind == Tok::LBrace) {
      pos = i;
      return true;
    } else if (tokens[i].kind == Tok::RBrace || tokens[i].kind == Tok::End) {
      break;
    }
  skipStatement(start);
  return false;
}

bool Parser::outdented(const Token &brace) const {
  if (!tok().startsLine)
    return false;
  size_t first = 0;
  for (size_t i = 0; i < pos && tokens[i].begin <= brace.begin; ++i)
    if (tokens[i].startsLine)
      first = i;
  return source.columnOf(tok().begin) <= source.columnOf(tokens[first].begin);
}

void Parser::missingBrace(const Token &brace, llvm::StringRef of) {
  auto *d = error("R0111", at(brace), llvm::formatv("the `{{` of this {0} is not closed", of));
  if (d && !is(Tok::End))
    d->label(at(tok()), "expected `}` before this");
}
