#include "codegen/cpu/ProductKernel.h"

#include "codegen/cpu/Region.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

/// One value read elsewhere, 16 columns at a time or one number of a row: at a place that may depend on data or
/// lengths, or be absent.
static bool isStripRead(Operation *op) {
  return isView(op) && cast<Equation>(op).getClauses().empty() &&
         getElementTypeOrSelf(op->getOperand(0)) == getElementTypeOrSelf(op->getResult(0));
}

/// Whether an integer is looked up for each column, not once for the row.
static bool looksUpByColumn(const EquationView &eq) {
  return llvm::any_of(eq.letMaps, [&](AffineMap map) {
    return llvm::any_of(llvm::seq(eq.resultDims),
                        [&](unsigned d) { return eq.extents[d].axis.empty() && map.isFunctionOfDim(d); });
  });
}

/// Read by something that does not have it in registers.
static bool escapes(Value v) {
  return llvm::any_of(v.getUsers(), [](Operation *user) { return isa<YieldOp>(user); });
}

std::optional<ProductKernel> ProductKernel::of(KernelOp op, const Placement &placement) {
  ProductKernel p;
  p.kernelOp = op;
  if (op.getForm() != "product" || op.getBlock().empty())
    return std::nullopt;
  Operation *root = &op.getBlock().front();
  for (; isa<ContractOp>(root) && cast<Equation>(root).getNumReducedDims() == 0; root = root->getNextNode())
    p.earlier.push_back(root);
  p.contract = dyn_cast<ContractOp>(root);
  if (!p.contract || p.contract.getReads().size() != 2 ||
      cast<Equation>(p.contract.getOperation()).getNumReducedDims() == 0 || !p.contract.getWhere().empty())
    return std::nullopt;
  PackOp pack;
  for (unsigned i = 0; i < 2; ++i)
    if (auto found = placement.resolve(p.contract.getReads()[i]).getDefiningOp<PackOp>())
      pack = found, p.weightRead = i;
  if (!pack)
    return std::nullopt;
  p.rowRead = 1 - p.weightRead;
  p.gates = pack.getGates();
  auto type = p.resultType();
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (type.isDynamicDim(d)) {
      p.rowDims.push_back(d);
    } else {
      p.columnDims.push_back(d);
      p.columns *= type.getDimSize(d);
    }
  }
  if (p.columnDims.empty() || p.columnDims.size() > 2 || p.rowDims.empty())
    return std::nullopt;
  // In a step rows are the living examples.
  if (p.rowDims.size() > 1 && op->getParentOfType<ScanOp>())
    return std::nullopt;
  // Sums, and what is made of them, are in registers for the row and the columns at hand: they are read there, the sums
  // gate by gate. Views of other values are read wherever their readers want.
  int64_t width = p.columns / p.gates;
  llvm::DenseSet<Value> held{p.contract.getResult()};
  for (Operation &inner : op.getBlock().without_terminator()) {
    if (&inner == root || llvm::is_contained(p.earlier, &inner))
      continue;
    if (!isa<MapOp>(inner) && !isStripRead(&inner))
      return std::nullopt;
    EquationView eq = EquationView::of(&inner);
    if (looksUpByColumn(eq))
      return std::nullopt;
    bool holds = isa<MapOp>(inner);
    for (auto [v, map] : llvm::zip(eq.reads, eq.readMaps)) {
      if (v.getParentBlock() != &op.getBlock() || llvm::is_contained(p.earlier, v.getDefiningOp()))
        continue;
      AffineExpr last = map.getResults().back(), lane = getAffineDimExpr(eq.resultDims - 1, map.getContext());
      ArrayRef<AffineExpr> before = map.getResults().drop_back();
      bool own = false;
      if (held.contains(v)) {
        holds = true;
        for (int64_t g = 0; g < (v == p.contract.getResult() ? p.gates : 1); ++g)
          own |= last == lane + g * width;
        for (auto [d, e] : llvm::enumerate(before))
          own &= e == getAffineDimExpr(d, map.getContext());
      } else {
        unsigned dim = eq.resultDims - 1;
        own = (last == lane || !last.isFunctionOfDim(dim)) &&
              llvm::none_of(before, [&](AffineExpr e) { return e.isFunctionOfDim(dim); });
      }
      if (!own)
        return std::nullopt;
    }
    if (holds)
      held.insert(inner.result_begin(), inner.result_end());
    if (!isa<MapOp>(inner) && escapes(inner.getResult(0)))
      return std::nullopt;
  }
  if (p.columnDims.size() == 2 && (type.getDimSize(p.columnDims[1]) % kLanes || p.gates != 1))
    return std::nullopt;
  return p;
}

bool ProductKernel::stores(Value v) const {
  Operation *op = v.getDefiningOp();
  return op && op->getParentOp() == kernelOp && !llvm::is_contained(earlier, op) && escapes(v);
}

int64_t ProductKernel::weightFloats() const {
  ContractOp root = contract;
  return cast<RankedTensorType>(root.getReads()[weightRead].getType()).getNumElements();
}

ProductKernel::Reduced ProductKernel::reduced(const Storage &a) {
  EquationView eq = EquationView::of(contract);
  AffineMap rowMap = eq.readMaps[rowRead];
  Reduced result;
  int64_t keys = 1;
  for (unsigned d = eq.resultDims; d < eq.dims(); ++d)
    keys *= eq.extents[d].size;
  for (unsigned d = eq.resultDims; d < eq.dims(); ++d) {
    int64_t extent = eq.extents[d].size, stride = 0;
    keys /= extent;
    unsigned full = 0;
    for (AffineExpr e : rowMap.getResults()) {
      while (llvm::any_of(a.held, [&](auto &h) { return h.first == full; }))
        ++full;
      AffineExpr dim = getAffineDimExpr(d, e.getContext());
      if (e.isFunctionOfDim(d)) {
        AffineExpr one = e.replace(dim, getAffineConstantExpr(1, e.getContext()));
        AffineExpr zero = e.replace(dim, getAffineConstantExpr(0, e.getContext()));
        auto slope =
            cast<AffineConstantExpr>(simplifyAffineExpr(one - zero, eq.dims(), eq.scalars.size() + eq.lets.size()));
        stride += slope.getValue() * a.layout.strides[full];
      }
      ++full;
    }
    if (!result.extents.empty() && result.strideA.back() == extent * stride) {
      result.extents.back() *= extent;
      result.strideA.back() = stride;
      result.strideB.back() = keys;
    } else {
      result.extents.push_back(extent);
      result.strideA.push_back(stride);
      result.strideB.push_back(keys);
    }
  }
  return result;
}

int64_t ProductKernel::scratchFloats() {
  EquationView eq = EquationView::of(contract);
  int64_t depth = 1;
  for (unsigned d = eq.resultDims; d < eq.dims(); ++d)
    depth *= eq.extents[d].size;
  auto type = cast<RankedTensorType>(eq.reads[rowRead].getType());
  bool copied = copies(Layout::of(type, true)) || copies(Layout::of(type, false));
  return kProductBuffer + (copied ? productCopyFloats(depth) : 0);
}

void ProductKernel::emit(Kernel &kernel, const RowSpace &rows, Value tid, Value threads, Product::Split split) {
  Code &c = kernel.code;
  EquationView eq = EquationView::of(contract);
  Storage a = kernel.storageOf(eq.reads[rowRead]);
  Storage weights = kernel.storageOf(contract.getReads()[weightRead]);
  AffineMap rowMap = eq.readMaps[rowRead];

  Product product;
  product.rows = rows.count;
  product.panels = cast<RankedTensorType>(contract.getReads()[weightRead].getType()).getDimSize(0);
  product.gates = gates;
  product.tid = tid;
  product.threads = threads;
  product.split = split;
  // A long epilogue is emitted once; a short one stands behind every tile, its sums still in registers.
  int64_t scalars = 0;
  kernelOp.walk([&](MapOp map) { scalars += map.getBlock().getOperations().size(); });
  if (scalars > 8)
    product.buffer = kernel.scratch();
  Reduced k = reduced(a);
  for (int64_t extent : k.extents)
    product.extents.push_back(c.index(extent));
  product.strideA = k.strideA;
  product.strideB = k.strideB;
  bool whole = k.extents.size() == 1 && k.strideA.front() == 1 && k.extents.front() % kLanes == 0;
  if (c.target.is512() && whole && copies(a.layout)) { // on v3 a tile has only six rows
    product.copy = c.at(kernel.scratch(), kProductBuffer);
    product.copyDepth = k.extents.front();
  }

  // Where row i is row i of A too, its address is a multiple of the row size.
  bool linear = rows.flat && a.held.empty() && eq.lets.empty();
  for (auto [position, d] : llvm::enumerate(rowDims))
    linear &= int64_t(position) < a.layout.type.getRank() && a.layout.type.isDynamicDim(position) &&
              rowMap.getResult(position) == getAffineDimExpr(d, rowMap.getContext());
  linear &= a.layout.rowDims.size() + a.layout.perExample == rowDims.size();
  product.scattered = !linear && !product.copy;
  int64_t constantOffset = 0;
  if (linear)
    for (unsigned d = rowDims.size(); d < rowMap.getNumResults(); ++d) {
      auto zeroed = rowMap.getResult(d);
      for (unsigned r = 0; r < eq.dims(); ++r)
        zeroed =
            zeroed.replace(getAffineDimExpr(r, rowMap.getContext()), getAffineConstantExpr(0, rowMap.getContext()));
      if (auto k = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(zeroed, eq.dims(), 0)))
        constantOffset += k.getValue() * a.layout.strides[d];
    }
  auto rowOfA = [&](Value i, int64_t ahead) -> Value {
    if (linear)
      return c.at(c.at(a.base, c.mul(i, a.layout.rowSize)), ahead * a.layout.rowSize + constantOffset);
    auto [scope, positions] = rows.placeOf(c.add(i, ahead));
    Point point(scope, eq);
    const Value *next = positions.begin();
    for (unsigned d : rowDims)
      point.bind(d, eq.extents[d].axis == "b" ? scope.example : *next++);
    for (unsigned d : columnDims)
      point.bind(d, c.index(0));
    for (unsigned d = eq.resultDims; d < eq.dims(); ++d)
      point.bind(d, c.index(0));
    return point.readAddress(rowRead);
  };
  int64_t panelSize = weights.layout.rowSize / product.panels;
  auto panelOfB = [&](Value p, int64_t ahead) -> Value {
    return c.at(c.at(weights.base, c.mul(p, panelSize)), ahead * panelSize);
  };
  auto done = [&](Value row, Value unit, ArrayRef<Value> sums) { finish(kernel, rows, row, unit, sums); };
  product.rowOfA = rowOfA;
  product.panelOfB = panelOfB;
  product.finish = done;
  emitProduct(c, product);
}

// The epilogue for 16 columns of one row: what the maps read of the product is in registers.
void ProductKernel::finish(Kernel &kernel, const RowSpace &rows, Value row, Value unit, ArrayRef<Value> sums) {
  Code &c = kernel.code;
  auto [scope, positions] = rows.placeOf(row);
  Value column = c.mul(unit, kLanes);
  int64_t width = columns / gates;
  llvm::DenseMap<Value, SmallVector<Value>> known; // per gate
  known[contract.getResult()].assign(sums.begin(), sums.end());

  auto bindRow = [&](Point &point) {
    unsigned columnsSeen = 0;
    const Value *next = positions.begin();
    for (unsigned d = 0; d < point.eq.resultDims; ++d) {
      const Extent &x = point.eq.extents[d];
      if (!x.axis.empty()) {
        point.bind(d, x.axis == "b" ? scope.example : *next++);
        continue;
      }
      bool inner = columnDims.size() == 1 || columnsSeen == 1;
      int64_t size = columnDims.size() == 2 ? resultType().getDimSize(columnDims[1]) : width;
      if (inner) {
        point.vectorDim = d;
        if (size % kLanes)
          point.laneMask = c.holds(arith::CmpIPredicate::slt, c.sequence(column), c.index(size));
        point.bind(d, columnDims.size() == 2 ? c.floorMod(column, size) : column);
      } else {
        point.bind(d, c.floorDiv(column, size));
      }
      ++columnsSeen;
    }
  };
  // Whether an access is the row itself and the columns from gate g on; then g.
  auto gateOf = [&](AffineMap map) -> std::optional<int64_t> {
    AffineExpr last = map.getResults().back();
    for (int64_t g = 0; g < gates; ++g)
      if (last == getAffineDimExpr(map.getNumResults() - 1, map.getContext()) + g * width)
        return g;
    return std::nullopt;
  };
  auto store = [&](Value v, unsigned gate, Value x) {
    if (!escapes(v))
      return;
    auto type = cast<RankedTensorType>(v.getType());
    Value stored = c.splat(x);
    if (type.getElementType().isInteger(1)) // each in a word of its own
      stored = arith::ExtUIOp::create(c.b, c.loc, c.vecI32(), stored);
    SmallVector<Value> at;
    unsigned columnsSeen = 0;
    const Value *next = positions.begin();
    for (int64_t d = 0; d < type.getRank(); ++d) {
      if (type.isDynamicDim(d)) {
        at.push_back(axisOf(type, d) == "b" ? scope.example : *next++);
        continue;
      }
      int64_t inner = columnDims.size() == 2 ? resultType().getDimSize(columnDims[1]) : 0;
      at.push_back(columnDims.size() == 1 ? c.add(column, gate * width)
                   : columnsSeen == 0     ? c.floorDiv(column, inner)
                                          : c.floorMod(column, inner));
      ++columnsSeen;
    }
    auto put = [&](const Storage &to) {
      Value mask;
      // All lanes may be written where only the padding of the own row follows: behind the last gate, if that is wide
      // enough.
      int64_t rowWidth = type.getDimSize(type.getRank() - 1), end = gate * width + llvm::alignTo(width, kLanes);
      bool fits = to.layout.padded && (gate + 1) * width >= rowWidth && end <= int64_t(llvm::alignTo(rowWidth, kLanes));
      if (width % kLanes && !fits)
        mask = c.holds(arith::CmpIPredicate::slt, c.sequence(column), c.index(width));
      c.storeMasked(stored, scope.address(to, at), mask);
    };
    put(kernel.storageOf(v));
    if (rows.also)
      for (const Storage &to : rows.also->lookup(v))
        put(to);
  };
  for (unsigned g = 0; g < gates; ++g)
    store(contract.getResult(), g, sums[g]);

  // What is in registers; what a view of the kernel looks at, at the reader's index; or what is in memory.
  std::function<Value(Point &, unsigned, Value)> read = [&](Point &point, unsigned k, Value mask) -> Value {
    Value v = point.eq.reads[k];
    AffineMap map = point.eq.readMaps[k];
    if (auto it = known.find(v); it != known.end())
      return it->second[gateOf(map).value_or(0)];
    Operation *view = v.getDefiningOp();
    if (!view || view->getParentOp() != kernelOp || llvm::is_contained(earlier, view))
      return point.read(k, mask);
    EquationView eq = EquationView::of(view);
    Point at(scope, eq);
    bool along = point.vectorDim >= 0 && map.isFunctionOfDim(point.vectorDim);
    if (along) {
      at.vectorDim = eq.resultDims - 1;
      at.laneMask = point.laneMask;
    }
    Value guard;
    for (auto [d, e] : llvm::enumerate(map.getResults()))
      guard = c.both(guard, at.bind(d, point.valueOf(e)));
    Type element = cast<RankedTensorType>(v.getType()).getElementType(), type = along ? c.vecOf(element) : element;
    auto there = [&] {
      Value x = read(at, 0, along ? at.mask() : Value());
      return SmallVector<Value>{along ? c.splat(x) : x};
    };
    auto absent = [&] { return SmallVector<Value>{arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(type))}; };
    return c.branch(guard, {type}, there, absent)[0];
  };
  for (MapOp map : kernelOp.getBlock().getOps<MapOp>()) {
    EquationView eq = EquationView::of(map);
    Point point(scope, eq);
    bindRow(point);
    Value mask = point.mask();
    SmallVector<Value> operands;
    for (unsigned k = 0; k < eq.reads.size(); ++k)
      operands.push_back(read(point, k, mask));
    SmallVector<Value> values = emitRegion(point, map, operands);
    for (auto [k, v] : llvm::enumerate(values)) {
      v = c.splat(v);
      if (mask && mask != point.laneMask)
        v = c.pick(mask, v, arith::ConstantOp::create(c.b, c.loc, c.b.getZeroAttr(v.getType())));
      known[map.getResult(k)] = {v};
      store(map.getResult(k), 0, v);
    }
  }
}

} // namespace rondo
