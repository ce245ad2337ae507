// A program after calls are inlined and loops unrolled: every element of every array has one equation over index
// variables. This is what `--emit=equations` prints, what subscripts are proved on, where recurrences are found, and
// what is lowered to operations. One Program is one export; parameters are shared by all programs of a model.
#ifndef RONDO_DSL_EQUATIONS_H
#define RONDO_DSL_EQUATIONS_H

#include "dsl/Ast.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <deque>
#include <optional>
#include <string>

namespace llvm {
class raw_ostream;
}

namespace rondo::eq {

struct Array;
struct Expr;
struct Sequence;

/// One axis of a value: static by its size, or a sequence. `name` is the user's word for it (may be empty).
struct Axis {
  Sequence *seq = nullptr;
  int64_t size = 0;
  std::string name;
  bool same(const Axis &other) const { return seq == other.seq && (seq || size == other.size); }
  std::string str() const;  // "H = 512", "512", "T"
  std::string word() const; // "H", "512", "T"
};

/// A sequence axis of one export: an identity, never compared by name. Given with the inputs, or made in a body: by
/// arithmetic (then `length` says how, over the others), or of a value.
struct Sequence {
  std::string name; // unique in the export; what the operations call it. By arithmetic: its length in normal form
  Range where;
  int64_t least = 1;
  std::optional<int64_t> most;
  std::string word = {};  // of an axis made in a body: the user's name for it, may be empty
  Expr *length = nullptr; // made by arithmetic: over lengths of axes that are not
  Array *value = nullptr; // made of a value: this one, a token below `bound`
  Axis bound = {};
  bool given() const { return !length && !value; }
};

enum class Kind { Real, Int, Bool };

/// The kind of an element; a token is an int known to lie in 0 .. bound-1.
struct Element {
  Kind kind = Kind::Real;
  bool token = false;
  Axis bound;
  static Element real() { return {}; }
  static Element integer() { return {Kind::Int, false, {}}; }
  static Element boolean() { return {Kind::Bool, false, {}}; }
  static Element tokenOf(Axis bound) { return {Kind::Int, true, std::move(bound)}; }
  std::string str() const;
};

struct Type {
  Element element;
  llvm::SmallVector<Axis, 4> axes;
  size_t rank() const { return axes.size(); }
  std::string str() const;
};

/// Without the first `n`. (SmallVector's erase of nothing moves elements onto themselves, which empties their names.)
inline llvm::SmallVector<Axis, 4> withoutFirst(llvm::ArrayRef<Axis> axes, size_t n) {
  return llvm::SmallVector<Axis, 4>(axes.begin() + n, axes.end());
}

/// An index variable: 0 .. extent of its axis - 1.
struct Var {
  std::string name;
  Axis axis;
  Range range;
};

enum class Op {
  Const,  // value
  Index,  // var
  Length, // seq
  Read,   // array[args], else one of `outside`
  Neg,
  Not,
  Add,
  Sub,
  Mul,
  Div,
  IntDiv,
  Mod,
  Pow,
  Min,
  Max,
  Lt,
  Le,
  Eq,
  Ne,
  And,
  Or,
  Select, // args[0] ? args[1] : args[2]; only the chosen one exists
  Call,   // scalar function `fn` of args[0]
  ToReal,
  Clamp,   // args[0] into 0 .. bound-1
  Narrow,  // args[0], an obligation to prove it in 0 .. bound-1
  Stop,    // identity without derivative
  Reduce,  // binder over `vars` where args[1] (may be null) of args[0] (null for a count)
  Softmax, // args[0] where args[1] normalised over `vars`, taken at args[2..]
  Concat,  // only as a whole equation: args joined along the equation's last variable; part i is over vars[i]
};

enum class Reduction { Sum, Prod, Mean, Max, Min, LogSumExp, ArgMax, Count, Any, All };

struct Expr;

/// What a read outside its array means.
struct Outside {
  Expr *when = nullptr; // condition over the read's subscripts; null: anywhere outside
  Expr *value = nullptr;
};

/// The boundaries of a name in its fn; filled when the fn is complete.
struct Boundary {
  struct Entry {
    llvm::SmallVector<Expr *, 2> at;  // per leading subscript; null: anywhere outside
    llvm::SmallVector<Var *, 4> vars; // the axes of the value
    Expr *value = nullptr;
    Range range;
  };
  llvm::SmallVector<const Var *, 4> context; // what values may depend on: the leading subscripts, which are not written
  llvm::SmallVector<unsigned, 4> positions;  // where a read has the subscripts that are written
  std::vector<Entry> entries;
};

struct Expr {
  Op op;
  Element element;
  Range range;
  double value = 0;
  const Var *var = nullptr;
  Sequence *seq = nullptr;
  Array *array = nullptr;
  Boundary *boundary = nullptr;          // of a Read: the name it goes by
  llvm::SmallVector<Outside, 1> outside; // of a Read, afterwards
  llvm::StringRef fn;
  Reduction reduction = Reduction::Sum;
  llvm::SmallVector<const Var *, 2> vars;
  llvm::SmallVector<Expr *, 3> args;
  Axis bound; // of Clamp and Narrow

  bool is(Op other) const { return op == other; }
  bool isInt() const { return element.kind == Kind::Int; }
  bool isBool() const { return element.kind == Kind::Bool; }
  bool isReal() const { return element.kind == Kind::Real; }
};

enum class Role { Input, Param, Const, Equation };

/// Everything subscripted: an input, a parameter, or the left side of an equation `name[vars] = body where guard`.
struct Array {
  Role role = Role::Equation;
  std::string name;
  Type type;
  Range range;
  unsigned hidden = 0; // leading axes that come from where it stands, not from what was written
  llvm::SmallVector<const Var *, 4> vars;
  Expr *body = nullptr;
  llvm::SmallVector<Expr *, 2> guards; // it exists only where all hold
  /// What reads at its own variables mean outside, for each name it is read by: where recurrences begin.
  std::vector<std::pair<const Boundary *, llvm::SmallVector<Outside, 1>>> before;
  unsigned id = 0;
  // Of parameters: how they begin.
  std::string init;
  llvm::SmallVector<double, 2> initArgs;
  std::optional<double> preset; // of inputs: what they are where the caller leaves them out
  bool isCell() const { return role == Role::Param || role == Role::Const; }
};

struct Output {
  std::string name;
  Array *array = nullptr;
};

/// What an axis variable of an exported fn became, for `check`.
struct AxisNote {
  std::string fn, variable, became;
};

/// Owns everything it is made of, except the arrays of parameters.
class Program {
public:
  std::string name;
  Range range;
  std::vector<Array *> inputs;
  std::vector<Output> outputs;
  std::vector<AxisNote> axisNotes;
  std::deque<Array> arrays;
  std::deque<Sequence> sequences;
  std::deque<Var> vars;
  std::deque<Expr> exprs;
  std::deque<Boundary> boundaries;

  /// `word`, or a name made of it that no other sequence has.
  std::string freshSequence(llvm::StringRef word) const;
  Var *makeVar(llvm::StringRef name, Axis axis, Range range);
  Expr *make(Op op, Element element, Range range, llvm::ArrayRef<Expr *> args = {});
  Expr *clone(const Expr &e);
  Expr *number(double value, Element element, Range range);
  Expr *integer(int64_t value, Range range) { return number(value, Element::integer(), range); }
  Expr *truth(bool value, Range range) { return number(value, Element::boolean(), range); }
  Expr *index(const Var *var, Range range);
  Expr *length(Sequence *seq, Range range);
  Expr *extent(const Axis &axis, Range range);
  Expr *read(Array *array, llvm::ArrayRef<Expr *> subscripts, Range range);
  /// Folds constants and the neutral elements of + * and or; keeps everything else as it is.
  Expr *binary(Op op, Expr *a, Expr *b, Range range);
  Expr *negation(Expr *condition, Range range);
  Expr *toReal(Expr *e);
};

using Substitution = llvm::DenseMap<const Var *, Expr *>;
/// The expression with variables replaced; shares what does not change.
Expr *substitute(Program &program, Expr *e, const Substitution &map);
/// Rebuilds bottom up; `f` gets every node after its operands and returns what stands for it.
Expr *rewrite(Program &program, Expr *e, llvm::function_ref<Expr *(Expr *)> f);
/// The same for who knows nodes by identity: `f` gets each as it was, too.
Expr *rewrite(Program &program, Expr *e, llvm::function_ref<Expr *(Expr *was, Expr *now)> f);
/// Every node, operands before users; false stops going into a node (called on the way down).
void walk(const Expr *e, llvm::function_ref<bool(const Expr *)> f);
/// Free index variables in order of appearance.
llvm::SmallVector<const Var *, 4> freeVars(const Expr *e);
bool isFree(const Var *var, const Expr *e);
/// The same expression: bound variables compared by identity.
bool equal(const Expr *a, const Expr *b);
std::optional<int64_t> asInteger(const Expr *e);
/// The values that lengths of axes are made of, of every axis that an array is over or mentions.
void eachLength(const Array &array, llvm::function_ref<void(Array *)> f);

void print(llvm::raw_ostream &os, const Expr *e);
std::string str(const Expr *e);
void print(llvm::raw_ostream &os, const Program &program);

} // namespace rondo::eq

#endif
