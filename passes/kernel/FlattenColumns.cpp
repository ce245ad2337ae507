// Products, and the maps on them, get one column dim: heads and their widths, `q[t, h, i]`, become columns `h * D + i`.
// What reads them reads a view, which is free.
//
//   before  %q = contract (b, t, h, i | e) %Wq[h, i, e] * %x[b, t, e]
//           %z = map (b, t, h, i) %q[b, t, h, i], %bq[h, i]
//
//   after   %W = contract (j, e) %Wq[j floordiv 4, j mod 4, e]
//           %c = contract (j) %bq[j floordiv 4, j mod 4]
//           %q = contract (b, t, j | e) %W[j, e] * %x[b, t, e]
//           %y = map (b, t, j) %q[b, t, j], %c[j]
//           %z = contract (b, t, h, i) %y[b, t, h * 4 + i]
//
// Precondition: batched. Postcondition: every product with a packable weight has its row dims, then one column dim.
#include "passes/Passes.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Tidy.h"
#include "passes/algebra/Views.h"
#include "passes/kernel/ProductShape.h"

namespace rondo {
#define GEN_PASS_DEF_FLATTENCOLUMNS
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

namespace {
/// The columns of a domain as one number: its dims, their sizes, and what one step along each is worth.
struct Columns {
  SmallVector<unsigned> dims;
  SmallVector<int64_t> sizes, strides;
  int64_t width = 1;

  Columns(RankedTensorType type, ArrayRef<unsigned> of) : dims(of) {
    for (unsigned dim : dims)
      sizes.push_back(type.getDimSize(dim));
    strides.assign(dims.size(), 1);
    for (unsigned k = dims.size(); k-- > 0;) {
      strides[k] = width;
      width *= sizes[k];
    }
  }
  /// Index along the k-th of them, of column `column`.
  AffineExpr part(AffineExpr column, unsigned k) const {
    AffineExpr expr = strides[k] == 1 ? column : column.floorDiv(strides[k]);
    return k == 0 ? expr : expr % sizes[k];
  }
  std::optional<unsigned> find(unsigned dim) const {
    auto *at = llvm::find(dims, dim);
    return at == dims.end() ? std::nullopt : std::optional<unsigned>(at - dims.begin());
  }
  bool areIn(AffineMap map) const {
    return llvm::any_of(dims, [&](unsigned dim) { return map.isFunctionOfDim(dim); });
  }
  /// The column of the dims' indices.
  AffineExpr column(MLIRContext *context) const {
    AffineExpr sum = getAffineConstantExpr(0, context);
    for (auto [dim, stride] : llvm::zip(dims, strides))
      sum = sum + getAffineDimExpr(dim, context) * stride;
    return sum;
  }
};

class Flattener {
public:
  explicit Flattener(func::FuncOp func) : parameters(func), builder(func.getContext()) {
    SmallVector<ContractOp> products;
    func.walk([&](ContractOp op) { products.push_back(op); });
    for (ContractOp op : products)
      if (auto shape = ProductShape::of(op, parameters.getValues()); shape && !shape->isFlat())
        flattenProduct(op, *shape);
    // Maps then see through the parts of a joined product to its columns.
    composeViews(func);
    SmallVector<MapOp> maps;
    func.walk<WalkOrder::PreOrder>([&](MapOp op) { maps.push_back(op); });
    for (MapOp op : maps)
      flattenMap(op);
  }

private:
  static RankedTensorType flatType(RankedTensorType type, ArrayRef<unsigned> rows, int64_t width) {
    SmallVector<int64_t> shape;
    SmallVector<std::string> axes;
    for (unsigned dim : rows) {
      shape.push_back(ShapedType::kDynamic);
      axes.push_back(axisText(type, dim));
    }
    shape.push_back(width);
    return makeType(shape, axes, type.getElementType());
  }

  /// A parameter with the columns as its first dim, and the places that are no columns as they were.
  Value flatParameter(Location loc, Value value, AffineMap map, const Columns &columns) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape = {columns.width};
    SmallVector<AffineExpr> exprs;
    for (auto [place, expr] : llvm::enumerate(map.getResults())) {
      if (auto k = columns.find(*pureDim(expr))) {
        exprs.push_back(columns.part(builder.getAffineDimExpr(0), *k));
        continue;
      }
      exprs.push_back(builder.getAffineDimExpr(shape.size()));
      shape.push_back(type.getDimSize(place));
    }
    EquationParts view;
    view.results = {makeType(shape, {}, type.getElementType())};
    view.read(value, AffineMap::get(shape.size(), 0, exprs, builder.getContext()));
    return parameters.create<ContractOp>(loc, view);
  }

  /// `flat` over the domain it came from.
  Value unflatten(Location loc, Value flat, RankedTensorType type, ArrayRef<unsigned> rows, const Columns &columns) {
    EquationParts view;
    view.results = {type};
    SmallVector<AffineExpr> exprs;
    for (unsigned dim : rows)
      exprs.push_back(builder.getAffineDimExpr(dim));
    exprs.push_back(columns.column(builder.getContext()));
    view.read(flat, AffineMap::get(type.getRank(), 0, exprs, builder.getContext()));
    return ContractOp::create(builder, loc, view);
  }

  void flattenProduct(ContractOp op, const ProductShape &shape) {
    auto equation = cast<Equation>(op.getOperation());
    auto type = cast<RankedTensorType>(op.getType());
    Columns columns(type, shape.columns);
    builder.setInsertionPoint(op);
    Location loc = op.getLoc();
    EquationParts parts = equation.getParts();
    unsigned resultDims = equation.getNumResultDims(), rows = shape.rows.size();
    Value weight = flatParameter(loc, parts.reads[shape.weight], parts.readMaps[shape.weight], columns);

    // Rows first, the column, then reduced dims.
    SmallVector<AffineExpr> dims(parts.getNumDims(), builder.getAffineConstantExpr(0)), symbols;
    for (auto [place, dim] : llvm::enumerate(shape.rows))
      dims[dim] = builder.getAffineDimExpr(place);
    for (unsigned dim = resultDims; dim < parts.getNumDims(); ++dim)
      dims[dim] = builder.getAffineDimExpr(dim - resultDims + rows + 1);
    for (unsigned symbol = 0; symbol < parts.getNumSymbols(); ++symbol)
      symbols.push_back(builder.getAffineSymbolExpr(symbol));
    SmallVector<AffineExpr> weightExprs = {builder.getAffineDimExpr(rows)};
    for (AffineExpr expr : parts.readMaps[shape.weight].getResults())
      if (*pureDim(expr) >= resultDims)
        weightExprs.push_back(dims[*pureDim(expr)]);
    parts.results = {flatType(type, shape.rows, columns.width)};
    parts.replaceDimsAndSymbols(dims, symbols);
    parts.reads[shape.weight] = weight;
    parts.readMaps[shape.weight] =
        AffineMap::get(parts.getNumDims(), parts.getNumSymbols(), weightExprs, builder.getContext());
    Value flat = ContractOp::create(builder, loc, parts);
    Value back = unflatten(loc, flat, type, shape.rows, columns);
    op.replaceAllUsesWith(back);
    op.erase();
  }

  /// The offset of a view that looks at consecutive columns of a flat value, at the dims of `domain`'s rows and
  /// columns.
  std::optional<int64_t> offsetOf(ContractOp view, ArrayRef<unsigned> rows, const Columns &columns) {
    if (!isPlainView(view))
      return std::nullopt;
    AffineMap map = cast<Equation>(view.getOperation()).getReadMap(0);
    if (map.getNumResults() != rows.size() + 1)
      return std::nullopt;
    for (auto [expr, dim] : llvm::zip(map.getResults(), rows))
      if (pureDim(expr) != dim)
        return std::nullopt;
    AffineExpr rest = simplifyAffineExpr(map.getResults().back() - columns.column(builder.getContext()),
                                         map.getNumDims(), map.getNumSymbols());
    auto constant = dyn_cast<AffineConstantExpr>(rest);
    return constant ? std::optional<int64_t>(constant.getValue()) : std::nullopt;
  }

  /// Whether the map is at the own index of views of flat values, and otherwise of parameters' columns and of values of
  /// the row.
  bool canFlatten(MapOp op, ArrayRef<unsigned> rows, const Columns &columns) {
    auto equation = cast<Equation>(op.getOperation());
    if (rows.empty() || columns.dims.size() < 2 || columns.width == 0 || !op.getWhere().empty() ||
        equation.getNumSymbols())
      return false;
    for (auto index : op.getBlock().getOps<IndexOp>())
      if (columns.find(index.getDim()))
        return false;
    // Columns are read, and given back, through views, and there are none of truths (contract).
    auto hasView = [](Value value) { return !getElementTypeOrSelf(value).isInteger(1); };
    if (!llvm::all_of(op->getResults(), hasView))
      return false;
    bool any = false;
    for (auto [i, value] : llvm::enumerate(op.getReads())) {
      AffineMap map = equation.getReadMap(i);
      if (map.isIdentity() && offsetOf(value.getDefiningOp<ContractOp>(), rows, columns))
        any = true;
      else if (columns.areIn(map) && !(parameters.contains(value) && hasView(value)))
        return false;
    }
    return any;
  }

  /// What a map over `type` reads of a value at `map`, as the flat map reads it.
  void flattenRead(Value &value, AffineMap &map, RankedTensorType type, ArrayRef<unsigned> rows,
                   const Columns &columns) {
    unsigned rank = rows.size() + 1;
    AffineMap identity = builder.getMultiDimIdentityMap(rank);
    auto view = value.getDefiningOp<ContractOp>();
    if (auto offset = map.isIdentity() ? offsetOf(view, rows, columns) : std::nullopt) {
      auto wanted = withElement(flatType(type, rows, columns.width), getElementTypeOrSelf(value));
      value = view.getReads()[0];
      if (value.getType() != wanted || *offset != 0) {
        SmallVector<AffineExpr> exprs(identity.getResults());
        exprs.back() = exprs.back() + *offset;
        EquationParts slice;
        slice.results = {wanted};
        slice.read(value, AffineMap::get(rank, 0, exprs, builder.getContext()));
        value = ContractOp::create(builder, view.getLoc(), slice);
      }
      map = identity;
    } else if (columns.areIn(map)) {
      // A parameter: what is no column of it is a row dim, and parameters have none.
      value = broadcastParameter(value.getLoc(), value, map, columns);
      map = AffineMap::get(rank, 0, builder.getAffineDimExpr(rank - 1), builder.getContext());
    } else {
      SmallVector<AffineExpr> dims(type.getRank(), builder.getAffineConstantExpr(0));
      for (auto [place, dim] : llvm::enumerate(rows))
        dims[dim] = builder.getAffineDimExpr(place);
      map = map.replaceDimsAndSymbols(dims, {}, rank, 0);
    }
  }

  void flattenMap(MapOp op) {
    auto equation = cast<Equation>(op.getOperation());
    RankedTensorType type = equation.getDomainType();
    SmallVector<unsigned> rows, columnDims;
    for (unsigned dim = 0; dim < type.getRank(); ++dim)
      (type.isDynamicDim(dim) ? rows : columnDims).push_back(dim);
    Columns columns(type, columnDims);
    if (!canFlatten(op, rows, columns))
      return;
    builder.setInsertionPoint(op);
    EquationParts parts = equation.getParts();
    for (auto [value, map] : llvm::zip(parts.reads, parts.readMaps))
      flattenRead(value, map, type, rows, columns);
    for (Type &result : parts.results)
      result = withElement(flatType(type, rows, columns.width), getElementTypeOrSelf(result));
    auto made = cast<MapOp>(equation.rebuild(builder, op.getLoc(), parts));
    for (auto index : made.getBlock().getOps<IndexOp>())
      index.setDim(llvm::find(rows, index.getDim()) - rows.begin());
    for (auto [before, after] : llvm::zip(op->getResults(), made->getResults()))
      before.replaceAllUsesWith(unflatten(op.getLoc(), after, cast<RankedTensorType>(before.getType()), rows, columns));
    op.erase();
  }

  /// A parameter read at some of the columns' dims, as a row of all columns.
  Value broadcastParameter(Location loc, Value value, AffineMap map, const Columns &columns) {
    SmallVector<AffineExpr> exprs;
    for (AffineExpr expr : map.getResults())
      exprs.push_back(columns.part(builder.getAffineDimExpr(0), *columns.find(*pureDim(expr))));
    EquationParts view;
    view.results = {makeType({columns.width}, {}, cast<RankedTensorType>(value.getType()).getElementType())};
    view.read(value, AffineMap::get(1, 0, exprs, builder.getContext()));
    return parameters.create<ContractOp>(loc, view);
  }

  ParameterSection parameters;
  OpBuilder builder;
};

struct FlattenColumnsPass : rondo::impl::FlattenColumnsBase<FlattenColumnsPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      composeViews(func);
      Flattener run(func);
      composeViews(func);
      tidy(func);
    }
  }
};
} // namespace
