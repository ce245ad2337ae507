// The syntax tree: what was written, nothing resolved. One node kind for each production of docs/language.md.
// Nodes live in the arena of their Ast, are never destroyed one by one and point into the source text, so they hold
// only plain data. Expressions, statements and members are told apart by `kind` (llvm::isa, cast, dyn_cast work on
// them).
#ifndef RONDO_DSL_AST_H
#define RONDO_DSL_AST_H

#include "dsl/Source.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/Casting.h"

#include <type_traits>

namespace rondo::ast {

/// A name where it stands. An absent name (the unnamed fn, a positional argument) is empty.
struct Name {
  llvm::StringRef text;
  Range range;
  explicit operator bool() const { return !text.empty(); }
};

//===--- Expressions ----------------------------------------------------===//

struct Expr {
  enum Kind { Number, Name, Unary, Binary, Compare, If, Binder, Call, Subscript, Member, List, ListFor };
  const Kind kind;
  unsigned height = 1; // of the tree below; the parser bounds it, so that walks may recurse
  Range range;

protected:
  Expr(Kind kind, Range range) : kind(kind), range(range) {}
};

/// `first` alone is an extent or a list (`in T` is 0..T-1); with `last`, both ends belong to the range.
struct IndexRange {
  Expr *first = nullptr;
  Expr *last = nullptr;
  Range range;
};

/// An index that is bound here: `t`, `t in T`, `k in -R..R`. Without a range, `over.first` is null.
struct Index {
  Name name;
  IndexRange over;
  Range range;
};

struct NumberExpr : Expr {
  double value;
  bool isInteger; // written without fraction and exponent, and exact in a double
  NumberExpr(Range range, double value, bool isInteger) : Expr(Number, range), value(value), isInteger(isInteger) {}
  static bool classof(const Expr *e) { return e->kind == Number; }
};

struct NameExpr : Expr {
  llvm::StringRef name;
  NameExpr(Range range, llvm::StringRef name) : Expr(Name, range), name(name) {}
  static bool classof(const Expr *e) { return e->kind == Name; }
};

enum class UnaryOp { Neg, Not };
struct UnaryExpr : Expr {
  UnaryOp op;
  Expr *operand;
  UnaryExpr(Range range, UnaryOp op, Expr *operand) : Expr(Unary, range), op(op), operand(operand) {}
  static bool classof(const Expr *e) { return e->kind == Unary; }
};

enum class BinaryOp { Add, Sub, Mul, Div, IntDiv, Mod, Dot, Pow, And, Or };
llvm::StringRef spelling(BinaryOp op);
struct BinaryExpr : Expr {
  BinaryOp op;
  Range opRange;
  Expr *lhs, *rhs;
  BinaryExpr(Range range, BinaryOp op, Range opRange, Expr *lhs, Expr *rhs)
      : Expr(Binary, range), op(op), opRange(opRange), lhs(lhs), rhs(rhs) {}
  static bool classof(const Expr *e) { return e->kind == Binary; }
};

/// A chain `a < b <= c`: one more operand than signs; it holds where every neighbouring pair does.
enum class CompareOp { Lt, Le, Gt, Ge, Eq, Ne };
llvm::StringRef spelling(CompareOp op);
struct CompareExpr : Expr {
  llvm::ArrayRef<CompareOp> ops;
  llvm::ArrayRef<Expr *> operands;
  CompareExpr(Range range, llvm::ArrayRef<CompareOp> ops, llvm::ArrayRef<Expr *> operands)
      : Expr(Compare, range), ops(ops), operands(operands) {}
  static bool classof(const Expr *e) { return e->kind == Compare; }
};

struct IfExpr : Expr {
  Expr *condition, *then, *otherwise;
  IfExpr(Range range, Expr *condition, Expr *then, Expr *otherwise)
      : Expr(If, range), condition(condition), then(then), otherwise(otherwise) {}
  static bool classof(const Expr *e) { return e->kind == If; }
};

enum class BinderKind { Sum, Prod, Mean, Max, Min, LogSumExp, ArgMax, Softmax, Rank, Categorical, Count, Any, All };
llvm::StringRef spelling(BinderKind kind);
/// `sum(i, j | condition) body`. Count, Any and All have no body; `condition` may be null.
struct BinderExpr : Expr {
  BinderKind binder;
  Range wordRange; // the word alone
  llvm::ArrayRef<Index> indices;
  Expr *condition, *body;
  BinderExpr(Range range, BinderKind binder, Range wordRange, llvm::ArrayRef<Index> indices, Expr *condition,
             Expr *body)
      : Expr(Binder, range), binder(binder), wordRange(wordRange), indices(indices), condition(condition), body(body) {}
  static bool classof(const Expr *e) { return e->kind == Binder; }
};

/// An argument of a call, by position or by name.
struct Pass {
  ast::Name name;
  Expr *value;
};
struct CallExpr : Expr {
  Expr *callee; // a name, `list[i]`, `instance.step` ...
  llvm::ArrayRef<Pass> args;
  CallExpr(Range range, Expr *callee, llvm::ArrayRef<Pass> args) : Expr(Call, range), callee(callee), args(args) {}
  static bool classof(const Expr *e) { return e->kind == Call; }
};

struct SubscriptExpr : Expr {
  Expr *base;
  llvm::ArrayRef<Expr *> subscripts;
  SubscriptExpr(Range range, Expr *base, llvm::ArrayRef<Expr *> subscripts)
      : Expr(Subscript, range), base(base), subscripts(subscripts) {}
  static bool classof(const Expr *e) { return e->kind == Subscript; }
};

struct MemberExpr : Expr {
  Expr *base;
  ast::Name member;
  MemberExpr(Range range, Expr *base, ast::Name member) : Expr(Member, range), base(base), member(member) {}
  static bool classof(const Expr *e) { return e->kind == Member; }
};

/// `[a, b]`
struct ListExpr : Expr {
  llvm::ArrayRef<Expr *> elements;
  ListExpr(Range range, llvm::ArrayRef<Expr *> elements) : Expr(List, range), elements(elements) {}
  static bool classof(const Expr *e) { return e->kind == List; }
};

/// `[element for variable in over]`
struct ListForExpr : Expr {
  Expr *element;
  ast::Name variable;
  IndexRange over;
  ListForExpr(Range range, Expr *element, ast::Name variable, IndexRange over)
      : Expr(ListFor, range), element(element), variable(variable), over(over) {}
  static bool classof(const Expr *e) { return e->kind == ListFor; }
};

//===--- Types ----------------------------------------------------------===//

/// One axis of a shape with its declared bounds: `T`, `2*H`, `T <= M`, `T < M`, `0 <= T`. Absent bounds are null.
/// Of two parts joined by `<=`, a number literal first is a lower bound, otherwise the second part is an upper bound.
struct Axis {
  Expr *least = nullptr; // least <= size
  Expr *size = nullptr;
  Expr *most = nullptr; // size <= most, or size < most
  bool strict = false;
  Range range;
};

enum class Element { Real, Int, Bool, Token, Static };
struct Type {
  Element element = Element::Real;
  Expr *tokens = nullptr; // of token(..): how many
  llvm::ArrayRef<Axis> axes;
  bool hasShape = false; // `[]` was written, if only that
  Range range;
};

//===--- Statements -----------------------------------------------------===//

/// The left side of an equation: `h`, `h[t]`, `p[c, d in C]`.
struct Target {
  Name name;
  llvm::ArrayRef<Index> indices;
  Range range;
};

/// One boundary `h[-1] = value`; a null subscript stands for `_`, anywhere outside.
struct Bound {
  Name array;
  llvm::ArrayRef<Expr *> at;
  Expr *value = nullptr;
  Range range;
};

/// One result of a return; `target.name` is absent when only an expression was written.
struct Result {
  Target target;
  Expr *value = nullptr;
};

struct Stmt {
  enum Kind { Define, Axis, Update, Where, For, Return };
  const Kind kind;
  Range range;

protected:
  Stmt(Kind kind, Range range) : kind(kind), range(range) {}
};

/// `targets = values where bounds`, or `~` for a draw.
struct DefineStmt : Stmt {
  llvm::ArrayRef<Target> targets;
  bool isDraw = false;
  llvm::ArrayRef<Expr *> values;
  llvm::ArrayRef<Bound> bounds;
  explicit DefineStmt(Range range) : Stmt(Define, range) {}
  static bool classof(const Stmt *s) { return s->kind == Define; }
};

/// `axis name = value`
struct AxisStmt : Stmt {
  Name name;
  Expr *value;
  AxisStmt(Range range, Name name, Expr *value) : Stmt(Axis, range), name(name), value(value) {}
  static bool classof(const Stmt *s) { return s->kind == Axis; }
};

/// `update name = value`
struct UpdateStmt : Stmt {
  Name name;
  Expr *value;
  UpdateStmt(Range range, Name name, Expr *value) : Stmt(Update, range), name(name), value(value) {}
  static bool classof(const Stmt *s) { return s->kind == Update; }
};

/// A `where` that stands alone.
struct WhereStmt : Stmt {
  llvm::ArrayRef<Bound> bounds;
  WhereStmt(Range range, llvm::ArrayRef<Bound> bounds) : Stmt(Where, range), bounds(bounds) {}
  static bool classof(const Stmt *s) { return s->kind == Where; }
};

struct ForStmt : Stmt {
  Name variable;
  IndexRange over;
  llvm::ArrayRef<Stmt *> body;
  ForStmt(Range range, Name variable, IndexRange over, llvm::ArrayRef<Stmt *> body)
      : Stmt(For, range), variable(variable), over(over), body(body) {}
  static bool classof(const Stmt *s) { return s->kind == For; }
};

struct ReturnStmt : Stmt {
  llvm::ArrayRef<Result> results;
  llvm::ArrayRef<Bound> bounds;
  explicit ReturnStmt(Range range) : Stmt(Return, range) {}
  static bool classof(const Stmt *s) { return s->kind == Return; }
};

//===--- Declarations ---------------------------------------------------===//

struct Member {
  enum Kind { Cell, Setting, Require, Bind, Fn, Export };
  const Kind kind;
  Range range;

protected:
  Member(Kind kind, Range range) : kind(kind), range(range) {}
};

/// `param a, b : type = init`; state and const likewise.
enum class CellKind { Param, State, Const };
struct CellDecl : Member {
  CellKind cell;
  llvm::ArrayRef<Name> names;
  Type type;
  Expr *init = nullptr;
  CellDecl(Range range, CellKind cell) : Member(Cell, range), cell(cell) {}
  static bool classof(const Member *m) { return m->kind == Cell; }
};

/// `setting name = value`
struct SettingDecl : Member {
  Name name;
  Expr *value;
  SettingDecl(Range range, Name name, Expr *value) : Member(Setting, range), name(name), value(value) {}
  static bool classof(const Member *m) { return m->kind == Setting; }
};

/// `require condition`
struct RequireDecl : Member {
  Expr *condition;
  RequireDecl(Range range, Expr *condition) : Member(Require, range), condition(condition) {}
  static bool classof(const Member *m) { return m->kind == Require; }
};

/// `embed, out = embedding(V, E), linear(E, V)`: instances, lists of them, sizes.
struct BindDecl : Member {
  llvm::ArrayRef<Name> names;
  llvm::ArrayRef<Expr *> values;
  BindDecl(Range range, llvm::ArrayRef<Name> names, llvm::ArrayRef<Expr *> values)
      : Member(Bind, range), names(names), values(values) {}
  static bool classof(const Member *m) { return m->kind == Bind; }
};

struct Arg {
  Name name;
  Type type;
  Expr *init = nullptr;
  Range range;
};

/// A fn of a file, a layer or a model. Either `value` (`fn f(x) = value`) or `body` is given.
struct FnDecl : Member {
  Name name; // absent: calling the instance calls this
  llvm::ArrayRef<Arg> args;
  llvm::ArrayRef<Type> results;
  bool hasResults = false;
  Expr *value = nullptr;
  llvm::ArrayRef<Stmt *> body;
  Range head; // from `fn` to the last type
  explicit FnDecl(Range range) : Member(Fn, range) {}
  static bool classof(const Member *m) { return m->kind == Fn; }
};

/// `export name`, `export name = stream fn over T`, `export name = train fn over T by 64 with adam(lr = 1e-3)`
enum class ExportKind { Whole, Stream, Train };
struct ExportDecl : Member {
  ExportKind mode = ExportKind::Whole;
  Name name;
  Name fn;   // equals name for Whole
  Name over; // absent: not given
  Expr *by = nullptr;
  Expr *with = nullptr;
  explicit ExportDecl(Range range) : Member(Export, range) {}
  static bool classof(const Member *m) { return m->kind == Export; }
};

/// A size parameter of a layer or model with its default.
struct Size {
  Name name;
  Expr *init = nullptr;
};

struct LayerDecl {
  bool isModel = false;
  Name name;
  llvm::ArrayRef<Size> sizes;
  llvm::ArrayRef<Member *> members; // exports only in models
  Range range;
};

struct File {
  const Source *source = nullptr;
  llvm::ArrayRef<LayerDecl *> layers; // models, too; in the order written
  llvm::ArrayRef<FnDecl *> fns;
};

//===--- Ownership ------------------------------------------------------===//

/// Owns the nodes of one file, and those that later steps make beside them.
class Ast {
public:
  template <typename T, typename... Args>
  T *make(Args &&...args) {
    static_assert(std::is_trivially_destructible_v<T>, "nodes are never destroyed");
    return new (arena.Allocate<T>()) T(std::forward<Args>(args)...);
  }
  template <typename List>
  auto copy(const List &list) {
    using T = std::remove_cv_t<std::remove_reference_t<decltype(*list.begin())>>;
    static_assert(std::is_trivially_destructible_v<T>, "nodes are never destroyed");
    T *data = arena.Allocate<T>(list.size());
    std::uninitialized_copy(list.begin(), list.end(), data);
    return llvm::ArrayRef<T>(data, list.size());
  }

  File file;

private:
  llvm::BumpPtrAllocator arena;
};

} // namespace rondo::ast

#endif
