// The reduced dimensions of a contract or reduce at one result point (or strip of 16 result elements).
#pragma once

#include "codegen/cpu/Point.h"

namespace rondo {

class Reduction {
public:
  explicit Reduction(Point &point);
  mlir::Type type() const { return resultType; } // scalar, or vector where the result runs along the lanes
  mlir::Value identity() const;                  // the value of no terms
  mlir::Value emit();

private:
  using Terms = llvm::function_ref<mlir::Value(mlir::Value carried, mlir::Value mask)>;
  mlir::Value nest(llvm::ArrayRef<unsigned> dims, mlir::Value carried, Terms terms);
  mlir::Value strips(unsigned dim, mlir::Value carried, Terms terms);
  mlir::Value sumOfProducts(mlir::Value carried, mlir::Value mask);
  mlir::Value element(unsigned k, mlir::Value mask);
  mlir::Value fold(mlir::Value init, llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine, Terms terms);
  mlir::Value argmax();
  mlir::Value logSumExp();
  Code &code() const { return point.code(); }

  Point &point;
  llvm::SmallVector<unsigned> dims; // reduced dimensions, the innermost last
  bool lanes = false;               // the innermost reduced dimension runs along the lanes
  mlir::Type element_, resultType, carriedType;
  llvm::StringRef how; // "" for a contract
};

} // namespace rondo
