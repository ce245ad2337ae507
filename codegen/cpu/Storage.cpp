#include "codegen/cpu/Storage.h"

#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

int64_t AxisTable::indexOf(StringRef name) const {
  auto *it = llvm::find(names, name.str());
  return it == names.end() ? -1 : it - names.begin();
}

// Pairs (a, b) with a <= b, in order: (0,0) (0,1) .. (0,n-1) (1,1) ..; the count of a pair does not depend on its order.
int64_t AxisTable::pairOf(int64_t first, int64_t second) const {
  int64_t a = std::min(first, second), c = std::max(first, second), n = names.size();
  return a * n - a * (a - 1) / 2 + (c - a);
}

Layout Layout::of(RankedTensorType type, bool padded) {
  Layout layout;
  layout.type = type;
  layout.padded = padded;
  layout.strides.assign(type.getRank(), 0);
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (!type.isDynamicDim(d))
      continue;
    if (axisOf(type, d) == "b")
      layout.perExample = true;
    else
      layout.rowDims.push_back(d);
  }
  layout.innerRow = padded && layout.rowDims.size() == 2 && type.getNumDynamicDims() < type.getRank();
  bool innermost = true;
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    if (type.isDynamicDim(d))
      continue;
    layout.strides[d] = layout.rowSize;
    int64_t size = type.getDimSize(d);
    layout.rowSize *= padded && innermost && !layout.innerRow ? llvm::alignTo(size, kLanes) : size;
    innermost = false;
  }
  return layout;
}

int64_t Layout::contiguousDim() const {
  if (innerRow)
    return rowDims.back();
  for (int64_t d = type.getRank() - 1; d >= 0; --d)
    if (!type.isDynamicDim(d))
      return d;
  return rowDims.empty() ? -1 : rowDims.back();
}

} // namespace rondo
