// Products that share an operand become one: the four gates of a cell, queries with keys and values.
//
//   before  %a = contract (t, j | e) %Wa[j, e] * %x[t, e]       %b = contract (t, j | e) %Wb[j, e] * %x[t, e]
//   after   %W = concat 0, %Wa, %Wb                             %y = contract (t, j | e) %W[j, e] * %x[t, e]
//           %a = contract (t, j) %y[t, j]                       %b = contract (t, j) %y[t, j + 512]
//
// The joined operands depend on parameters alone, so that joining them is done once, when the model is opened. A scan
// that runs over such a view runs over the product instead, and the view moves into its body: views of a row are free.
// Postcondition: no two independent products of one block read the same value at the same positions, each with a
// parameter read in the same way, at one place for a column.
#include "mlir/IR/Dominance.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"
#include "passes/algebra/Tidy.h"
#include "passes/algebra/Views.h"

namespace rondo {
#define GEN_PASS_DEF_FUSEPRODUCTS
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

namespace {
constexpr llvm::StringLiteral kPass = "fuse-products";

/// A product and which of its two reads is the parameter.
struct Candidate {
  mutable ContractOp op; // a handle, whose accessors are not const
  unsigned weight;
  unsigned dim;   // result dim along which parameters are joined
  unsigned place; // dimension of the parameter that is read there

  Equation equation() const { return cast<Equation>(op.getOperation()); }
  Value shared() const { return op.getReads()[1 - weight]; }
  Value parameter() const { return op.getReads()[weight]; }
  AffineMap sharedMap() const { return equation().getReadMap(1 - weight); }
  AffineMap parameterMap() const { return equation().getReadMap(weight); }
};
} // namespace

/// Sizes may differ at one dimension only.
static bool sameBut(Type a, Type b, unsigned place) {
  auto left = cast<RankedTensorType>(a), right = cast<RankedTensorType>(b);
  if (left.getRank() != right.getRank() || left.getElementType() != right.getElementType() ||
      left.getEncoding() != right.getEncoding())
    return false;
  for (unsigned k = 0; k < left.getRank(); ++k)
    if (k != place && left.getDimSize(k) != right.getDimSize(k))
      return false;
  return true;
}

static std::optional<Candidate> candidateOf(ContractOp op, const llvm::DenseSet<Value> &parameters) {
  auto equation = cast<Equation>(op.getOperation());
  if (op.getReads().size() != 2 || op.getExtents().empty() || !op.getWhere().empty() || equation.getNumSymbols())
    return std::nullopt;
  for (unsigned weight : {0u, 1u}) {
    if (!parameters.contains(op.getReads()[weight]) || parameters.contains(op.getReads()[1 - weight]))
      continue;
    AffineMap map = equation.getReadMap(weight), other = equation.getReadMap(1 - weight);
    for (auto [place, expr] : llvm::enumerate(map.getResults())) {
      auto dim = pureDim(expr);
      if (!dim || *dim >= equation.getNumResultDims() || other.isFunctionOfDim(*dim) || placesOf(map, *dim) > 1 ||
          ShapedType::isDynamic(equation.getDimSize(*dim)))
        continue;
      return Candidate{op, weight, *dim, static_cast<unsigned>(place)};
    }
  }
  return std::nullopt;
}

static bool fits(const Candidate &a, const Candidate &b) {
  return a.shared() == b.shared() && a.dim == b.dim && a.place == b.place && a.sharedMap() == b.sharedMap() &&
         a.parameterMap() == b.parameterMap() && a.op.getExtents() == b.op.getExtents() &&
         sameBut(a.op.getType(), b.op.getType(), a.dim) &&
         sameBut(a.parameter().getType(), b.parameter().getType(), a.place);
}

/// One product for all of them, at the place of the first.
static void fuse(ArrayRef<Candidate> group, ParameterSection &parameters) {
  const Candidate &first = group.front();
  OpBuilder builder(first.op);
  SmallVector<Value> weights;
  SmallVector<Location> places;
  for (const Candidate &member : group) {
    weights.push_back(member.parameter());
    places.push_back(member.op.getLoc());
  }
  Location loc = builder.getFusedLoc(places);
  Value joined = parameters.create<ConcatOp>(loc, first.place, weights);

  EquationParts parts = first.equation().getParts();
  parts.reads[first.weight] = joined;
  auto type = cast<RankedTensorType>(first.op.getType());
  int64_t width = cast<RankedTensorType>(joined.getType()).getDimSize(first.place);
  parts.results = {insertDim(dropDim(type, first.dim), first.dim, width)};
  Value product = ContractOp::create(builder, loc, parts);

  int64_t offset = 0;
  for (const Candidate &member : group) {
    auto part = cast<RankedTensorType>(member.op.getType());
    EquationParts view;
    view.results = {part};
    SmallVector<AffineExpr> exprs;
    for (unsigned k = 0; k < part.getRank(); ++k)
      exprs.push_back(k == first.dim ? builder.getAffineDimExpr(k) + offset : builder.getAffineDimExpr(k));
    view.read(product, AffineMap::get(part.getRank(), 0, exprs, builder.getContext()));
    Value slice = ContractOp::create(builder, member.op.getLoc(), view);
    Operation *op = member.op;
    op->getResult(0).replaceAllUsesWith(slice);
    offset += part.getDimSize(first.dim);
  }
  std::string text = std::to_string(group.size()) + " products that read the same value become one [" +
                     shapeText(joined.getType()) + "]";
  for (const Candidate &member : group)
    did(member.op.getLoc(), kPass, text);
  for (const Candidate &member : group)
    member.op->erase();
}

static void fuseBlock(Block &block, ParameterSection &parameters) {
  SmallVector<Candidate> candidates;
  for (Operation &op : block)
    if (auto contract = dyn_cast<ContractOp>(op))
      if (auto candidate = candidateOf(contract, parameters.getValues()))
        candidates.push_back(*candidate);
  while (!candidates.empty()) {
    // Two products of one value cannot depend on one another but through other values, so they may move together to
    // the first: the shared value stands before it, and parameters stand before everything.
    SmallVector<Candidate> group, rest;
    for (const Candidate &candidate : candidates)
      (group.empty() || fits(group.front(), candidate) ? group : rest).push_back(candidate);
    if (group.size() > 1)
      fuse(group, parameters);
    candidates = rest;
  }
}

//===--- Views that a scan runs over -----------------------------------------------------------------------------===//

/// A slice operand that is a view keeping the scan's axis: the scan runs over what the view looks at.
static bool sinkView(ScanOp scan, unsigned slice) {
  ScanParts parts = scan.getParts();
  auto contract = parts.over[slice].getDefiningOp<ContractOp>();
  if (!isPlainView(contract))
    return false;
  auto view = cast<Equation>(contract.getOperation());
  unsigned dim = parts.sliceDims[slice];
  AffineMap map = view.getReadMap(0);
  std::optional<unsigned> source;
  for (auto [place, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    if (source || pureDim(expr) != dim)
      return false;
    source = place;
  }
  auto type = cast<RankedTensorType>(contract.getReads()[0].getType());
  if (!source || axisOf(type, *source) != scan.getAxis())
    return false;

  BlockArgument argument = scan.getSliceArgs()[slice];
  OpBuilder builder = OpBuilder::atBlockBegin(&scan.getBlock());
  Block &body = scan.getBlock();
  BlockArgument inner = body.insertArgument(slice, dropDim(type, *source), contract.getLoc());
  unsigned dims = view.getNumDims();
  SmallVector<AffineExpr> renumbered, exprs;
  for (unsigned d = 0; d < dims; ++d)
    renumbered.push_back(d == dim ? builder.getAffineConstantExpr(0) : builder.getAffineDimExpr(d - (d > dim)));
  for (auto [place, expr] : llvm::enumerate(map.getResults()))
    if (place != *source)
      exprs.push_back(expr.replaceDims(renumbered));
  EquationParts moved;
  moved.results = {argument.getType()};
  moved.read(inner, AffineMap::get(dims - 1, 0, exprs, builder.getContext()));
  argument.replaceAllUsesWith(ContractOp::create(builder, contract.getLoc(), moved));
  body.eraseArgument(slice + 1);
  scan.getOverMutable().slice(slice, 1).assign(contract.getReads()[0]);
  SmallVector<int64_t> sliceDims(parts.sliceDims);
  sliceDims[slice] = *source;
  scan.setSliceDims(sliceDims);
  return true;
}

namespace {
struct FuseProductsPass : rondo::impl::FuseProductsBase<FuseProductsPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      ParameterSection parameters(func);
      SmallVector<Block *> blocks;
      func.walk([&](Block *block) {
        if (!isa<MapOp>(block->getParentOp()))
          blocks.push_back(block);
      });
      for (Block *block : blocks)
        fuseBlock(*block, parameters);
      func.walk([&](ScanOp scan) {
        for (unsigned slice = 0; slice < scan.getOver().size(); ++slice)
          while (sinkView(scan, slice)) {
          }
      });
      tidy(func);
    }
  }
};
} // namespace
