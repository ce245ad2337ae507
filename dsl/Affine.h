// Integer expressions and conditions as affine forms: for proofs about subscripts and for accesses and predicates of
// operations alike. What is not affine becomes a symbol that stands for its value.
#ifndef RONDO_DSL_AFFINE_H
#define RONDO_DSL_AFFINE_H

#include "dsl/Equations.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/IntegerSet.h"

namespace rondo::eq {

struct Constraint {
  mlir::AffineExpr expr; // >= 0, or == 0
  bool equality = false;
};
using Clause = llvm::SmallVector<Constraint, 4>;
/// A union of conjunctions. No clause: never; an empty clause: always.
using Clauses = llvm::SmallVector<Clause, 2>;

class AffineForms {
public:
  AffineForms(mlir::MLIRContext *context, Program &program) : context(context), program(program) {}

  mlir::MLIRContext *context;
  Program &program;
  llvm::SmallVector<const Var *> dims;
  /// Lengths, steps (an index variable listed in `steps`), data. A condition that is no comparison of integers is 0
  /// or 1.
  llvm::SmallVector<const Expr *> symbols;
  /// Variables that are symbols: the steps of enclosing scans.
  llvm::SmallVector<const Var *> steps;

  mlir::AffineExpr get(const Expr *e);
  Clauses clauses(const Expr *condition, bool negated = false);
  static Clauses both(const Clauses &a, const Clauses &b);
  static Clauses either(Clauses a, const Clauses &b);

private:
  mlir::AffineExpr symbol(const Expr *e);
  Clauses compare(Op op, const Expr *a, const Expr *b);
  Clauses conjunction(const Expr *c, bool negated);
  Clauses truth(const Expr *c, bool negated);
};

} // namespace rondo::eq

#endif
