#include "codegen/cpu/Copy.h"

#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

namespace {

struct Copier {
  const Scope &scope;
  const Storage &from, &to;
  RankedTensorType type;
  int64_t dim, start;
  int64_t adjacent; // dimension whose elements are adjacent on both sides, -1 if there is none
  SmallVector<Value> at;

  Code &code() { return scope.kernel.code; }
  Value target() {
    SmallVector<Value> there(at);
    if (start)
      there[dim] = code().add(there[dim], start);
    return scope.address(to, there);
  }
  void element() { code().store(code().load(scope.address(from, at)), target()); }

  void run(int64_t d) {
    Code &c = code();
    if (d == type.getRank())
      return element();
    if (at[d])
      return run(d + 1);
    bool dynamic = type.isDynamicDim(d);
    Value size = dynamic ? scope.lengthOf(axisOf(type, d)) : c.index(type.getDimSize(d));
    Value done = c.index(0);
    if (d == adjacent && d == type.getRank() - 1) {
      done = dynamic ? c.floorTo(size, kLanes) : c.index(type.getDimSize(d) / kLanes * kLanes);
      c.loop(c.index(0), done, kLanes, [&](Value i) {
        at[d] = i;
        c.store(c.loadVec(scope.address(from, at)), target());
        at[d] = Value();
      });
      if (!dynamic && type.getDimSize(d) % kLanes == 0)
        return;
    }
    c.loop(done, size, 1, [&](Value i) {
      at[d] = i;
      run(d + 1);
      at[d] = Value();
    });
  }
};

/// The dimension of the value (held ones not counted) that lies adjacent in memory.
int64_t adjacentDim(const Storage &s) {
  int64_t d = s.contiguousDim(), before = 0;
  for (auto &[heldDim, depth] : s.held) {
    if (int64_t(heldDim) == d)
      return -1;
    before += int64_t(heldDim) < d;
  }
  return d < 0 ? d : d - before;
}

} // namespace

void emitCopy(const Scope &scope, const Storage &from, const Storage &to, RankedTensorType type, ArrayRef<Value> preset,
              int64_t dim, int64_t start) {
  int64_t a = adjacentDim(from);
  Copier{scope, from, to, type, dim, start, a == adjacentDim(to) ? a : -1, SmallVector<Value>(preset)}.run(0);
}

} // namespace rondo
