// Axes of tensor types: reading their names, making types, and arithmetic on length expressions.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include <optional>
#include <string>

namespace rondo {

/// "t(b)" -> ("t", "b"); "t" -> ("t", "").
std::pair<llvm::StringRef, llvm::StringRef> splitAxis(llvm::StringRef axis);

/// Name of the axis of a dynamic dimension, without its parent; empty when the dimension is static.
llvm::StringRef axisOf(mlir::RankedTensorType type, unsigned dim);
/// The axis a dimension is ragged in, or empty.
llvm::StringRef parentOf(mlir::RankedTensorType type, unsigned dim);
inline bool isRagged(mlir::RankedTensorType type, unsigned dim) { return !parentOf(type, dim).empty(); }
/// The axis as it is written: "t" or "t(b)"; empty when the dimension is static.
std::string axisText(mlir::RankedTensorType type, unsigned dim);
/// First dimension over the axis.
std::optional<unsigned> dimOfAxis(mlir::RankedTensorType type, llvm::StringRef axis);

/// `axes` has one entry, "t" or "t(b)", for each dynamic dimension of `shape`.
mlir::RankedTensorType makeType(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<std::string> axes, mlir::Type element);
mlir::RankedTensorType dropDim(mlir::RankedTensorType type, unsigned dim);
/// Inserts a dimension before `dim`: static when `axis` is empty, else over the axis "t" or "t(b)".
mlir::RankedTensorType insertDim(mlir::RankedTensorType type, unsigned dim, int64_t size, llvm::StringRef axis = "");
mlir::RankedTensorType withElement(mlir::RankedTensorType type, mlir::Type element);
/// Equal shapes and axes, whatever the elements.
bool sameDomain(mlir::RankedTensorType a, mlir::RankedTensorType b);

/// The normal form of a length expression: names in order, then the constant ("2*t+u+3", "(t+3) div 4").
/// Empty when the text is no length expression.
std::string normalAxis(llvm::StringRef expression);
/// Normal form of a sum of lengths, each an axis or a number.
std::string axisSum(llvm::ArrayRef<std::string> lengths);
/// Value of a length expression under the lengths of base axes; none when one of them is unknown.
std::optional<int64_t> axisLength(llvm::StringRef expression,
                                  llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> lengthOf);
/// A length expression one step apart: (constant + the sum of factor * length of each term) div divisor. A term is a
/// base axis or a quotient.
struct AxisForm {
  int64_t constant = 0, divisor = 1;
  llvm::SmallVector<std::pair<std::string, int64_t>> terms;
  /// A base axis: nothing but itself.
  bool isBase(llvm::StringRef axis) const {
    return !constant && divisor == 1 && terms.size() == 1 && terms[0] == std::pair(axis.str(), int64_t(1));
  }
};
std::optional<AxisForm> axisForm(llvm::StringRef expression);
/// Calls back for each base axis of a length expression.
void walkBaseAxes(llvm::StringRef expression, llvm::function_ref<void(llvm::StringRef)> callback);

} // namespace rondo
