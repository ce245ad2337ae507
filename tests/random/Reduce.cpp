#include "tests/random/Reduce.h"
#include "dsl/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace llvm;

namespace rondo::random_programs {

namespace {
/// Bytes `begin` up to `end` become `text`.
struct Edit {
  uint32_t begin, end;
  std::string text;
  size_t saves() const { return end - begin - std::min<size_t>(text.size(), end - begin); }
};

/// Every edit that leaves something that reads.
class Edits {
public:
  explicit Edits(const std::string &text) : source("program.rondo", text) {
    Diagnostics diagnostics;
    tree = parse(source, diagnostics);
    if (diagnostics.hasErrors())
      return;
    for (ast::LayerDecl *layer : tree->file.layers) {
      line(layer->range);
      for (const ast::Size &size : layer->sizes)
        if (size.init)
          expression(size.init);
      for (ast::Member *m : layer->members)
        member(m);
    }
    for (ast::FnDecl *fn : tree->file.fns) {
      line(fn->range);
      body(fn);
    }
    sort(list,
         [](const Edit &a, const Edit &b) { return std::pair(b.saves(), a.begin) < std::pair(a.saves(), b.begin); });
  }
  std::vector<Edit> list;

private:
  void replace(Range range, std::string text) {
    if (range && range.text() != text)
      list.push_back({range.begin, range.end, std::move(text)});
  }
  void cut(uint32_t begin, uint32_t end) { list.push_back({begin, end, ""}); }

  /// A declaration or statement with the line end behind it.
  void line(Range range) {
    uint32_t end = range.end, begin = range.begin;
    const std::string &text = source.text;
    while (end < text.size() && text[end] == ' ')
      ++end;
    if (end < text.size() && text[end] == '\n')
      ++end;
    while (begin > 0 && text[begin - 1] == ' ')
      --begin;
    cut(begin, end);
  }

  /// Elements of a list between commas; the last one that is left stays.
  template <typename List, typename RangeOf>
  void elements(const List &parts, RangeOf rangeOf) {
    if (parts.size() < 2)
      return;
    for (size_t i = 0; i < parts.size(); ++i) {
      Range own = rangeOf(parts[i]);
      if (i + 1 < parts.size())
        cut(own.begin, rangeOf(parts[i + 1]).begin);
      else
        cut(rangeOf(parts[i - 1]).end, own.end);
    }
  }

  void member(ast::Member *m) {
    line(m->range);
    if (auto *cell = dyn_cast<ast::CellDecl>(m)) {
      for (const ast::Axis &axis : cell->type.axes)
        axisOf(axis);
      elements(cell->names, [](const ast::Name &name) { return name.range; });
    } else if (auto *bind = dyn_cast<ast::BindDecl>(m)) {
      for (ast::Expr *value : bind->values)
        expression(value);
    } else if (auto *fn = dyn_cast<ast::FnDecl>(m)) {
      body(fn);
    }
  }

  void axisOf(const ast::Axis &axis) {
    if (!axis.size)
      return;
    if (axis.least || axis.most)
      replace(axis.range, axis.size->range.text().str());
    expression(axis.size);
  }

  void body(ast::FnDecl *fn) {
    elements(fn->args, [](const ast::Arg &arg) { return arg.range; });
    for (const ast::Arg &arg : fn->args)
      for (const ast::Axis &axis : arg.type.axes)
        axisOf(axis);
    if (fn->value)
      expression(fn->value);
    for (ast::Stmt *s : fn->body)
      statement(s);
  }

  void boundaries(ArrayRef<ast::Bound> bounds) {
    elements(bounds, [](const ast::Bound &bound) { return bound.range; });
    if (!bounds.empty()) {
      // `where` itself stands before the first.
      size_t word = source.text.rfind("where", bounds.front().range.begin);
      if (word != std::string::npos)
        cut(word, bounds.back().range.end);
    }
    for (const ast::Bound &bound : bounds)
      expression(bound.value);
  }

  void statement(ast::Stmt *s) {
    line(s->range);
    if (auto *define = dyn_cast<ast::DefineStmt>(s)) {
      for (ast::Expr *value : define->values)
        expression(value);
      boundaries(define->bounds);
    } else if (auto *where = dyn_cast<ast::WhereStmt>(s)) {
      boundaries(where->bounds);
    } else if (auto *loop = dyn_cast<ast::ForStmt>(s)) {
      for (ast::Stmt *inner : loop->body)
        statement(inner);
      if (!loop->body.empty())
        replace(loop->range, join(loop->body.front()->range, loop->body.back()->range).text().str());
    } else if (auto *back = dyn_cast<ast::ReturnStmt>(s)) {
      elements(back->results, [](const ast::Result &result) {
        return result.target.name ? join(result.target.range, result.value->range) : result.value->range;
      });
      for (const ast::Result &result : back->results)
        expression(result.value);
      boundaries(back->bounds);
    }
  }

  /// `e` by each of its parts, by a number; then the same for the parts.
  void expression(ast::Expr *e) {
    if (!e)
      return;
    SmallVector<ast::Expr *> parts;
    if (auto *number = dyn_cast<ast::NumberExpr>(e)) {
      for (double to : {0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 16.0})
        if (number->value > to)
          replace(e->range, std::to_string(static_cast<int>(to)));
      return;
    }
    if (auto *unary = dyn_cast<ast::UnaryExpr>(e))
      parts = {unary->operand};
    else if (auto *binary = dyn_cast<ast::BinaryExpr>(e))
      parts = {binary->lhs, binary->rhs};
    else if (auto *compare = dyn_cast<ast::CompareExpr>(e)) {
      for (ast::Expr *operand : compare->operands)
        expression(operand);
      replace(e->range, "true");
      return;
    } else if (auto *choice = dyn_cast<ast::IfExpr>(e)) {
      parts = {choice->then, choice->otherwise};
      expression(choice->condition);
    } else if (auto *binder = dyn_cast<ast::BinderExpr>(e)) {
      if (binder->condition) {
        size_t bar = source.text.rfind('|', binder->condition->range.begin);
        if (bar != std::string::npos && bar > binder->wordRange.end)
          cut(bar, binder->condition->range.end);
        expression(binder->condition);
      }
      elements(binder->indices, [](const ast::Index &index) { return index.range; });
      if (binder->body)
        parts = {binder->body};
    } else if (auto *call = dyn_cast<ast::CallExpr>(e)) {
      for (const ast::Pass &pass : call->args)
        parts.push_back(pass.value);
      elements(call->args, [](const ast::Pass &pass) {
        return pass.name ? join(pass.name.range, pass.value->range) : pass.value->range;
      });
    } else if (auto *subscript = dyn_cast<ast::SubscriptExpr>(e))
      for (ast::Expr *at : subscript->subscripts)
        expression(at);
    else if (auto *made = dyn_cast<ast::ListForExpr>(e))
      parts = {made->element};
    bool isName = isa<ast::NameExpr>(e) || isa<ast::MemberExpr>(e);
    for (ast::Expr *part : parts)
      replace(e->range, "(" + part->range.text().str() + ")");
    for (ast::Expr *part : parts)
      replace(e->range, part->range.text().str());
    if (!isName) {
      replace(e->range, "0");
      replace(e->range, "1");
    } else {
      replace(e->range, "0");
    }
    for (ast::Expr *part : parts)
      expression(part);
  }

  Source source;
  std::unique_ptr<ast::Ast> tree;
};
} // namespace

Reduction reduce(std::string text, unsigned tries, std::function<bool(const std::string &)> still) {
  Reduction reduction;
  reduction.text = std::move(text);
  for (bool again = true; again && reduction.tried < tries;) {
    again = false;
    std::vector<Edit> edits = Edits(reduction.text).list;
    for (size_t i = 0; i < edits.size() && reduction.tried < tries; ++i) {
      std::string candidate = reduction.text;
      candidate.replace(edits[i].begin, edits[i].end - edits[i].begin, edits[i].text);
      if (candidate.size() > reduction.text.size() || candidate == reduction.text)
        continue;
      ++reduction.tried;
      if (!still(candidate))
        continue;
      ++reduction.taken;
      again = true;
      reduction.text = std::move(candidate);
      // What was tried at this size of edit is not tried again at once.
      edits = Edits(reduction.text).list;
      i = std::min(i, edits.size());
    }
  }
  return reduction;
}

} // namespace rondo::random_programs
