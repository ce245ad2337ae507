// The inside of an equation at one point of its domain: dimensions become known one after another, and with them the
// integers it looks up (`let`), the conditions it states, and the elements it reads.
#pragma once

#include "codegen/cpu/Equation.h"

namespace rondo {

class Point {
public:
  Point(const Scope &scope, const EquationView &eq);

  const Scope &scope;
  const EquationView &eq;
  llvm::SmallVector<mlir::Value> dims; // known dimensions; the vector dimension holds its first lane's index
  int vectorDim = -1;                  // dimension that runs along the lanes, once chosen
  mlir::Value laneMask;                // lanes that exist at all (last strip); null: all

  Code &code() const { return scope.code(); }
  mlir::Value extent(unsigned dim) const;

  /// Makes a dimension known and looks up what follows from it. The scalar condition it adds, or null.
  mlir::Value bind(unsigned dim, mlir::Value index);
  /// Makes a dimension known without looking anything up.
  void bindQuietly(unsigned dim, mlir::Value index) { dims[dim] = index; }
  /// Whether an expression's dimensions and symbols are known, and its value then.
  bool isKnown(mlir::AffineExpr e) const { return ready(e); }
  mlir::Value valueOf(mlir::AffineExpr e) const { return evaluate(e); }
  /// What can be decided before any dimension is known.
  mlir::Value settleNow() { return settle(); }
  /// The range of a dimension before conditions: all of it, or the columns of a fold's row that are asked for.
  std::pair<mlir::Value, mlir::Value> span(unsigned dim) const;
  /// Bounds of `dim` that follow from conditions whose other terms are known; these are then settled.
  std::pair<mlir::Value, mlir::Value> bounds(unsigned dim);
  /// Lanes of the vector dimension that every remaining condition allows, with `laneMask`; null: all.
  mlir::Value mask();
  /// Whether `dim` can be the vector dimension: each read is constant or adjacent along it, and no `let` depends on it.
  bool vectorisable(unsigned dim, bool needAdjacent) const;
  /// How read `k` varies along `dim`: not at all, to the next element in memory with the next index, or otherwise.
  enum class Along { Constant, Adjacent, Apart };
  Along along(unsigned k, unsigned dim) const;
  /// The element(s) read by read `k`: a scalar, or a vector where it varies along the vector dimension.
  mlir::Value read(unsigned k, mlir::Value mask);
  /// Address of read `k` at the known dimensions.
  mlir::Value readAddress(unsigned k) const;
  /// Address of result `k` at the known dimensions.
  mlir::Value resultAddress(unsigned k) const;
  void write(unsigned k, mlir::Value value) const;

  /// The dimensions' and symbols' state, to be restored after a branch or loop.
  struct State {
    llvm::SmallVector<mlir::Value> dims, symbols;
    llvm::SmallVector<Condition> conditions;
    int vectorDim;
    mlir::Value laneMask;
  };
  State save() const { return {dims, symbols, conditions, vectorDim, laneMask}; }
  void restore(State s) {
    dims = std::move(s.dims), symbols = std::move(s.symbols), conditions = std::move(s.conditions);
    vectorDim = s.vectorDim, laneMask = s.laneMask;
  }

private:
  bool ready(mlir::AffineExpr e, int besides = -1) const;
  bool mentions(const Condition &c, unsigned dim) const;
  mlir::Value evaluate(mlir::AffineExpr e, bool asVector = false) const;
  mlir::Value evaluate(const Condition &c, bool asVector) const;
  void requireInRange(mlir::RankedTensorType type, mlir::AffineMap map, llvm::SmallVectorImpl<Condition> &to) const;
  bool provedInRange(mlir::AffineExpr e, mlir::RankedTensorType type, unsigned dim) const;
  mlir::Value settle();
  mlir::Value lookUp(unsigned let);
  mlir::Value gather(unsigned k, mlir::Type stored, mlir::Value mask);

  llvm::SmallVector<mlir::Value> symbols; // null: not yet known
  llvm::SmallVector<Condition> conditions;
  llvm::SmallVector<llvm::SmallVector<Condition>> letConditions;
};

} // namespace rondo
