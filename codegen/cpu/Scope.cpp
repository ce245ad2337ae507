#include "codegen/cpu/Scope.h"

#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

// What is made at the entry stands before everything else in the function, so it dominates every use.
Value Kernel::atEntry(StringRef key, function_ref<Value()> make) {
  if (Value v = loaded.lookup(key))
    return v;
  OpBuilder::InsertionGuard guard(code.b);
  auto *block = cast<BlockArgument>(frame).getOwner();
  if (entryEnd && entryEnd->getBlock() == block)
    code.b.setInsertionPointAfter(entryEnd);
  else
    code.b.setInsertionPointToStart(block);
  Value v = make();
  // Folding may give a value that was there before.
  Operation *made = v.getDefiningOp();
  if (made && made->getBlock() == block && (!entryEnd || entryEnd->isBeforeInBlock(made)))
    entryEnd = made;
  loaded[key] = v;
  return v;
}

Value Kernel::pointerTo(FrameField f, int64_t i) {
  std::string key = ("p" + Twine(int(f)) + "," + Twine(i)).str();
  if (Value v = loaded.lookup(key))
    return v;
  passed.push_back({f, i});
  Block *entry = cast<BlockArgument>(frame).getOwner();
  return loaded[key] = entry->addArgument(code.pointer(), code.loc);
}

Value Kernel::field(FrameField f) {
  return atEntry(("f" + Twine(int(f))).str(), [&]() -> Value {
    bool number = f == FrameField::Batch || f == FrameField::ScratchStride;
    Value i = code.index(int64_t(f));
    return number ? code.loadLong(frame, i) : code.loadPointer(frame, i);
  });
}
Value Kernel::element(FrameField f, int64_t i) {
  Value table = field(f);
  return atEntry(("e" + Twine(int(f)) + "," + Twine(i)).str(), [&] { return code.loadPointer(table, code.index(i)); });
}
Value Kernel::number(FrameField f, int64_t i) {
  Value table = field(f);
  return atEntry(("n" + Twine(int(f)) + "," + Twine(i)).str(), [&] { return code.loadLong(table, code.index(i)); });
}
Value Kernel::scratch() {
  Value base = field(FrameField::Scratch), stride = field(FrameField::ScratchStride);
  return atEntry("scratch", [&] { return code.at(base, code.mul(tid, stride)); });
}

Value Kernel::exampleList(int64_t depth) {
  Value thread = scratch(), used = sizeOf(placement.scratch()), batch = field(FrameField::Batch);
  return atEntry(("list" + Twine(depth)).str(),
                 [&] { return code.at(thread, code.add(used, code.mul(batch, depth - 1))); });
}

Value Kernel::sizeOf(ArrayRef<int64_t> terms) {
  std::string key = "size";
  for (auto [i, k] : llvm::enumerate(terms))
    key += "," + std::to_string(k);
  // Scratch depends on constants and on the longest example only, the lists behind it apart.
  SmallVector<std::pair<Value, int64_t>> parts;
  for (int64_t a = 0; a < axes.spaces(); ++a)
    if (int64_t k = terms[axes.longestTerm(a)])
      parts.push_back({number(FrameField::Longest, a), k});
  return atEntry(key, [&] {
    Value sum = code.index(terms[0]);
    for (auto [v, k] : parts)
      sum = code.add(sum, code.mul(v, k));
    // A constant has no place of its own among what was loaded.
    return sum;
  });
}

Storage Kernel::storageOf(Value v) {
  v = placement.resolve(v);
  auto it = storage.find(v);
  if (it != storage.end())
    return it->second;
  const Place &place = placement[v];
  Storage s;
  s.layout = place.layout;
  auto block = [&](Value base, StringRef name) {
    return atEntry((name + Twine(place.index)).str(), [&] { return code.at(base, code.index(place.index)); });
  };
  switch (place.kind) {
  case Place::Input:
    s.base = pointerTo(FrameField::Inputs, place.index);
    break;
  case Place::Result:
    s.base = pointerTo(FrameField::Results, place.index);
    break;
  case Place::Slot:
    s.base = pointerTo(FrameField::Slots, place.index);
    break;
  case Place::Packed:
    s.base = packed ? block(packed, "packed") : pointerTo(FrameField::Weights, place.index);
    break;
  case Place::Plain:
    s.base = block(plain, "plain");
    break;
  case Place::View: {
    s = storageOf(place.whole);
    // A slice of a slice holds both dimensions; positions are those of the whole.
    if (place.heldDim >= 0) {
      unsigned dim = place.heldDim;
      for (auto &[d, depth] : s.held)
        dim += d <= dim;
      s.held.push_back({dim, place.depth});
      llvm::sort(s.held);
    }
    break;
  }
  case Place::RowScratch: {
    // The longest example's columns, to whole vectors.
    unsigned inner = s.layout.rowDims.back();
    Value longest = number(FrameField::Longest, axes.indexOf(axisOf(s.layout.type, inner)));
    Value thread = scratch();
    s.runLength = atEntry(("run" + Twine(axes.indexOf(axisOf(s.layout.type, inner)))).str(),
                          [&] { return code.ceilTo(longest, kLanes); });
    s.rowAxes = place.rowAxes;
    Value offset = sizeOf(place.scratchOffset);
    std::string key = "scratch";
    for (int64_t t : place.scratchOffset)
      key += "," + std::to_string(t);
    s.base = atEntry(key, [&] { return code.at(thread, offset); });
    break;
  }
  case Place::Carry:
  case Place::Nowhere:
    llvm_unreachable("its emitter knows where it is");
  }
  return storage[v] = s;
}

Scope Scope::withExample(Value e) const {
  Scope inner(kernel);
  inner.step = step;
  inner.steps = steps;
  inner.columns = columns;
  inner.example = e;
  Code &c = kernel.code;
  int64_t n = kernel.axes.names.size();
  for (int64_t a = 0; a < kernel.axes.spaces(); ++a) {
    Value table = kernel.element(FrameField::Offsets, a);
    inner.offset.push_back(c.loadLong(table, e));
    if (a < n)
      inner.length.push_back(c.sub(c.loadLong(table, c.add(e, c.index(1))), inner.offset[a]));
  }
  return inner;
}

Value Scope::lengthOf(StringRef axis) const {
  if (axis == "b")
    return kernel.field(FrameField::Batch);
  int64_t a = kernel.axes.indexOf(axis);
  assert(a >= 0 && example && "an axis that no input has, or no example to ask");
  return length[a];
}

Value Scope::rowOf(const Storage &s, ArrayRef<Value> full) const {
  Code &c = kernel.code;
  const Layout &l = s.layout;
  if (l.rowDims.empty())
    return l.perExample ? example : c.index(0);
  SmallVector<int64_t> axes = l.axes(kernel.axes);
  Value row = full[l.rowDims[0]];
  for (unsigned i = 1; i < l.rowDims.size(); ++i)
    row = c.add(c.mul(row, length[axes[i]]), full[l.rowDims[i]]);
  return c.add(offset[kernel.axes.spaceOf(axes)], row);
}

Value Scope::address(const Storage &s, ArrayRef<Value> index) const {
  Code &c = kernel.code;
  const Layout &l = s.layout;
  SmallVector<Value> full;
  const Value *next = index.begin();
  for (int64_t d = 0; d < l.type.getRank(); ++d) {
    auto held = llvm::find_if(s.held, [&](auto &h) { return h.first == d; });
    full.push_back(held == s.held.end() ? *next++ : steps[held->second]);
  }
  if (s.runLength || l.innerRow) {
    // The run of elements along the last axis: its number by the axes before, then by the static dims.
    SmallVector<int64_t> axes = l.axes(kernel.axes);
    unsigned before = s.runLength ? s.rowAxes : 0, last = axes.size() - 1;
    Value run = c.index(0);
    for (unsigned i = before; i < last; ++i)
      run = i == before ? full[l.rowDims[i]] : c.add(c.mul(run, length[axes[i]]), full[l.rowDims[i]]);
    run = c.mul(run, l.rowSize);
    for (int64_t d = 0; d < l.type.getRank(); ++d)
      if (l.strides[d])
        run = c.add(run, c.mul(full[d], l.strides[d]));
    if (s.runLength) {
      // Over several axes the runs are as long as this example's.
      Value runLength = last > before ? length[axes[last]] : s.runLength;
      return c.at(s.base, c.add(c.mul(run, runLength), full[l.rowDims.back()]));
    }
    Value start = c.mul(offset[kernel.axes.spaceOf(axes)], l.rowSize);
    return c.at(s.base, c.add(c.add(start, c.mul(run, length[axes[last]])), full[l.rowDims.back()]));
  }
  Value element = c.mul(rowOf(s, full), c.index(l.rowSize));
  for (int64_t d = 0; d < l.type.getRank(); ++d)
    if (l.strides[d])
      element = c.add(element, c.mul(full[d], c.index(l.strides[d])));
  return c.at(s.base, element);
}

} // namespace rondo
