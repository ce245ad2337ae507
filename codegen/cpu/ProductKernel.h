// Connects a `rondo.kernel "product"` (docs/kernels.md) with the product emitter.
#pragma once

#include "codegen/cpu/Point.h"
#include "codegen/cpu/Product.h"

namespace rondo {

/// The rows of a product: at the top level packed rows of an axis or examples, in a scan the living examples.
struct RowSpace {
  mlir::Value count;
  /// The place of row i: the scope of its example, and its positions along the rows' axes (none where rows
  /// are examples).
  llvm::function_ref<std::pair<Scope, llvm::SmallVector<mlir::Value>>(mlir::Value i)> placeOf;
  /// Row i is row i of every value over the same axis.
  bool flat = false;
  /// Where values that the epilogue stores go as well.
  const llvm::DenseMap<mlir::Value, llvm::SmallVector<Storage, 1>> *also = nullptr;
};

class ProductKernel {
public:
  /// Null where the kernel is not of the product form.
  static std::optional<ProductKernel> of(KernelOp op, const Placement &placement);
  /// Floats of each thread's scratch that `emit` uses.
  int64_t scratchFloats();
  void emit(Kernel &kernel, const RowSpace &rows, mlir::Value tid, mlir::Value threads, Product::Split split);
  /// What the kernel computes before the product (rows it gathers, say): stored first, by themselves.
  llvm::ArrayRef<mlir::Operation *> before() const { return earlier; }
  /// Whether the epilogue stores this value.
  bool stores(mlir::Value v) const;
  int64_t weightFloats() const;
  mlir::RankedTensorType resultType() { return mlir::cast<mlir::RankedTensorType>(contract.getType()); }

private:
  /// The reduced loops, where adjoining ones that go through A and B without gaps are one.
  struct Reduced {
    llvm::SmallVector<int64_t> extents, strideA, strideB;
  };
  Reduced reduced(const Storage &a);
  /// Whether the rows of A are worth a copy: see productCopyStride.
  bool copies(const Layout &a) const { return a.rowSize % 1024 == 0 && columns >= 8 * kLanes; }
  void finish(Kernel &kernel, const RowSpace &rows, mlir::Value row, mlir::Value unit,
              llvm::ArrayRef<mlir::Value> sums);

  KernelOp kernelOp;
  llvm::SmallVector<mlir::Operation *> earlier;
  ContractOp contract;
  unsigned weightRead = 0, rowRead = 0;
  llvm::SmallVector<unsigned> rowDims, columnDims;
  int64_t gates = 1, columns = 1;
};

} // namespace rondo
