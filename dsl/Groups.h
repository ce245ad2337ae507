// Recurrences: arrays that depend on each other form a group, which runs step by step along one sequence axis.
#ifndef RONDO_DSL_GROUPS_H
#define RONDO_DSL_GROUPS_H

#include "dsl/Prove.h"

#include "llvm/ADT/DenseSet.h"

namespace rondo::eq {

struct Group {
  llvm::SmallVector<Array *, 4> arrays; // in the order of the program
  bool recurrent = false;
  Sequence *axis = nullptr;
  bool reverse = false;
  llvm::DenseMap<const Array *, unsigned> time; // which axis of each array is the group's
  /// Reads at a bound index up to the step itself (`s <= t`), by whom: another may share the expression.
  llvm::DenseSet<std::pair<const Array *, const Expr *>> inclusive;
  std::vector<Group> inner; // one step: what it consists of, in order
  bool has(const Array *a) const { return llvm::is_contained(arrays, a); }
};

/// How far from the step a read of a group's array lies: `h[t-1]` is -1. Nothing where another index stands there.
std::optional<int64_t> offsetOf(Program &program, const Group &group, const Array &reader, const Expr *read);

/// All arrays of the program in an order in which everything read is defined before, recurrences as groups.
std::optional<std::vector<Group>> findGroups(mlir::MLIRContext *context, Program &program, Diagnostics &diagnostics);

} // namespace rondo::eq

#endif
