// Emits the operations of one program. Private to lowering.
#ifndef RONDO_DSL_EMITTER_H
#define RONDO_DSL_EMITTER_H

#include "dsl/Affine.h"
#include "dsl/Elaborate.h"
#include "dsl/Groups.h"
#include "dsl/Normalise.h"

#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rondo::eq {

using Vars = llvm::SmallVector<const Var *, 4>;

/// A tensor and the variables its dims stand for, in order.
struct Tensor {
  mlir::Value value;
  Vars dims;
  explicit operator bool() const { return bool(value); }
};

/// A tensor read at expressions. `past`: rows of a recurrence that exist up to the step only, along dim `pastDim`.
struct Operand {
  mlir::Value value;
  llvm::SmallVector<Expr *, 4> places;
  bool zeroOutside = false; // something outside its range may be meant, as zero
  const struct ScanScope *past = nullptr;
  unsigned pastDim = 0;
  explicit operator bool() const { return bool(value); }
};

/// A recurrence being emitted, from the point of view of its body.
struct ScanScope {
  const Group *group = nullptr;
  std::string axis;
  llvm::DenseMap<const Array *, mlir::Value> current; // of this step, without the axis
  struct Chain {
    const Array *array;
    const Boundary *name;
    unsigned lags = 1;
    llvm::SmallVector<mlir::Value, 2> init;
    llvm::SmallVector<mlir::Value, 2> carried; // [k]: of k + 1 steps ago
  };
  std::vector<Chain> chains;
  llvm::DenseMap<const Array *, mlir::Value> pasts;
  struct Slice {
    mlir::Value whole;
    unsigned dim;
    mlir::Value slice;
  };
  std::vector<Slice> slices;
  mlir::Value position; // of this step, where a recurrence within has steps along the same axis
};

class Emitter {
public:
  Emitter(mlir::OpBuilder &builder, Program &program)
      : b(builder), context(builder.getContext()), program(program), prover(context, program) {}

  bool failed = false;
  std::optional<NotBuilt> notBuilt; // why
  llvm::DenseMap<const Array *, mlir::Value> values;

  void emit(const std::vector<Group> &groups);
  mlir::RankedTensorType typeOf(const Type &type);

private:
  friend class EquationBuilder;
  mlir::OpBuilder &b;
  mlir::MLIRContext *context;
  Program &program;
  Prover prover;
  std::vector<ScanScope> scopes; // enclosing recurrences, outermost first
  const Array *reader = nullptr; // whose equation is being emitted
  Vars steps;                    // its variables that are steps of enclosing scans
  const std::vector<Group> *allGroups = nullptr;
  /// Results of scans for arrays of which only the last row is read.
  llvm::DenseMap<const Array *, mlir::Value> lastRows;

  mlir::Location loc(Range range);
  mlir::Type element(const Element &e);
  mlir::RankedTensorType typeOf(llvm::ArrayRef<const Var *> dims, mlir::Type element);
  Tensor refuse(Range range, std::string what);

  // Equations (Emitter.cpp, EmitReduce.cpp).
  void enter(const Array &array);
  mlir::Value emitArray(const Array &array);
  mlir::Value emitOver(Expr *e, llvm::ArrayRef<const Var *> dims, llvm::ArrayRef<Expr *> guards, Range range);
  mlir::Value emitConcat(const Array &array, llvm::ArrayRef<const Var *> dims);
  Tensor tensorOf(Expr *e, llvm::ArrayRef<const Var *> order);
  Tensor leaf(Expr *e, llvm::ArrayRef<const Var *> order);
  Tensor view(const Operand &operand, llvm::ArrayRef<const Var *> order, Range range);
  Tensor broadcast(const Tensor &t, llvm::ArrayRef<const Var *> dims, Range range);
  Expr *asIndex(Expr *place);
  Operand operandOf(Expr *e, llvm::ArrayRef<const Var *> order);
  Operand operandOf(const Tensor &tensor, Range range);
  Operand resolve(Expr *read, size_t level);
  /// Whether each place is an index of its own, over the whole of its dim.
  bool isPlain(const Operand &operand);
  /// Whether some place is an index over another axis than its dim's, shorter since the subscript is proved.
  bool readsPart(const Operand &operand);
  Vars dimsOf(const Expr *e, llvm::ArrayRef<const Var *> order);
  Tensor emitReduce(Expr *e, llvm::ArrayRef<const Var *> order);
  /// Of a sum of products.
  struct Factor {
    Expr *e;
    Vars over;
    bool computed; // by a map, whatever we do
    bool parameter;
  };
  llvm::SmallVector<Factor, 4> joinFactors(llvm::ArrayRef<Expr *> factors, llvm::ArrayRef<const Var *> all);
  Tensor emitSum(Expr *e, llvm::ArrayRef<const Var *> order);
  Operand emitSoftmax(Expr *e, llvm::ArrayRef<const Var *> order);
  Operand termsOf(Expr *body, llvm::ArrayRef<const Var *> all);
  mlir::Value asInt(mlir::Value value);

  // Maps (EmitMap.cpp).
  mlir::Value emitMap(Expr *e, llvm::ArrayRef<const Var *> dims, llvm::ArrayRef<Expr *> guards, Range range);
  mlir::Value zeros(mlir::RankedTensorType type, Range range);

  // Recurrences (EmitScan.cpp).
  void emitGroup(const Group &group);
  void emitScan(const Group &group);
  void planChains(ScanScope &scope);
  void planSlices(ScanScope &scope);
  mlir::Value positions(const Group &group);
  /// The position that a variable of `steps` stands for, where a step of a recurrence within has the name of its axis.
  mlir::Value hiddenStep(const Var *step);
  mlir::Value beginning(const ScanScope &scope, const ScanScope::Chain &chain, unsigned lag);
  struct Need {
    bool stack = false, last = false, past = false;
  };
  Need needOf(const Group &group, const Array &array);
  llvm::SmallVector<const Array *> addStacks(const Group &group, llvm::ArrayRef<Need> needs, ScanParts &parts);
  bool emitSteps(const Group &group, ScanOp scan, llvm::ArrayRef<const Array *> stacked);
  bool isLastRow(const Group &group, const Expr *read);
  llvm::SmallVector<const Group *, 2> groupsOf(const Array &array);
};

/// Collects reads and conditions of one equation, then numbers its symbols.
class EquationBuilder {
public:
  EquationBuilder(Emitter &emitter, llvm::ArrayRef<const Var *> dims, llvm::ArrayRef<const Var *> reduced = {});
  void read(const Operand &operand);
  void read(const Tensor &tensor);
  void where(Expr *condition);
  /// False if something could not be made a symbol.
  bool finish(mlir::Type element);
  EquationParts parts;

private:
  /// A scalar ("size t"), or a let: a tensor and where it is read.
  struct Symbol {
    std::string scalar;
    mlir::Value let;
    llvm::SmallVector<mlir::AffineExpr> at;
  };
  bool mayLeave(const Expr &read);
  bool findSymbols();
  llvm::SmallVector<size_t> orderLets() const;

  Emitter &emitter;
  AffineForms forms;
  std::vector<Symbol> symbols;
  Vars resultDims, reduced;
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<llvm::SmallVector<mlir::AffineExpr>> places;
  llvm::SmallVector<Expr *> conditions; // and as clauses:
  Clauses clauses{Clause{}};
};

} // namespace rondo::eq

#endif
