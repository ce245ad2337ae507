// The scalar region of a map, as straight code over values that are scalars or vectors.
#pragma once

#include "codegen/cpu/Point.h"

namespace rondo {

/// Emits the region for the elements `read` and returns what it yields. A value that varies along the vector dimension
/// is a vector, any other a scalar.
llvm::SmallVector<mlir::Value> emitRegion(const Point &point, MapOp map, llvm::ArrayRef<mlir::Value> read);

} // namespace rondo
