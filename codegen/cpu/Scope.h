// What is known at a place in a kernel: the frame, the example and the steps of the enclosing scans, where values live.
#pragma once

#include "codegen/cpu/Placement.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace rondo {

/// The fields of `rondo_frame` (runtime/src/program.h), in its order.
enum class FrameField {
  Batch,
  Offsets,
  Rows,
  Longest,
  ExampleOf,
  Order,
  Inputs,
  Results,
  Weights,
  Slots,
  Scratch,
  ScratchStride,
  Team
};

/// One kernel function: `void kernel(rondo_frame *, i32 tid, i32 threads, pointers ..)`. Values read from the frame are
/// loaded once, at its entry.
class Kernel {
public:
  Kernel(Code code, mlir::Value frame, mlir::Value tid, mlir::Value threads, const AxisTable &axes,
         const Placement &placement)
      : code(code), frame(frame), tid(tid), threads(threads), axes(axes), placement(placement) {}

  Code code;
  mlir::Value frame, tid, threads; // pointer, index, index
  const AxisTable &axes;
  const Placement &placement;
  /// While a model is opened there is no frame: the plain and the packed block instead.
  mlir::Value plain, packed;

  /// Storage of a value; the pointer is made at the kernel's entry.
  Storage storageOf(mlir::Value v);
  /// Storage that the emitter itself decides: carries, scratch.
  void setStorage(mlir::Value v, Storage s) { storage[v] = std::move(s); }

  /// What is loaded once stands behind `op`.
  void startAfter(mlir::Operation *op) { entryEnd = op; }
  /// Where an input, a result, a slot or a packed weight (by its offset) begins. An argument of the function, so that
  /// kernels which differ in nothing else are one function.
  mlir::Value pointerTo(FrameField f, int64_t i);
  llvm::ArrayRef<std::pair<FrameField, int64_t>> pointers() const { return passed; }
  mlir::Value field(FrameField f);              // a pointer, or an index
  mlir::Value element(FrameField f, int64_t i); // pointer field[i] of a table of pointers
  mlir::Value number(FrameField f, int64_t i);  // int64_t field[i]
  mlir::Value scratch();                        // this thread's scratch
  mlir::Value exampleList(int64_t depth);       // int32_t for each example, behind the thread's scratch; depth >= 1
  /// Sum of coefficients (terms as in rondo_export) times the terms of this call.
  mlir::Value sizeOf(llvm::ArrayRef<int64_t> terms);

private:
  mlir::Value atEntry(llvm::StringRef key, llvm::function_ref<mlir::Value()> make);
  llvm::SmallVector<std::pair<FrameField, int64_t>> passed;
  llvm::DenseMap<mlir::Value, Storage> storage;
  llvm::StringMap<mlir::Value> loaded;
  mlir::Operation *entryEnd = nullptr; // the last operation made at the entry
};

/// A place inside a kernel. Copies are cheap; entering an example makes a new one.
struct Scope {
  Kernel &kernel;
  mlir::Value example;                           // null where there is none
  llvm::SmallVector<mlir::Value> offset, length; // of this example, per space; per axis
  llvm::StringMap<mlir::Value> step;             // of the innermost enclosing scan, by axis
  llvm::SmallVector<mlir::Value> steps;          // of all of them, the outermost first
  /// In a row of a fold: the columns of each wide value that anybody asks for, along each of its axes that are columns.
  /// Nothing outside is computed or read.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<std::pair<mlir::Value, mlir::Value>>> columns;

  explicit Scope(Kernel &kernel) : kernel(kernel) {}
  Code &code() const { return kernel.code; }
  Scope withExample(mlir::Value e) const;
  /// The length of an axis for the current example, or the batch size for "b".
  mlir::Value lengthOf(llvm::StringRef axis) const;
  /// The row of the current example at `index`, which has all dimensions.
  mlir::Value rowOf(const Storage &s, llvm::ArrayRef<mlir::Value> index) const;
  /// Pointer to the element at `index` (one value per dimension of the storage that is not held).
  mlir::Value address(const Storage &s, llvm::ArrayRef<mlir::Value> index) const;
};

} // namespace rondo
