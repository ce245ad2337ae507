#include "codegen/cpu/Storage.h"

#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

int64_t AxisTable::indexOf(StringRef name) const {
  auto *it = llvm::find(names, name.str());
  return it == names.end() ? -1 : it - names.begin();
}

static SmallVector<int64_t> rising(ArrayRef<int64_t> axes) {
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  return sorted;
}

int64_t AxisTable::spaceOf(ArrayRef<int64_t> axes) const {
  if (axes.size() == 1)
    return axes[0];
  auto *it = llvm::find_if(grids, [&](const Grid &grid) { return grid.axes == rising(axes); });
  return it == grids.end() ? -1 : int64_t(names.size()) + (it - grids.begin());
}

void AxisTable::addGrid(ArrayRef<int64_t> axes, bool byRows) {
  if (axes.size() < 2)
    return;
  if (spaceOf(axes) < 0)
    grids.push_back({rising(axes)});
  grids[spaceOf(axes) - names.size()].byRows |= byRows;
}

Layout Layout::of(RankedTensorType type, bool padded, const AxisTable *table) {
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
  layout.innerRow = padded && layout.rowDims.size() > 1 && int64_t(type.getNumDynamicDims()) < type.getRank();
  if (layout.innerRow && table)
    layout.innerRow = !table->grids[table->spaceOf(layout.axes(*table)) - table->names.size()].byRows;
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

SmallVector<int64_t> Layout::axes(const AxisTable &table) const {
  return llvm::map_to_vector(rowDims, [&](unsigned d) { return table.indexOf(axisOf(type, d)); });
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
