// Who does what in a recurrence: each thread takes examples of its own and never waits (dealt), or all threads take
// every step of all examples together, each the same columns of every product, and meet between what depends on each
// other (split). Arithmetic does not depend on the choice.
#pragma once

#include "codegen/cpu/ProductKernel.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include <functional>

namespace rondo {

/// The products of a step, by their kernels; those of recurrences inside it are not among them.
using ScanProducts = llvm::MapVector<mlir::Operation *, ProductKernel>;
ScanProducts productsOf(ScanOp scan, const Placement &placement);

/// All products of a step, with those of recurrences inside it.
struct ScanWeights {
  int64_t products = 0, floats = 0;
};
ScanWeights weightsOf(ScanOp scan, const Placement &placement);

/// How many recurrences it stands inside of.
int64_t depthOf(ScanOp scan);

struct ScanTeam {
  mlir::Value count;                                 // examples whose recurrence this thread takes part in
  std::function<mlir::Value(mlir::Value)> exampleAt; // the k-th of them; the longest is the first
  mlir::Value member, members;                       // this thread among those that share the examples; null: alone

  /// The team of a scan at the top level of an export. Split or dealt is decided by every call (docs/kernels.md).
  static ScanTeam of(Kernel &kernel, ScanOp scan);
  /// One example, by the thread that is at it anyway: a scan without products inside a scan's step.
  static ScanTeam alone(Code &code, mlir::Value example);

  /// Runs over this member's part of the first `count` examples.
  void forOwn(Code &code, mlir::Value count, llvm::function_ref<void(mlir::Value k)> body) const;
  /// What any member wrote before, all members see behind it.
  void meet(Kernel &kernel) const;
};

/// Where members must meet within a step: before somebody reads or overwrites what another member may be at.
/// The rows of an example are always one member's, and so are the columns of one product.
class ScanMeetings {
public:
  ScanMeetings(const ScanTeam &team, Kernel &kernel) : team(team), kernel(kernel) {}
  enum Part { Examples, Columns };
  /// These operations begin, and others read what `also` names; waits if it must.
  void before(llvm::ArrayRef<mlir::Operation *> ops, Part part, llvm::ArrayRef<mlir::Value> also = {});
  /// These go somewhere else than their slots.
  void redirected(mlir::Value v) { elsewhere.insert(v); }
  /// The step ends.
  void end();

private:
  using Places = llvm::DenseSet<std::pair<int, int64_t>>;
  void note(mlir::Value v, Places &places);

  const ScanTeam &team;
  Kernel &kernel;
  llvm::DenseSet<mlir::Value> elsewhere;
  Places read[2], written[2]; // since the last meeting, by who did it
};

} // namespace rondo
