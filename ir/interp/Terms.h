// The terms of an equation: walks its domain and finds the runs of present terms along the innermost dim.
#pragma once

#include "ir/interp/Frame.h"
#include <deque>

namespace rondo {

class Terms {
public:
  Terms(Equation equation, const Frame &frame) : equation(equation), frame(frame) {}
  /// Finds extents and strides; a diagnostic if a length is unknown.
  mlir::LogicalResult prepare();

  /// `count` present terms, one after another along the innermost dim of the walk (the last reduced dim, or the last
  /// result dim when nothing is reduced). The nth reads element `offset + n * stride` of each read.
  struct Run {
    int64_t result = 0;       // place of the first term's result
    int64_t resultStride = 0; // 0 when the innermost dim is reduced
    int64_t inner = 0;        // index of the first along the innermost dim
    int64_t count = 1;
    llvm::SmallVector<int64_t, 4> offset, stride;
    llvm::ArrayRef<int64_t> dims; // all indices; the innermost one is that of the first
    int64_t example = 0;
    int innermost = -1; // which dim that is; -1 when there is none
  };
  /// In an order where all terms of one result follow each other.
  void forEachRun(llvm::function_ref<void(const Run &)> callback);
  /// Each place of a result that exists (within the example's own lengths, of a living example).
  void forEachResult(llvm::function_ref<void(int64_t place)> callback);

  /// A result of the equation's shape: `value` where it exists, NaN elsewhere.
  Tensor makeResult(double value);
  /// Gives an infinite scale to results whose terms hang on an undecided integer; and to NaN scales.
  void finish(Tensor &result);

private:
  /// One affine expression: coefficients where it is linear, else evaluated as a tree.
  struct Expr {
    mlir::AffineExpr tree;
    bool linear = false, usesInner = false;
    int64_t constant = 0;
    llvm::SmallVector<int64_t, 4> coefficients; // of dims, then symbols
  };
  struct Access {
    const Tensor *tensor = nullptr;
    llvm::SmallVector<Expr, 4> at;
    llvm::SmallVector<int64_t, 4> strides;
    llvm::SmallVector<const llvm::SmallVector<int64_t> *, 4> lengths; // of ragged dims, by example; else null
    int exampleDim = -1;
    bool usesInner = false;
  };
  struct Condition {
    Expr expr;
    bool equality;
  };
  using Interval = std::pair<int64_t, int64_t>; // half open

  Equation equation;
  const Frame &frame;
  llvm::SmallVector<int> order;     // dims, outermost first
  int innermost = -1, example = -1; // dims, or -1
  unsigned numDims = 0, numResultDims = 0;
  llvm::SmallVector<int64_t> resultShape, resultStrides;
  llvm::SmallVector<int64_t> extents;                   // of static dims and of `b`
  std::vector<llvm::SmallVector<int64_t>> dimLengths;   // of dims over axes, by example
  std::deque<llvm::SmallVector<int64_t>> accessLengths; // what Access::lengths points into
  std::vector<llvm::SmallVector<int64_t>> scalarValues; // by example
  std::vector<Access> reads, lets;
  std::vector<std::vector<Condition>> clauses;
  bool fast = false;           // whole runs at once
  std::vector<char> undecided; // by place of the result, if any

  // State of the walk.
  llvm::SmallVector<int64_t> index, symbols;
  int64_t currentExample = 0;

  Expr makeExpr(mlir::AffineExpr tree);
  mlir::LogicalResult prepareDims();
  mlir::LogicalResult prepareScalars();
  bool isFast() const;
  mlir::LogicalResult makeAccess(mlir::Value value, mlir::AffineMap map, Access &access);
  int64_t extentOf(int dim) const;
  int64_t evaluate(const Expr &expr) const;
  bool place(const Access &access, int64_t &offset) const;
  bool evaluateSymbols();
  bool holds() const;
  void markUndecided();
  void walk(unsigned depth, unsigned end, llvm::function_ref<void()> leaf);
  void emitRuns(llvm::function_ref<void(const Run &)> callback);
  void emitFast(int64_t extent, Run &run, llvm::function_ref<void(const Run &)> callback);
  int64_t resultPlace() const;
  Interval intervalOf(int64_t base, int64_t coefficient, int64_t low, int64_t high) const;
};

} // namespace rondo
