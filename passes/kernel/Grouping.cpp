#include "passes/kernel/Grouping.h"
#include "ir/Queries.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Views.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace rondo;

/// A tile holds the sums of all gates of its rows, and every gate has panels of its own, however narrow it is.
static constexpr int64_t kMostGates = 8;

//===--- Views ---------------------------------------------------------------------------------------------------===//

constexpr llvm::StringLiteral kStored = "rondo.stored";

bool rondo::isFreeView(Operation *op) {
  if (!isView(op) || op->hasAttr(kStored) || cast<RankedTensorType>(op->getResult(0).getType()).hasStaticShape())
    return false; // a parameter's is made once
  for (Attribute scalar : cast<Equation>(op).getScalars()) {
    // In a scan within, the step would be that one's.
    auto [kind, axis] = cast<StringAttr>(scalar).getValue().split(' ');
    auto isSame = [axis = axis](ScanOp scan) { return WalkResult(failure(scan.getAxis() == axis)); };
    if (kind == "step" && op->getBlock()->walk(isSame).wasInterrupted())
      return false;
  }
  return llvm::none_of(op->getUsers(), [](Operation *user) {
    return user->hasTrait<OpTrait::IsTerminator>() || isa<ScanOp, AxisOp>(user);
  });
}

/// Where an access of a view looks, `inner`, as the reader of the view at `outer` sees it: its symbols are the
/// reader's, then the view's.
static AffineMap throughView(Equation view, AffineMap inner, AffineMap outer) {
  unsigned symbols = outer.getNumSymbols(), total = symbols + view.getNumSymbols();
  SmallVector<AffineExpr> renamed, exprs;
  for (unsigned symbol = symbols; symbol < total; ++symbol)
    renamed.push_back(getAffineSymbolExpr(symbol, outer.getContext()));
  for (AffineExpr expr : inner.getResults())
    exprs.push_back(expr.replaceDimsAndSymbols(outer.getResults(), renamed));
  return simplifyAffineMap(AffineMap::get(outer.getNumDims(), total, exprs, outer.getContext()));
}

/// Looks through free views; `map` gives the index of `value`.
static void addAccess(Value value, AffineMap map, bool lookUp, SmallVectorImpl<Access> &accesses) {
  Operation *maker = value.getDefiningOp();
  if (!isFreeView(maker)) {
    accesses.push_back({value, map, lookUp});
    return;
  }
  auto view = cast<Equation>(maker);
  addAccess(view.getReads()[0], throughView(view, view.getReadMap(0), map), lookUp, accesses);
  for (auto [i, let] : llvm::enumerate(view.getLets()))
    addAccess(let, throughView(view, view.getLetMap(i), map), /*lookUp=*/true, accesses);
}

SmallVector<Access> rondo::accessesOf(Equation op) {
  SmallVector<Access> accesses;
  for (auto [i, value] : llvm::enumerate(op.getReads()))
    addAccess(value, op.getReadMap(i), /*lookUp=*/false, accesses);
  for (auto [i, value] : llvm::enumerate(op.getLets()))
    addAccess(value, op.getLetMap(i), /*lookUp=*/true, accesses);
  return accesses;
}

/// Values an operation reads, looked at through free views.
static void addSources(Value value, llvm::SetVector<Value> &sources) {
  Operation *maker = value.getDefiningOp();
  if (!isFreeView(maker)) {
    sources.insert(value);
    return;
  }
  for (Value operand : maker->getOperands())
    addSources(operand, sources);
}

//===--- Products ------------------------------------------------------------------------------------------------===//

/// The product reading what the view of its rows factor looks at; false when it cannot: the view may be absent, or the
/// product would read a prefix at a pure dim, which only views may, or not in steps.
static bool absorb(ContractOp op, unsigned read) {
  auto view = cast<Equation>(op.getReads()[read].getDefiningOp());
  auto equation = cast<Equation>(op.getOperation());
  if (!view.getWhere().empty() || view.getNumScalars() || equation.getNumScalars() ||
      !isInRange(view, view.getReads()[0], view.getReadMap(0)))
    return false;
  EquationParts parts = equation.getParts();
  AffineMap map = parts.readMaps[read];
  AffineMap direct = throughView(view, view.getReadMap(0), map);
  auto type = cast<RankedTensorType>(view.getReads()[0].getType());
  for (auto [place, expr] : llvm::enumerate(direct.getResults()))
    if (auto dim = pureDim(expr); dim && equation.getDimSize(*dim) != type.getDimSize(place))
      return false;
  parts.reads[read] = view.getReads()[0];
  parts.readMaps[read] = direct;
  for (auto [i, let] : llvm::enumerate(view.getLets())) {
    parts.lets.push_back(let);
    parts.letMaps.push_back(throughView(view, view.getLetMap(i), map));
  }
  if (!readsInSteps(parts, read))
    return false;
  OpBuilder builder(op);
  Operation *made = equation.rebuild(builder, op.getLoc(), parts);
  op.replaceAllUsesWith(made->getResult(0));
  op.erase();
  return true;
}

/// The rows of a product as a value of their own, where reading them may miss: 0 there, as an absent term adds nothing.
static void storeRows(ContractOp op, unsigned read) {
  auto equation = cast<Equation>(op.getOperation());
  EquationParts parts = equation.getParts();
  AffineMap map = parts.readMaps[read];
  OpBuilder builder(op);
  // The dims that the access or what it looks up mentions: result dims, then reduced ones, all of them present later.
  EquationParts view;
  SmallVector<int64_t> shape;
  SmallVector<std::string> axes;
  SmallVector<AffineExpr> dims(parts.getNumDims(), builder.getAffineConstantExpr(0)), symbols, reads;
  auto type = cast<RankedTensorType>(op.getType());
  for (unsigned dim = 0; dim < parts.getNumDims(); ++dim) {
    bool mentioned = map.isFunctionOfDim(dim);
    for (AffineMap let : parts.letMaps)
      mentioned |= let.isFunctionOfDim(dim);
    for (IntegerSet clause : parts.where)
      for (AffineExpr constraint : clause.getConstraints())
        mentioned |= constraint.isFunctionOfDim(dim);
    bool isRow = dim < equation.getNumResultDims() && type.isDynamicDim(dim);
    if (!mentioned && !isRow)
      continue;
    dims[dim] = builder.getAffineDimExpr(shape.size());
    reads.push_back(builder.getAffineDimExpr(dim));
    shape.push_back(equation.getDimSize(dim));
    if (isRow)
      axes.push_back(axisText(type, dim));
  }
  for (unsigned symbol = 0; symbol < parts.getNumSymbols(); ++symbol)
    symbols.push_back(builder.getAffineSymbolExpr(symbol));
  auto moved = [&](AffineMap of) {
    return of.replaceDimsAndSymbols(dims, symbols, shape.size(), parts.getNumSymbols());
  };
  view.results = {makeType(shape, axes, type.getElementType())};
  view.read(parts.reads[read], moved(map));
  view.scalars = parts.scalars;
  for (auto [let, at] : llvm::zip(parts.lets, parts.letMaps)) {
    view.lets.push_back(let);
    view.letMaps.push_back(moved(at));
  }
  for (IntegerSet clause : parts.where)
    view.where.push_back(clause.replaceDimsAndSymbols(dims, symbols, shape.size(), parts.getNumSymbols()));
  Operation *rows = ContractOp::create(builder, op.getLoc(), view);
  rows->setAttr(kStored, builder.getUnitAttr());
  parts.reads[read] = rows->getResult(0);
  parts.readMaps[read] = AffineMap::get(parts.getNumDims(), 0, reads, builder.getContext());
  AffineMap &weight = parts.readMaps[1 - read];
  weight = AffineMap::get(parts.getNumDims(), 0, weight.getResults(), builder.getContext());
  parts.where.clear();
  parts.scalars.clear();
  parts.lets.clear();
  parts.letMaps.clear();
  Operation *made = equation.rebuild(builder, op.getLoc(), parts);
  op.replaceAllUsesWith(made->getResult(0));
  op.erase();
}

void rondo::prepareProducts(Block &block, const llvm::DenseSet<Value> &parameters) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    std::string why;
    auto shape = ProductShape::of(&op, parameters, &why);
    if (!why.empty())
      left(op.getLoc(), "form-kernels", "no packed product: " + why);
    if (!shape || !shape->isFlat())
      continue;
    auto product = cast<ContractOp>(op);
    unsigned rows = 1 - shape->weight;
    Operation *maker = product.getReads()[rows].getDefiningOp();
    if (!shape->direct)
      storeRows(product, rows);
    else if (isFreeView(maker) && !absorb(product, rows))
      maker->setAttr(kStored, UnitAttr::get(op.getContext()));
  }
}

void rondo::finishViews(func::FuncOp func) {
  func.walk([](ContractOp op) { op->removeAttr(kStored); });
}

//===--- Rows ----------------------------------------------------------------------------------------------------===//

static SmallVector<unsigned> rowDims(RankedTensorType type) {
  SmallVector<unsigned> dims;
  for (unsigned dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      dims.push_back(dim);
  return dims;
}

/// The dims whose positions are computed apart from each other: those over `b` and sequences, but for a softmax over
/// the first sequence only `b`, since threads are dealt that sequence's positions and each would need all others.
static SmallVector<unsigned> rowDims(Value value) {
  SmallVector<unsigned> dims = rowDims(cast<RankedTensorType>(value.getType()));
  if (dims.size() > 1 && normalises(value.getDefiningOp(), dims[1]))
    dims.truncate(1);
  return dims;
}

static SmallVector<std::string> rowAxesOf(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return llvm::map_to_vector(rowDims(op->getResult(0)), [&](unsigned dim) { return axisOf(type, dim).str(); });
}

/// Whether `access` reads its source at the row of `result` that is computed.
static bool isOwnRow(Value result, const Access &access) {
  SmallVector<unsigned> mine = rowDims(result), theirs = rowDims(access.source);
  if (mine.size() != theirs.size())
    return false;
  for (auto [dim, place] : llvm::zip(mine, theirs))
    if (pureDim(access.map.getResult(place)) != dim)
      return false;
  return true;
}

//===--- Groups --------------------------------------------------------------------------------------------------===//

namespace {
class Grouper {
public:
  Grouper(Block &block, const llvm::DenseSet<Value> &parameters) : parameters(parameters) {
    for (Operation &op : block.without_terminator())
      place(&op);
  }

  std::vector<KernelGroup> groups;

private:
  void place(Operation *op) {
    if (auto axis = dyn_cast<AxisOp>(op)) {
      groups.push_back({KernelGroup::Axis, {op}, {}, std::nullopt, 0, 0});
      made.push_back({axis.getAxis(), int(groups.size()) - 1});
      return;
    }
    if (isFreeView(op) || llvm::all_of(op->getResults(), [&](Value v) { return parameters.contains(v); }))
      return;
    llvm::SetVector<Value> sources;
    for (Value input : inputsOf(op))
      addSources(input, sources);
    int after = -1;
    for (Value source : sources)
      if (auto found = groupOf.find(source); found != groupOf.end())
        after = std::max(after, found->second);
    for (auto &[axis, group] : made)
      if (needs(op, axis))
        after = std::max(after, group);

    if (isa<ScanOp>(op))
      return open(KernelGroup::Scan, op);
    if (isa<FoldOp>(op))
      return open(KernelGroup::Fold, op);
    if (auto shape = ProductShape::of(op, parameters); shape && shape->isFlat()) {
      open(KernelGroup::Product, op);
      groups.back().shape = shape;
      return;
    }
    if (auto map = dyn_cast<MapOp>(op); map && after >= 0 && isEpilogue(map, after)) {
      ++groups[after].maps;
      return add(after, op);
    }
    for (int group = std::max(after, 0); group < static_cast<int>(groups.size()); ++group)
      if (joins(op, sources, group, after))
        return add(group, op);
    open(KernelGroup::Rows, op);
  }

  /// Whether the operation, or a free view that it will have a clone of, is over the axis or asks for its length.
  static bool needs(Operation *op, StringRef axis) {
    bool found = false;
    op->walk([&](Operation *inner) {
      walkAxes(inner, [&](StringRef length) { walkBaseAxes(length, [&](StringRef base) { found |= base == axis; }); });
    });
    return found || llvm::any_of(inputsOf(op), [&](Value input) {
             return isFreeView(input.getDefiningOp()) && needs(input.getDefiningOp(), axis);
           });
  }

  void open(KernelGroup::Form form, Operation *op) {
    groups.push_back({form, {}, rowAxesOf(op), std::nullopt, 0, 0});
    add(groups.size() - 1, op);
  }
  void add(int group, Operation *op) {
    groups[group].ops.push_back(op);
    for (Value result : op->getResults())
      groupOf[result] = group;
  }

  bool isIn(Value value, int group) const {
    auto found = groupOf.find(value);
    return found != groupOf.end() && found->second == group;
  }

  /// A map at the product's own index: of the product itself, or of its gates, all of one width.
  bool isEpilogue(MapOp map, int group) {
    KernelGroup &product = groups[group];
    if (product.form != KernelGroup::Product || rowAxesOf(map) != product.rowAxes)
      return false;
    auto equation = cast<Equation>(map.getOperation());
    RankedTensorType type = equation.getDomainType();
    unsigned last = type.getRank() - 1;
    if (last != product.rowAxes.size() || type.isDynamicDim(last))
      return false;
    int64_t width = type.getDimSize(last), columns = product.shape->width;
    if (product.width ? width != product.width : width == 0 || columns % width != 0 || columns / width > kMostGates)
      return false;
    Value root = product.ops.front()->getResult(0);
    bool reads = false;
    for (const Access &access : accessesOf(equation)) {
      if (access.lookUp && access.map.isFunctionOfDim(last))
        return false; // what is looked up is the row's
      if (!isIn(access.source, group))
        continue;
      reads = true;
      if (!isOwnRow(map->getResult(0), access) || access.map.getNumResults() != last + 1)
        return false;
      AffineExpr offset = simplifyAffineExpr(access.map.getResults().back() - getAffineDimExpr(last, map.getContext()),
                                             access.map.getNumDims(), access.map.getNumSymbols());
      auto constant = dyn_cast<AffineConstantExpr>(offset);
      bool gate = constant && constant.getValue() % width == 0 && constant.getValue() + width <= columns;
      if (!gate || (access.source != root && constant.getValue() != 0))
        return false;
    }
    if (reads)
      product.width = width;
    return reads;
  }

  /// Whether `op` can stand in this rows kernel, and gains from it: it reads what the kernel makes, at its own row, or
  /// something the kernel reads too.
  bool joins(Operation *op, const llvm::SetVector<Value> &sources, int group, int after) {
    KernelGroup &rows = groups[group];
    if (rows.form != KernelGroup::Rows || rowAxesOf(op) != rows.rowAxes)
      return false;
    if (group == after) {
      auto type = cast<RankedTensorType>(op->getResult(0).getType());
      if (auto equation = dyn_cast<Equation>(op))
        return llvm::all_of(accessesOf(equation), [&](const Access &access) {
          return !isIn(access.source, group) || isOwnRow(op->getResult(0), access);
        });
      // concat and detach read their own row, but for a concat along an axis.
      auto concat = dyn_cast<ConcatOp>(op);
      return (!concat || !type.isDynamicDim(concat.getDim())) &&
             llvm::none_of(inputsOf(op), [](Value input) { return isFreeView(input.getDefiningOp()); });
    }
    for (Operation *other : rows.ops) {
      llvm::SetVector<Value> theirs;
      for (Value input : inputsOf(other))
        addSources(input, theirs);
      if (llvm::any_of(theirs, [&](Value v) { return sources.contains(v) && !parameters.contains(v); }))
        return true;
    }
    return false;
  }

  const llvm::DenseSet<Value> &parameters;
  llvm::DenseMap<Value, int> groupOf;
  SmallVector<std::pair<StringRef, int>> made; // axes, and after which group they are there
};
} // namespace

std::vector<KernelGroup> rondo::groupBlock(Block &block, const llvm::DenseSet<Value> &parameters) {
  return std::move(Grouper(block, parameters).groups);
}
