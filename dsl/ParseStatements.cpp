// The parser's statements.
#include "dsl/Habits.h"
#include "dsl/ParserImpl.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rondo;
using namespace rondo::ast;

// Loops in loops; more is a mistake, and later steps recurse over blocks.
constexpr unsigned maxBlocks = 64;

bool Parser::endStatement(llvm::StringRef what) {
  if (is(Tok::RBrace) || atEnd() || (is(Tok::Where) && tok().startsLine))
    return true;
  // Behind a closing brace no operator can go on.
  if (pos && tokens[pos - 1].kind == Tok::RBrace && tok().startsLine)
    return true;
  if (auto *d = error("R0103", here(), llvm::formatv("expected the end of the {0}, found {1}", what, found()))) {
    bool begins = looksLikeStatement(pos) && !is(Tok::For);
    if (begins)
      d->suggest("every " + what.str() + " has a line of its own");
    else if (what == "fn" && is(Tok::Comma))
      d->suggest("several results stand in a body: `{ return a, b }`");
    else
      hint(d);
  }
  return false;
}

bool Parser::block(llvm::ArrayRef<Stmt *> &body, llvm::StringRef of) {
  Token brace = tok();
  if (!expect(Tok::LBrace, of))
    return false;
  if (nesting >= maxBlocks) {
    error("R0107", at(brace), llvm::formatv("blocks are nested more than {0} deep", maxBlocks));
    pos = pos - 1;
    skipStatement(pos);
    return false;
  }
  ++nesting;
  llvm::scope_exit restore([&] { --nesting; });
  List<Stmt *> stmts;
  bool good = true;
  while (!is(Tok::RBrace) && !full()) {
    statement = pos;
    depth = 0;
    bool outer = is(Tok::Fn) || declares(pos);
    if (is(Tok::End) || (outer && outdented(brace))) {
      missingBrace(brace, of);
      return false;
    }
    size_t start = pos;
    Stmt *s = nullptr;
    if (outer) {
      if (auto *d = error("R0106", at(tok()), llvm::formatv("`{0}` cannot stand inside a {1}", text(tok()), of)))
        d->suggest("it belongs to the layer or model, outside the braces of this " + of.str());
    } else {
      s = stmt();
      if (s && !endStatement("statement"))
        s = nullptr;
    }
    if (s) {
      stmts.push_back(s);
      continue;
    }
    good = false;
    if (tokens[start].kind != Tok::For || !pos || tokens[pos - 1].kind != Tok::RBrace)
      skipStatement(start);
  }
  if (!full())
    take(Tok::RBrace);
  body = ast->copy(stmts);
  return good;
}

Stmt *Parser::stmt() {
  uint32_t begin = tok().begin;
  switch (tok().kind) {
  case Tok::For:
    return forStmt();
  case Tok::Return:
    return returnStmt();
  case Tok::Where: {
    llvm::ArrayRef<Bound> list;
    return bounds(list) ? ast->make<WhereStmt>(from(begin), list) : nullptr;
  }
  default:
    break;
  }
  bool axis = isWord("axis"), update = isWord("update");
  if ((axis || update) && is(Tok::Name, 1)) {
    next();
    ast::Name n;
    if (!name(n, "a name") || !expect(Tok::Equal, axis ? "the name of an axis" : "the name of a state"))
      return nullptr;
    Expr *value = expr();
    if (!value)
      return nullptr;
    if (axis)
      return ast->make<AxisStmt>(from(begin), n, value);
    return ast->make<UpdateStmt>(from(begin), n, value);
  }
  return define();
}

Stmt *Parser::define() {
  DefineStmt *s = ast->make<DefineStmt>(at(tok()));
  if (is(Tok::If)) {
    if (auto *d = expected("a statement"))
      d->suggest("`if` chooses between values: `y = if c then a else b`");
    return nullptr;
  }
  List<Target> targets;
  do {
    if (!target(targets.emplace_back()))
      return nullptr;
  } while (take(Tok::Comma));
  if (!is(Tok::Equal) && !is(Tok::Tilde)) {
    auto *d = expected("`=`");
    if (!d)
      return nullptr;
    llvm::StringRef first = targets.front().name.text;
    if (llvm::StringRef help = habitHelp(first); is(Tok::Name) && !atEnd() && !help.empty())
      d->suggest(help.str());
    else if (is(Tok::LParen) && !atEnd())
      d->suggest(llvm::formatv(
          "a statement defines something; indices stand in brackets, `{0}[t]`, and functions are made with `fn`",
          first));
    else if (is(Tok::EqEq))
      d->suggest("an equation is written with one `=`");
    else if (is(Tok::Equal, 1))
      d->suggest(
          llvm::formatv("each name is defined once; a running sum is a recurrence: `{0}[t] = {0}[t-1] + x[t]`", first));
    else if (is(Tok::Colon))
      d->suggest("what an equation defines needs no type");
    else if (first == "while" || first == "loop")
      d->suggest(
          "there are no loops over time: an equation that names an earlier value is a recurrence, `h[t] = f(h[t-1])`");
    else if (std::string word = didYouMean(first, {"return", "axis", "where"});
             !atEnd() && is(Tok::Name) && !word.empty())
      d->suggest(word);
    else if (is(Tok::Name) && !atEnd() && looksLikeTarget(pos, true))
      d->suggest(llvm::formatv("an equation needs no word before it: leave out `{0}`", first));
    else if (atEnd() || is(Tok::RBrace))
      d->suggest("a statement defines something: `y = ..`, or returns it: `return ..`");
    return nullptr;
  }
  s->isDraw = is(Tok::Tilde);
  next();
  if (!values(s->values) || (is(Tok::Where) && !bounds(s->bounds)))
    return nullptr;
  s->targets = ast->copy(targets);
  s->range = from(s->range.begin);
  return s;
}

bool Parser::values(llvm::ArrayRef<Expr *> &values) {
  List<Expr *> list;
  do {
    Expr *e = expr();
    if (!e)
      return false;
    list.push_back(e);
  } while (take(Tok::Comma));
  values = ast->copy(list);
  return true;
}

bool Parser::target(Target &target) {
  uint32_t begin = tok().begin;
  if (!name(target.name, "a statement"))
    return false;
  Token opened = tok();
  if (sees(Tok::LBracket)) {
    open();
    List<Index> indices;
    do {
      if (!is(Tok::Name) && !(tok().kind >= Tok::Fn && tok().kind <= Tok::Binder)) {
        if (auto *d = expected("an index"))
          d->suggest(llvm::formatv(
              "the left side binds plain indices, `{0}[t]`; single values are boundaries, `where {0}[-1] = ..`",
              target.name.text));
        return false;
      }
      if (!index(indices.emplace_back()))
        return false;
      if (is(Tok::Plus) || is(Tok::Minus)) {
        if (auto *d = expected("`,` or `]`"))
          d->suggest(
              llvm::formatv("the left side binds plain indices; shift the right side instead: `{0}[t] = .. x[t-1]`",
                            target.name.text));
        return false;
      }
    } while (take(Tok::Comma));
    if (!close(Tok::RBracket, opened, "`,`, `in` or `]`"))
      return false;
    target.indices = ast->copy(indices);
  }
  target.range = from(begin);
  return true;
}

/// `where h[-1] = h0, b[T] = 0, x[_] = 0`
bool Parser::bounds(llvm::ArrayRef<Bound> &bounds) {
  next();
  List<Bound> list;
  do {
    Bound b;
    uint32_t begin = tok().begin;
    auto wrong = [&](llvm::StringRef what) {
      if (auto *d = expected(what))
        d->suggest("`where` gives values outside an array: `where h[-1] = h0`; conditions stand behind `|`");
      return false;
    };
    if (!is(Tok::Name))
      return wrong("an array");
    name(b.array, "an array");
    Token opened = tok();
    if (!sees(Tok::LBracket))
      return wrong("`[`");
    open();
    List<Expr *> at;
    do {
      Expr *place = nullptr;
      if (!take(Tok::Underscore) && !(place = sum()))
        return false;
      at.push_back(place);
    } while (take(Tok::Comma));
    if (!close(Tok::RBracket, opened, "`,` or `]`"))
      return false;
    if (!is(Tok::Equal))
      return wrong("`=`");
    next();
    if (!(b.value = expr()))
      return false;
    b.at = ast->copy(at);
    b.range = from(begin);
    list.push_back(b);
  } while (take(Tok::Comma));
  bounds = ast->copy(list);
  return true;
}

Stmt *Parser::forStmt() {
  uint32_t begin = tok().begin;
  next();
  ast::Name variable;
  IndexRange over;
  llvm::ArrayRef<Stmt *> body;
  if (!name(variable, "a name after `for`") || !expect(Tok::In, "the name that `for` binds") || !range(over))
    return nullptr;
  if (!is(Tok::LBrace)) {
    if (auto *d = expected("`{`"))
      d->suggest("`for layer in rnn { x = layer(x) }`");
    return nullptr;
  }
  if (!block(body, "for"))
    return nullptr;
  return ast->make<ForStmt>(from(begin), variable, over, body);
}

Stmt *Parser::returnStmt() {
  ReturnStmt *s = ast->make<ReturnStmt>(at(tok()));
  next();
  List<Result> results;
  do {
    Result r;
    if (looksLikeTarget(pos, /*draws=*/false) && (!target(r.target) || !expect(Tok::Equal, "what is returned")))
      return nullptr;
    if (!(r.value = expr()))
      return nullptr;
    results.push_back(r);
  } while (take(Tok::Comma));
  if (is(Tok::Where) && !bounds(s->bounds))
    return nullptr;
  s->results = ast->copy(results);
  s->range = from(s->range.begin);
  return s;
}
