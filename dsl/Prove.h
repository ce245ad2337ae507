// Proofs about integers: every subscript in range, ints that become tokens, and where a read of a recurrence lies.
#ifndef RONDO_DSL_PROVE_H
#define RONDO_DSL_PROVE_H

#include "dsl/Affine.h"
#include "dsl/Diagnostics.h"

namespace rondo::eq {

class Prover {
public:
  Prover(mlir::MLIRContext *context, Program &program) : context(context), program(program) {}

  /// Whether `condition` holds wherever all of `given` do, for all lengths and data.
  bool holds(Expr *condition, llvm::ArrayRef<Expr *> given);
  /// Whether the constraints can never hold together.
  bool impossible(llvm::ArrayRef<Expr *> given);

private:
  Clauses factsOf(AffineForms &forms, const Expr &s, mlir::AffineExpr e);
  bool possible(AffineForms &forms, Clause clause, llvm::SmallVector<const void *> told, unsigned choices);

  mlir::MLIRContext *context;
  Program &program;
};

/// Calls back for every node with the conditions under which it is evaluated. `matters` may say more of a reduction: a
/// condition without which its operand counts for nothing.
void walkGuarded(Program &program, Expr *e, llvm::SmallVectorImpl<Expr *> &given,
                 llvm::function_ref<void(Expr *, llvm::ArrayRef<Expr *>)> f,
                 llvm::function_ref<Expr *(Expr *)> matters = {});

/// Reports every subscript that may leave its array and has no boundary, every int that may be no token, and every
/// argmax or clamp that may have nothing to choose from.
bool proveSubscripts(mlir::MLIRContext *context, Program &program, Diagnostics &diagnostics);

} // namespace rondo::eq

#endif
