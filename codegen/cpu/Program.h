// From a batched module to kernel functions and the facts about them that the library's tables state.
#pragma once

#include "codegen/cpu/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace rondo {

/// Kinds of elements, numbered as runtime/src/program.h does.
enum ElementKind : int32_t { ElementF32 = 0, ElementI32 = 1, ElementBool = 2 };

/// One tensor of the weights file: row-major and unpadded at `offset` floats of the plain block.
struct EmittedCell {
  std::string name, kind; // kind: "param" or "const"
  std::vector<int64_t> shape;
  int64_t offset = 0;
  int32_t element = ElementF32; // another only of tables
  int64_t bound = 0;            // of tables of tokens: values are below it
};

/// A sequence axis. Those that the caller gives come first. Others are made: by arithmetic over earlier ones, or of
/// values that the model computes.
struct EmittedAxis {
  std::string name; // as callers know it
  int64_t max = 0;  // longest example admitted; 0: any
  int32_t least = 1;
  enum Source { Given, Arithmetic, Value } source = Given;
  /// Of made ones: (constant + sum of factor * length of earlier axes) div divisor is the length; of values, the most.
  int64_t constant = 0, divisor = 1;
  std::vector<int64_t> factors = {};
  bool returned = false; // results over it give its offsets
};

/// Several sequence axes together, as rondo_grid (runtime/src/program.h).
struct EmittedGrid {
  std::vector<int32_t> axes; // rising
  bool owners = false;       // the table from rows to examples is wanted
};

/// An input or result of an export.
struct EmittedValue {
  std::string name;
  int32_t element = ElementF32;
  std::vector<int32_t> axes;         // indices into EmittedExport::axes, outermost first
  std::vector<int64_t> shape;        // static dimensions, in order
  int64_t bound = 0;                 // tokens: below it; -1-k: below the length of axis k; 0: any
  std::optional<double> preset = {}; // inputs: what they are where the caller gives none

  /// Elements of a row.
  int64_t width() const { return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<int64_t>()); }
};

struct EmittedExport {
  std::string name;
  std::vector<EmittedAxis> axes;
  std::vector<EmittedGrid> grids;
  std::vector<EmittedValue> inputs, results;
  /// Axes that the caller gives.
  size_t given() const {
    return std::count_if(axes.begin(), axes.end(), [](const EmittedAxis &a) { return a.source == EmittedAxis::Given; });
  }
  /// Slot sizes in floats: coefficients of the terms of rondo_export (runtime/src/program.h).
  std::vector<std::vector<int64_t>> plan;
  std::vector<int64_t> scratch;
  std::vector<std::string> entry; // symbol per target of EmittedProgram::targets
};

struct EmittedProgram {
  /// func.func kernels, entries and loads; all symbols are private to the library.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<Target> targets;
  std::vector<EmittedCell> cells;
  std::vector<EmittedExport> exports;
  int64_t plainFloats = 0, packedFloats = 0;
  std::vector<std::string> load; // symbol per target: void load(const float *plain, float *packed)
};

/// Emits every export of a batched module (with or without kernels formed). Failure comes with a diagnostic.
mlir::FailureOr<EmittedProgram> emitProgram(mlir::ModuleOp module, llvm::ArrayRef<Target> targets);

} // namespace rondo
