// A product of joined values is the sum of the products of the parts. Done where one part recurs and another does not,
// so that the other can leave the scan (hoist); elsewhere one product is better than two.
//
//   before  %c = concat 0, %xt, %h        %y = contract (j | r in 24) %W[j, r] * %c[r]
//   after   %W0 = contract (j, l) %W[j, l]          %y0 = contract (j | r in 8) %W0[j, r] * %xt[r]
//           %W1 = contract (j, l) %W[j, l + 8]      %y1 = contract (j | r in 16) %W1[j, r] * %h[r]
//           %y = map (j) %y0[j], %y1[j] { a + b }
//
// Postcondition: inside scans no product reads, along a reduced dim, a concat of parts that recur and parts that do
// not; unless the same dim says where else to look in it, `%c[r, r + j]`, which no part could be read at.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Tidy.h"

namespace rondo {
#define GEN_PASS_DEF_SPLITCONCAT
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

/// Values of the scan's body that depend on a carry or a past.
static llvm::DenseSet<Value> recurringValues(ScanOp scan) {
  llvm::DenseSet<Value> recurring(llvm::from_range, scan.getCarryArgs());
  recurring.insert_range(scan.getPastArgs());
  for (Operation &op : scan.getBlock().without_terminator())
    if (llvm::any_of(inputsOf(&op), [&](Value v) { return recurring.contains(v); }))
      recurring.insert_range(op.getResults());
  return recurring;
}

namespace {
/// Neighbouring parts that both recur or both do not.
struct Run {
  SmallVector<Value> parts;
  bool recurs;
  int64_t offset, size;
};
} // namespace

static SmallVector<Run> runsOf(ConcatOp concat, const llvm::DenseSet<Value> &recurring) {
  SmallVector<Run> runs;
  int64_t offset = 0;
  for (Value part : concat.getParts()) {
    int64_t size = cast<RankedTensorType>(part.getType()).getDimSize(concat.getDim());
    bool recurs = recurring.contains(part);
    if (runs.empty() || runs.back().recurs != recurs)
      runs.push_back({{}, recurs, offset, 0});
    runs.back().parts.push_back(part);
    runs.back().size += size;
    offset += size;
  }
  return runs;
}

/// `value` read at `offset` along every dimension that `map` reads at `dim`: a view of `size` there. Of truths it gives
/// the numbers that they are as factors.
static Value sliceFor(OpBuilder &builder, Location loc, Value value, AffineMap map, unsigned dim, const Run &run) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<AffineExpr> exprs;
  SmallVector<std::string> axes;
  bool sliced = false;
  for (auto [place, expr] : llvm::enumerate(map.getResults())) {
    AffineExpr read = builder.getAffineDimExpr(place);
    if (pureDim(expr) == dim) {
      shape[place] = run.size;
      read = read + run.offset;
      sliced = true;
    }
    exprs.push_back(read);
    if (type.isDynamicDim(place))
      axes.push_back(axisText(type, place));
  }
  if (!sliced)
    return value;
  Type element = type.getElementType().isInteger(1) ? builder.getI32Type() : type.getElementType();
  EquationParts view;
  view.results = {makeType(shape, axes, element)};
  view.read(value, AffineMap::get(type.getRank(), 0, exprs, builder.getContext()));
  return ContractOp::create(builder, loc, view);
}

static Value sum(OpBuilder &builder, Location loc, Value a, Value b) {
  EquationParts parts;
  parts.results = {a.getType()};
  unsigned rank = cast<RankedTensorType>(a.getType()).getRank();
  auto all = llvm::to_vector(llvm::seq(rank));
  parts.read(a, all);
  parts.read(b, all);
  return MapOp::create(builder, loc, parts,
                       [](OpBuilder &inner, Location at, ValueRange read) {
                         return SmallVector<Value>{arith::AddFOp::create(inner, at, read[0], read[1])};
                       })
      .getResult(0);
}

/// Splits one product along one read; true when it did.
static bool split(ContractOp product, const llvm::DenseSet<Value> &recurring) {
  Equation equation = cast<Equation>(product.getOperation());
  for (auto [index, read] : llvm::enumerate(product.getReads())) {
    auto concat = read.getDefiningOp<ConcatOp>();
    if (!concat || !cast<RankedTensorType>(concat.getType()).getElementType().isF32())
      continue;
    AffineMap map = equation.getReadMap(index);
    auto dim = pureDim(map.getResult(concat.getDim()));
    if (!dim || *dim < equation.getNumResultDims() || ShapedType::isDynamic(equation.getDimSize(*dim)) ||
        placesOf(map, *dim) > 1)
      continue;
    SmallVector<Run> runs = runsOf(concat, recurring);
    if (runs.size() < 2)
      continue;
    OpBuilder builder(product);
    Location loc = product.getLoc();
    Value total;
    for (const Run &run : runs) {
      EquationParts parts = equation.getParts();
      Value joined = run.parts.front();
      if (run.parts.size() > 1)
        joined = ConcatOp::create(builder, loc, concat.getDim(), run.parts);
      unsigned dims = parts.getNumDims(), symbols = parts.getNumSymbols();
      AffineExpr shifted = builder.getAffineDimExpr(*dim) + run.offset;
      // Pure reads become pure reads of a slice; others move.
      auto cut = [&](Value &value, AffineMap &map) {
        value = sliceFor(builder, loc, value, map, *dim, run);
        SmallVector<AffineExpr> exprs;
        for (AffineExpr expr : map.getResults())
          exprs.push_back(pureDim(expr) ? expr : expr.replace(builder.getAffineDimExpr(*dim), shifted));
        map = AffineMap::get(dims, symbols, exprs, builder.getContext());
      };
      for (unsigned k = 0; k < parts.reads.size(); ++k)
        if (k != index)
          cut(parts.reads[k], parts.readMaps[k]);
      parts.reads[index] = joined;
      for (auto [let, at] : llvm::zip(parts.lets, parts.letMaps))
        cut(let, at);
      SmallVector<AffineExpr> moved, same;
      for (unsigned d = 0; d < dims; ++d)
        moved.push_back(d == *dim ? shifted : builder.getAffineDimExpr(d));
      for (unsigned s = 0; s < symbols; ++s)
        same.push_back(builder.getAffineSymbolExpr(s));
      for (IntegerSet &set : parts.where)
        set = set.replaceDimsAndSymbols(moved, same, dims, symbols);
      parts.extents[*dim - equation.getNumResultDims()] = builder.getI64IntegerAttr(run.size);
      Value part = ContractOp::create(builder, loc, parts);
      total = total ? sum(builder, loc, total, part) : part;
    }
    did(loc, "split-concat", "one part of what is multiplied does not depend on the recurrence: its product can leave");
    product.replaceAllUsesWith(total);
    product.erase();
    return true;
  }
  return false;
}

namespace {
struct SplitConcatPass : rondo::impl::SplitConcatBase<SplitConcatPass> {
  void runOnOperation() override {
    getOperation()->walk([&](ScanOp scan) {
      llvm::DenseSet<Value> recurring = recurringValues(scan);
      SmallVector<ContractOp> products;
      for (Operation &op : scan.getBlock())
        if (isProduct(&op))
          products.push_back(cast<ContractOp>(op));
      for (ContractOp product : products)
        split(product, recurring);
    });
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal())
        tidy(func);
  }
};
} // namespace
