// Printing syntax trees.
#include "dsl/AstPrinter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace rondo;
using namespace rondo::ast;
using llvm::cast;

namespace {

class Printer {
public:
  explicit Printer(llvm::raw_ostream &os) : os(os) {}

  void expr(const Expr *e);
  void file(const File &file);

private:
  template <typename List, typename Print>
  void commas(const List &list, Print print) {
    llvm::interleave(list, os, print, ", ");
  }
  void exprs(llvm::ArrayRef<Expr *> list) {
    commas(list, [&](Expr *e) { expr(e); });
  }
  void range(const IndexRange &r) {
    expr(r.first);
    if (r.last) {
      os << "..";
      expr(r.last);
    }
  }
  void indices(llvm::ArrayRef<Index> list) {
    commas(list, [&](const Index &i) {
      os << i.name.text;
      if (i.over.first) {
        os << " in ";
        range(i.over);
      }
    });
  }
  void names(llvm::ArrayRef<ast::Name> list) {
    commas(list, [&](const ast::Name &n) { os << n.text; });
  }
  void init(const Expr *e) {
    if (e) {
      os << " = ";
      expr(e);
    }
  }
  void type(const Type &t);
  void target(const Target &t);
  void bounds(llvm::ArrayRef<Bound> bounds);
  void stmt(const Stmt *s, unsigned indent);
  void block(llvm::ArrayRef<Stmt *> body, unsigned indent);
  void member(const Member *m, unsigned indent);
  void fn(const FnDecl *f, unsigned indent);

  llvm::raw_ostream &os;
};

} // namespace

void Printer::expr(const Expr *e) {
  switch (e->kind) {
  case Expr::Number: {
    auto *n = cast<NumberExpr>(e);
    if (n->isInteger)
      os << static_cast<int64_t>(n->value);
    else
      os << n->range.text();
    return;
  }
  case Expr::Name:
    os << cast<NameExpr>(e)->name;
    return;
  case Expr::Unary:
    os << (cast<UnaryExpr>(e)->op == UnaryOp::Neg ? "(-" : "(not ");
    expr(cast<UnaryExpr>(e)->operand);
    os << ')';
    return;
  case Expr::Binary: {
    auto *b = cast<BinaryExpr>(e);
    os << '(';
    expr(b->lhs);
    os << ' ' << spelling(b->op) << ' ';
    expr(b->rhs);
    os << ')';
    return;
  }
  case Expr::Compare: {
    auto *c = cast<CompareExpr>(e);
    os << '(';
    for (auto [i, operand] : llvm::enumerate(c->operands)) {
      if (i)
        os << ' ' << spelling(c->ops[i - 1]) << ' ';
      expr(operand);
    }
    os << ')';
    return;
  }
  case Expr::If: {
    auto *i = cast<IfExpr>(e);
    os << "(if ";
    expr(i->condition);
    os << " then ";
    expr(i->then);
    os << " else ";
    expr(i->otherwise);
    os << ')';
    return;
  }
  case Expr::Binder: {
    auto *b = cast<BinderExpr>(e);
    os << '(' << spelling(b->binder) << '(';
    indices(b->indices);
    if (b->condition) {
      os << " | ";
      expr(b->condition);
    }
    os << ')';
    if (b->body) {
      os << ' ';
      expr(b->body);
    }
    os << ')';
    return;
  }
  case Expr::Call: {
    auto *c = cast<CallExpr>(e);
    expr(c->callee);
    os << '(';
    commas(c->args, [&](const Pass &p) {
      if (p.name)
        os << p.name.text << " = ";
      expr(p.value);
    });
    os << ')';
    return;
  }
  case Expr::Subscript:
    expr(cast<SubscriptExpr>(e)->base);
    os << '[';
    exprs(cast<SubscriptExpr>(e)->subscripts);
    os << ']';
    return;
  case Expr::Member:
    expr(cast<MemberExpr>(e)->base);
    os << '.' << cast<MemberExpr>(e)->member.text;
    return;
  case Expr::List:
    os << '[';
    exprs(cast<ListExpr>(e)->elements);
    os << ']';
    return;
  case Expr::ListFor: {
    auto *l = cast<ListForExpr>(e);
    os << '[';
    expr(l->element);
    os << " for " << l->variable.text << " in ";
    range(l->over);
    os << ']';
    return;
  }
  }
}

void Printer::type(const Type &t) {
  static const char *const words[] = {"", "int", "bool", "token", "static"};
  os << words[static_cast<unsigned>(t.element)];
  if (t.tokens) {
    os << '(';
    expr(t.tokens);
    os << ')';
  }
  if (!t.hasShape)
    return;
  os << '[';
  commas(t.axes, [&](const Axis &a) {
    if (a.least) {
      expr(a.least);
      os << " <= ";
    }
    expr(a.size);
    if (a.most) {
      os << (a.strict ? " < " : " <= ");
      expr(a.most);
    }
  });
  os << ']';
}

void Printer::target(const Target &t) {
  os << t.name.text;
  if (t.indices.empty())
    return;
  os << '[';
  indices(t.indices);
  os << ']';
}

void Printer::bounds(llvm::ArrayRef<Bound> bounds) {
  if (bounds.empty())
    return;
  os << " where ";
  commas(bounds, [&](const Bound &b) {
    os << b.array.text << '[';
    commas(b.at, [&](const Expr *e) { e ? expr(e) : void(os << '_'); });
    os << "] = ";
    expr(b.value);
  });
}

void Printer::stmt(const Stmt *s, unsigned indent) {
  os.indent(indent);
  switch (s->kind) {
  case Stmt::Define: {
    auto *d = cast<DefineStmt>(s);
    commas(d->targets, [&](const Target &t) { target(t); });
    os << (d->isDraw ? " ~ " : " = ");
    exprs(d->values);
    bounds(d->bounds);
    break;
  }
  case Stmt::Axis:
    os << "axis " << cast<AxisStmt>(s)->name.text;
    init(cast<AxisStmt>(s)->value);
    break;
  case Stmt::Update:
    os << "update " << cast<UpdateStmt>(s)->name.text;
    init(cast<UpdateStmt>(s)->value);
    break;
  case Stmt::Where:
    os << "(nothing)";
    bounds(cast<WhereStmt>(s)->bounds);
    break;
  case Stmt::For: {
    auto *f = cast<ForStmt>(s);
    os << "for " << f->variable.text << " in ";
    range(f->over);
    block(f->body, indent);
    break;
  }
  case Stmt::Return: {
    auto *r = cast<ReturnStmt>(s);
    os << "return ";
    commas(r->results, [&](const Result &result) {
      if (result.target.name) {
        target(result.target);
        os << " = ";
      }
      expr(result.value);
    });
    bounds(r->bounds);
    break;
  }
  }
  os << '\n';
}

void Printer::block(llvm::ArrayRef<Stmt *> body, unsigned indent) {
  os << " {\n";
  for (const Stmt *s : body)
    stmt(s, indent + 2);
  os.indent(indent) << '}';
}

void Printer::fn(const FnDecl *f, unsigned indent) {
  os << "fn " << f->name.text << '(';
  commas(f->args, [&](const Arg &a) {
    os << a.name.text << ": ";
    type(a.type);
    init(a.init);
  });
  os << ')';
  if (f->hasResults) {
    os << " -> ";
    if (f->results.size() != 1)
      os << '(';
    commas(f->results, [&](const Type &t) { type(t); });
    if (f->results.size() != 1)
      os << ')';
  }
  if (f->value)
    init(f->value);
  else
    block(f->body, indent);
  os << '\n';
}

void Printer::member(const Member *m, unsigned indent) {
  os.indent(indent);
  switch (m->kind) {
  case Member::Cell: {
    static const char *const words[] = {"param ", "state ", "const "};
    auto *c = cast<CellDecl>(m);
    os << words[static_cast<unsigned>(c->cell)];
    names(c->names);
    os << " : ";
    type(c->type);
    init(c->init);
    break;
  }
  case Member::Setting:
    os << "setting " << cast<SettingDecl>(m)->name.text;
    init(cast<SettingDecl>(m)->value);
    break;
  case Member::Require:
    os << "require ";
    expr(cast<RequireDecl>(m)->condition);
    break;
  case Member::Bind:
    names(cast<BindDecl>(m)->names);
    os << " = ";
    exprs(cast<BindDecl>(m)->values);
    break;
  case Member::Fn:
    return fn(cast<FnDecl>(m), indent);
  case Member::Export: {
    auto *e = cast<ExportDecl>(m);
    os << "export " << e->name.text;
    if (e->mode != ExportKind::Whole)
      os << (e->mode == ExportKind::Stream ? " = stream " : " = train ") << e->fn.text;
    if (e->over)
      os << " over " << e->over.text;
    if (e->by) {
      os << " by ";
      expr(e->by);
    }
    if (e->with) {
      os << " with ";
      expr(e->with);
    }
    break;
  }
  }
  os << '\n';
}

void Printer::file(const File &file) {
  for (const LayerDecl *l : file.layers) {
    os << (l->isModel ? "model " : "layer ") << l->name.text << '(';
    commas(l->sizes, [&](const Size &s) {
      os << s.name.text;
      init(s.init);
    });
    os << ") {\n";
    for (const Member *m : l->members)
      member(m, 2);
    os << "}\n";
  }
  for (const FnDecl *f : file.fns)
    fn(f, 0);
}

void rondo::print(llvm::raw_ostream &os, const File &file) { Printer(os).file(file); }
void rondo::print(llvm::raw_ostream &os, const Expr &expr) { Printer(os).expr(&expr); }

std::string rondo::str(const File &file) {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os, file);
  return text;
}

std::string rondo::str(const Expr &expr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os, expr);
  return text;
}
