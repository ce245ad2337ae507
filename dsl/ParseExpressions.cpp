// The parser's expressions, loosest binding first.
#include "dsl/ParserImpl.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace rondo;
using namespace rondo::ast;

template <typename Node, typename... Args>
Expr *Parser::makeOf(Range range, unsigned below, Args &&...args) {
  if (below >= maxHeight) {
    tooDeep(range);
    return nullptr;
  }
  Node *node = ast->make<Node>(range, std::forward<Args>(args)...);
  node->height = below + 1;
  return node;
}

/// A node over `children`, null if one of them is.
template <typename Node, typename... Args>
Expr *Parser::make(Range range, std::initializer_list<Expr *> children, Args &&...args) {
  unsigned below = 0;
  for (Expr *child : children) {
    if (!child)
      return nullptr;
    below = std::max(below, child->height);
  }
  return makeOf<Node>(range, below, std::forward<Args>(args)...);
}

template <typename Exprs>
static unsigned heightOf(const Exprs &exprs) {
  unsigned height = 0;
  for (Expr *e : exprs)
    height = std::max(height, e->height);
  return height;
}

Expr *Parser::expr() {
  if (nesting >= maxHeight) {
    tooDeep(here());
    return nullptr;
  }
  size_t outer = exprStart;
  exprStart = pos;
  ++nesting;
  llvm::scope_exit restore([&] {
    exprStart = outer;
    --nesting;
  });
  if (!is(Tok::If))
    return disjunction();
  uint32_t begin = tok().begin;
  Token word = tok();
  next();
  Expr *condition = expr();
  if (!condition || !expect(Tok::Then, "the condition of `if`"))
    return nullptr;
  Expr *then = expr();
  if (!then)
    return nullptr;
  if (!take(Tok::Else)) {
    if (auto *d = error("R0113", here(), "expected `else`, found " + found()))
      d->label(at(word), "").suggest("every `if` is a choice of two values: `if c then a else 0`");
    return nullptr;
  }
  Expr *otherwise = expr();
  if (!otherwise)
    return nullptr;
  return make<IfExpr>(from(begin), {condition, then, otherwise}, condition, then, otherwise);
}

Expr *Parser::disjunction() {
  uint32_t begin = tok().begin;
  Expr *lhs = conjunction();
  while (lhs && sees(Tok::Or)) {
    Range op = at(tok());
    next();
    Expr *rhs = conjunction();
    lhs = make<BinaryExpr>(from(begin), {lhs, rhs}, BinaryOp::Or, op, lhs, rhs);
  }
  return lhs;
}

Expr *Parser::conjunction() {
  uint32_t begin = tok().begin;
  Expr *lhs = negation();
  while (lhs && sees(Tok::And)) {
    Range op = at(tok());
    next();
    Expr *rhs = negation();
    lhs = make<BinaryExpr>(from(begin), {lhs, rhs}, BinaryOp::And, op, lhs, rhs);
  }
  return lhs;
}

Expr *Parser::negation() {
  uint32_t begin = tok().begin;
  if (!take(Tok::Not))
    return comparison();
  Expr *operand = comparison();
  return make<UnaryExpr>(from(begin), {operand}, UnaryOp::Not, operand);
}

static std::optional<CompareOp> compareOp(Tok kind) {
  switch (kind) {
  case Tok::Lt:
    return CompareOp::Lt;
  case Tok::Le:
    return CompareOp::Le;
  case Tok::Gt:
    return CompareOp::Gt;
  case Tok::Ge:
    return CompareOp::Ge;
  case Tok::EqEq:
    return CompareOp::Eq;
  case Tok::NotEq:
    return CompareOp::Ne;
  default:
    return std::nullopt;
  }
}

Expr *Parser::comparison() {
  uint32_t begin = tok().begin;
  Expr *first = sum();
  if (!first)
    return nullptr;
  List<CompareOp> ops;
  List<Expr *> operands{first};
  while (auto op = atEnd() ? std::nullopt : compareOp(tok().kind)) {
    next();
    Expr *operand = sum();
    if (!operand)
      return nullptr;
    ops.push_back(*op);
    operands.push_back(operand);
  }
  if (ops.empty())
    return first;
  return makeOf<CompareExpr>(from(begin), heightOf(operands), ast->copy(ops), ast->copy(operands));
}

Expr *Parser::sum() {
  uint32_t begin = tok().begin;
  Expr *lhs = term();
  while (lhs && (sees(Tok::Plus) || sees(Tok::Minus))) {
    BinaryOp op = is(Tok::Plus) ? BinaryOp::Add : BinaryOp::Sub;
    Range opRange = at(tok());
    next();
    Expr *rhs = term();
    lhs = make<BinaryExpr>(from(begin), {lhs, rhs}, op, opRange, lhs, rhs);
  }
  return lhs;
}

static std::optional<BinaryOp> termOp(Tok kind) {
  switch (kind) {
  case Tok::Star:
    return BinaryOp::Mul;
  case Tok::Slash:
    return BinaryOp::Div;
  case Tok::Div:
    return BinaryOp::IntDiv;
  case Tok::Mod:
    return BinaryOp::Mod;
  default:
    return std::nullopt;
  }
}

Expr *Parser::term() {
  uint32_t begin = tok().begin;
  Expr *lhs = unary();
  while (lhs) {
    auto op = atEnd() ? std::nullopt : termOp(tok().kind);
    if (!op)
      break;
    Range opRange = at(tok());
    next();
    Expr *rhs = unary();
    lhs = make<BinaryExpr>(from(begin), {lhs, rhs}, *op, opRange, lhs, rhs);
  }
  return lhs;
}

Expr *Parser::unary() {
  uint32_t begin = tok().begin;
  if (is(Tok::Minus) || (is(Tok::Binder) && tok().binder < BinderKind::Count)) {
    if (nesting >= maxHeight) {
      tooDeep(here());
      return nullptr;
    }
    ++nesting;
    llvm::scope_exit restore([&] { --nesting; });
    if (!take(Tok::Minus))
      return binder();
    Expr *operand = unary();
    return make<UnaryExpr>(from(begin), {operand}, UnaryOp::Neg, operand);
  }
  return dot();
}

Expr *Parser::dot() {
  uint32_t begin = tok().begin;
  Expr *lhs = power();
  while (lhs && sees(Tok::At)) {
    Range op = at(tok());
    next();
    Expr *rhs = power();
    lhs = make<BinaryExpr>(from(begin), {lhs, rhs}, BinaryOp::Dot, op, lhs, rhs);
  }
  return lhs;
}

Expr *Parser::power() {
  uint32_t begin = tok().begin;
  Expr *lhs = post();
  if (!lhs || !sees(Tok::Caret))
    return lhs;
  Range op = at(tok());
  next();
  Expr *rhs = unary();
  return make<BinaryExpr>(from(begin), {lhs, rhs}, BinaryOp::Pow, op, lhs, rhs);
}

Expr *Parser::post() {
  uint32_t begin = tok().begin;
  Expr *e = atom();
  while (e) {
    Token opened = tok();
    if (sees(Tok::LParen)) {
      open();
      List<Pass> args;
      unsigned height = e->height;
      while (!is(Tok::RParen)) {
        Pass pass;
        if (is(Tok::Name) && is(Tok::Equal, 1)) {
          pass.name = {text(tok()), at(tok())};
          next();
          next();
        }
        if (!(pass.value = expr()))
          return nullptr;
        height = std::max(height, pass.value->height);
        args.push_back(pass);
        if (!take(Tok::Comma))
          break;
      }
      if (!close(Tok::RParen, opened, "`,` or `)`"))
        return nullptr;
      e = makeOf<CallExpr>(from(begin), height, e, ast->copy(args));
    } else if (sees(Tok::LBracket)) {
      open();
      List<Expr *> subscripts;
      do {
        Expr *subscript = expr();
        if (!subscript)
          return nullptr;
        subscripts.push_back(subscript);
      } while (take(Tok::Comma));
      if (!close(Tok::RBracket, opened, "`,` or `]`"))
        return nullptr;
      e = makeOf<SubscriptExpr>(from(begin), std::max(e->height, heightOf(subscripts)), e, ast->copy(subscripts));
    } else if (sees(Tok::Dot)) {
      next();
      if (sees(Tok::LParen))
        if (auto *d = expected("a name after `.`"))
          d->suggest("a function of one number applies to every element as it stands: `tanh(x)`");
      ast::Name member;
      if (!name(member, "a name after `.`"))
        return nullptr;
      e = make<MemberExpr>(from(begin), {e}, e, member);
    } else {
      break;
    }
  }
  return e;
}

Expr *Parser::atom() {
  Token t = tok();
  switch (atEnd() ? Tok::End : t.kind) {
  case Tok::Number: {
    next();
    double value = 0;
    llvm::StringRef digits = text(t);
    (void)digits.getAsDouble(value); // what the lexer reported already reads as 0
    bool isInteger = digits.find_first_not_of("0123456789") == llvm::StringRef::npos && value <= 0x1p53;
    if (!std::isfinite(value)) {
      error("R0102", at(t), "this number is too large");
      return nullptr;
    }
    return makeOf<NumberExpr>(at(t), 0, value, isInteger);
  }
  case Tok::Name:
    next();
    return makeOf<NameExpr>(at(t), 0, text(t));
  case Tok::LParen: {
    open();
    Expr *inner = expr();
    if (!inner || !close(Tok::RParen, t, "`)`"))
      return nullptr;
    return inner;
  }
  case Tok::LBracket:
    return list();
  case Tok::Binder:
    if (t.binder >= BinderKind::Count)
      return binder();
    if (auto *d = error("R0108", at(t), llvm::formatv("`{0}` needs parentheses here", text(t))))
      d->suggest(llvm::formatv("write `({0}(..) ..)`", text(t)));
    return nullptr;
  case Tok::If:
    if (auto *d = error("R0108", at(t), "`if` needs parentheses here"))
      d->suggest("write `(if .. then .. else ..)`");
    return nullptr;
  case Tok::Not:
    if (auto *d = error("R0108", at(t), "`not` needs parentheses here"))
      d->suggest("write `(not ..)`");
    return nullptr;
  case Tok::Minus:
    if (auto *d = error("R0108", at(t), "`-` needs parentheses here"))
      d->suggest("write `(-..)`");
    return nullptr;
  default:
    if (auto *d = expected("an expression"))
      hint(d);
    return nullptr;
  }
}

/// `sum(i | c) body`, and `count(i | c)`, which has no body.
Expr *Parser::binder() {
  Token word = tok();
  BinderKind kind = word.binder;
  if (kind == BinderKind::Softmax && pos != exprStart) {
    if (auto *d = error("R0108", at(word), "`softmax` may stand only at the start of an expression"))
      d->suggest("put it in parentheses, `(softmax(s) e[s]) * v[s]`, or give it a name of its own");
    return nullptr;
  }
  next();
  List<Index> indices;
  Expr *condition = nullptr;
  if (!over(indices, condition, kind))
    return nullptr;
  unsigned below = condition ? condition->height : 0;
  for (Index &i : indices)
    for (Expr *e : {i.over.first, i.over.last})
      below = std::max(below, e ? e->height : 0);
  Expr *body = nullptr;
  if (kind < BinderKind::Count) {
    // The operand belongs to the binder as the right side does to an operator: it may begin on the next line.
    size_t start = pos;
    switch (tok().kind) {
    case Tok::Number:
    case Tok::Name:
    case Tok::LParen:
    case Tok::LBracket:
    case Tok::Binder:
    case Tok::Minus:
      if (!atEnd() || !looksLikeStatement(start))
        break;
      [[fallthrough]];
    default:
      if (auto *d = error("R0109", here(),
                          llvm::formatv("expected what `{0}` is taken of, found {1}", text(word), found()))) {
        bool two = (kind == BinderKind::Max || kind == BinderKind::Min) && indices.size() == 2;
        if (two)
          d->label(at(word), "")
              .suggest(
                  llvm::formatv("`{0}` ranges over indices, `{0}(i) x[i]`; of two values it is `{0}imum({1}, {2})`",
                                text(word), indices[0].name.text, indices[1].name.text));
        else
          d->label(at(word), "")
              .suggest(llvm::formatv("a binder names its indices, then its operand: `{0}(i) x[i]`", text(word)));
      }
      return nullptr;
    }
    glued = pos;
    if (!(body = term()))
      return nullptr;
    below = std::max(below, body->height);
    // Its index stays bound outside, so nothing would tell that a sum was cut in two.
    if (kind == BinderKind::Softmax && !atEnd() && (is(Tok::Plus) || is(Tok::Minus))) {
      if (auto *d = error("R0108", at(tok()),
                          llvm::formatv("the operand of `softmax` ends before this `{0}`", found().substr(1, 1))))
        d->label(from(word.begin), "")
            .suggest(
                "put its operand in parentheses, `softmax(s) (a[s] + b[s])`, or all of it: `(softmax(s) a[s]) + b[s]`");
      return nullptr;
    }
  } else if (!atEnd() && (is(Tok::Name) || is(Tok::Number) || is(Tok::LParen) || is(Tok::Binder) || is(Tok::Not))) {
    if (auto *d = error("R0109", here(), llvm::formatv("`{0}` has no operand, found {1}", text(word), found())))
      d->label(at(word), "")
          .suggest(llvm::formatv("what it asks of each stands behind a bar: `{0}({1} | ..)`", text(word),
                                 indices[0].name.text));
    return nullptr;
  }
  return makeOf<BinderExpr>(from(word.begin), below, kind, at(word), ast->copy(indices), condition, body);
}

bool Parser::over(List<Index> &indices, Expr *&condition, BinderKind kind) {
  llvm::StringRef word = spelling(kind);
  auto form = [&](Diagnostic *d) {
    if (!d)
      return false;
    if (kind == BinderKind::Max || kind == BinderKind::Min)
      d->suggest(llvm::formatv("`{0}` ranges over indices, `{0}(i) x[i]`; of two values it is `{0}imum(a, b)`", word));
    else
      d->suggest(
          llvm::formatv("`{0}` ranges over indices, `{0}(i) x[i]`, with a condition `{0}(i | i > 0) x[i]`", word));
    return false;
  };
  Token opened = tok();
  if (!sees(Tok::LParen) && llvm::is_contained(misnamed, word))
    return false;
  if (!sees(Tok::LParen))
    return form(error("R0109", here(), llvm::formatv("expected `(` after `{0}`, found {1}", word, found())));
  open();
  do {
    Index i;
    if (!is(Tok::Name))
      return form(error("R0109", here(), llvm::formatv("expected an index of `{0}`, found {1}", word, found())));
    if (!index(i))
      return false;
    indices.push_back(i);
  } while (take(Tok::Comma));
  if (take(Tok::Bar) && !(condition = expr()))
    return false;
  if (!is(Tok::RParen) && !condition && !is(Tok::End) && !tok().startsLine)
    return form(error("R0109", here(),
                      llvm::formatv("expected `,`, `|` or `)` behind the indices of `{0}`, found {1}", word, found())));
  return close(Tok::RParen, opened, condition ? "`)`" : "`,`, `|` or `)`");
}

bool Parser::index(Index &index) {
  if (!name(index.name, "an index"))
    return false;
  if (sees(Tok::In)) {
    next();
    if (!range(index.over))
      return false;
  }
  index.range = from(index.name.range.begin);
  return true;
}

bool Parser::range(IndexRange &range) {
  uint32_t begin = tok().begin;
  if (!(range.first = sum()))
    return false;
  if (sees(Tok::DotDot)) {
    next();
    if (!(range.last = sum()))
      return false;
  }
  range.range = from(begin);
  return true;
}

/// `[a, b]` or `[f(i) for i in n]`
Expr *Parser::list() {
  Token opened = tok();
  open();
  Expr *first = expr();
  if (!first)
    return nullptr;
  if (take(Tok::For)) {
    ast::Name variable;
    IndexRange over;
    if (!name(variable, "a name after `for`") || !expect(Tok::In, "the name that `for` binds") || !range(over) ||
        !close(Tok::RBracket, opened, "`]`"))
      return nullptr;
    unsigned below = std::max(first->height, over.first->height);
    if (over.last)
      below = std::max(below, over.last->height);
    return makeOf<ListForExpr>(from(opened.begin), below, first, variable, over);
  }
  List<Expr *> elements{first};
  while (take(Tok::Comma)) {
    Expr *e = expr();
    if (!e)
      return nullptr;
    elements.push_back(e);
  }
  if (!close(Tok::RBracket, opened, "`,` or `]`"))
    return nullptr;
  return makeOf<ListExpr>(from(opened.begin), heightOf(elements), ast->copy(elements));
}
