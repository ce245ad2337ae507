// What an equation is made of, as a value that passes and the front end can change and build from.
#pragma once

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IntegerSet.h"
#include "mlir/IR/OpImplementation.h"

namespace rondo {

/// Dims are numbered result dims first; symbols scalars first, then lets. Maps and sets may be given with fewer dims or
/// symbols than the equation has: building fits them.
struct EquationParts {
  llvm::SmallVector<mlir::Type> results;
  llvm::SmallVector<mlir::Value> reads;
  llvm::SmallVector<mlir::AffineMap> readMaps;
  llvm::SmallVector<mlir::Value> lets;
  llvm::SmallVector<mlir::AffineMap> letMaps;
  llvm::SmallVector<std::string> scalars;     // "size t", "step t"
  llvm::SmallVector<mlir::Attribute> extents; // one for each reduced dim: IntegerAttr or StringAttr
  llvm::SmallVector<mlir::IntegerSet> where;  // a union; empty is true
  llvm::SmallVector<int64_t> over;            // softmax: the dims it normalises over
  unsigned addedDims = 0;                     // leading result dims that the operation rebuilt has not

  unsigned getNumResultDims() const { return mlir::cast<mlir::RankedTensorType>(results.front()).getRank(); }
  unsigned getNumDims() const { return getNumResultDims() + extents.size(); }
  unsigned getNumSymbols() const { return scalars.size() + lets.size(); }

  void read(mlir::Value value, mlir::AffineMap map) { reads.push_back(value), readMaps.push_back(map); }
  /// Reads at the given dims, in order: `read(x, {0, 2})` is `%x[i, l]`.
  void read(mlir::Value value, llvm::ArrayRef<unsigned> dims);
  /// Appends a let and returns its symbol.
  mlir::AffineExpr let(mlir::Value value, mlir::AffineMap map);
  /// The symbol of a scalar ("size t"), added if it is not there: before the lets, whose symbols then move up by one.
  mlir::AffineExpr scalar(mlir::MLIRContext *context, llvm::StringRef text);
  void reduceOver(mlir::MLIRContext *context, int64_t size);
  void reduceOver(mlir::MLIRContext *context, llvm::StringRef axis);
  /// Replaces dims and symbols everywhere and sets the new counts of both.
  void replaceDimsAndSymbols(llvm::ArrayRef<mlir::AffineExpr> dims, llvm::ArrayRef<mlir::AffineExpr> symbols);
};

/// Sorted, without duplicates and clauses or constraints that always hold; [] is true.
llvm::SmallVector<mlir::IntegerSet> normalWhere(llvm::ArrayRef<mlir::IntegerSet> where, unsigned dims,
                                                unsigned symbols);

/// Fills operands, attributes and result types of an equation operation (all but its region and own attributes).
void buildEquation(mlir::OpBuilder &builder, mlir::OperationState &state, const EquationParts &parts);

} // namespace rondo
