// The Rondo dialect: everything a pass, the front end or an emitter needs to read and build operations.
#pragma once

#include "ir/Axes.h"
#include "ir/Equation.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/IntegerSet.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace rondo {
class Frame; // ir/interp/Frame.h

/// Fills the region of a map: gets the scalars read, returns the scalars yielded.
using MapBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// What a scan is made of. Building adds a region with one block whose arguments have the types that follow from this.
struct ScanParts {
  struct Past {
    unsigned stack = 0; // whose earlier rows it is
    mlir::Value rows;   // boundary rows before the first, or null
  };
  std::string axis;
  bool reverse = false;
  llvm::SmallVector<mlir::Value> over;
  llvm::SmallVector<int64_t> sliceDims; // for each slice operand, the dim that is the axis
  llvm::SmallVector<mlir::Value> init;
  llvm::SmallVector<Past> pasts;
  llvm::SmallVector<mlir::Type> stacks; // result types
  llvm::SmallVector<int64_t> stackDims;
  llvm::SmallVector<mlir::Type> sums;
};
} // namespace rondo

#include "ir/Dialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "ir/Attrs.h.inc"
#include "ir/Interfaces.h.inc"
#define GET_OP_CLASSES
#include "ir/Ops.h.inc"
