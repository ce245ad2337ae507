// What a recurrence adds up over its steps becomes a carry that each step adds to: the emitters then know one way for a
// value to pass from step to step.
//
//   before  %s = scan t over (%x) -> sum { ^bb0(%xt): .. yield %y }
//   after   %zero = map { 0 }
//           %s = scan t over (%x) from (%zero) -> last { ^bb0(%xt, %sum): .. %n = map %sum, %y { a + b } yield %n }
//
// Precondition: programs of one example; passes that move sums out of scans have run. Postcondition: no scan has sums.
#include "passes/Passes.h"
#include "passes/algebra/Support.h"

namespace rondo {
#define GEN_PASS_DEF_SUMCARRIES
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

static Value zeroOf(OpBuilder &builder, Location loc, Type type) {
  EquationParts parts;
  parts.results = {type};
  auto map = MapOp::create(builder, loc, parts, [&](OpBuilder &inner, Location, ValueRange) {
    Type element = cast<RankedTensorType>(type).getElementType();
    return SmallVector<Value>{arith::ConstantOp::create(inner, loc, inner.getZeroAttr(element))};
  });
  return map.getResult(0);
}

static Value sumOf(OpBuilder &builder, Location loc, Value sum, Value term) {
  auto type = cast<RankedTensorType>(sum.getType());
  EquationParts parts;
  parts.results = {type};
  for (Value value : {sum, term})
    parts.read(value, builder.getMultiDimIdentityMap(type.getRank()));
  auto map = MapOp::create(builder, loc, parts, [&](OpBuilder &inner, Location, ValueRange read) {
    Value next = type.getElementType().isF32() ? Value(arith::AddFOp::create(inner, loc, read[0], read[1]))
                                               : Value(arith::AddIOp::create(inner, loc, read[0], read[1]));
    return SmallVector<Value>{next};
  });
  return map.getResult(0);
}

static void carrySums(ScanOp scan) {
  OpBuilder builder(scan);
  Location loc = scan.getLoc();
  ScanParts parts = scan.getParts();
  unsigned slices = parts.over.size(), carries = parts.init.size(), sums = parts.sums.size();
  for (Type type : parts.sums)
    parts.init.push_back(zeroOf(builder, loc, type));
  parts.sums.clear();
  ScanOp made = ScanOp::create(builder, loc, parts);
  Block &from = scan.getBlock(), &to = made.getBlock();
  to.getOperations().splice(to.end(), from.getOperations());
  for (auto [i, argument] : llvm::enumerate(from.getArguments()))
    argument.replaceAllUsesWith(to.getArgument(i < slices + carries ? i : i + sums));

  Operation *yield = to.getTerminator();
  SmallVector<Value> yielded(yield->getOperands());
  builder.setInsertionPoint(yield);
  SmallVector<Value> next;
  for (auto [term, argument] : llvm::zip(ArrayRef(yielded).take_back(sums), made.getCarryArgs().take_back(sums)))
    next.push_back(sumOf(builder, loc, argument, term));
  yielded.pop_back_n(sums);
  yielded.insert(yielded.begin() + carries, next.begin(), next.end());
  yield->setOperands(yielded);

  for (auto [before, after] : llvm::zip(scan.getLast(), made.getLast()))
    before.replaceAllUsesWith(after);
  for (auto [before, after] : llvm::zip(scan.getStacked(), made.getStacked()))
    before.replaceAllUsesWith(after);
  for (auto [before, after] : llvm::zip(scan.getSummed(), made.getLast().take_back(sums)))
    before.replaceAllUsesWith(after);
  scan.erase();
}

namespace {
struct SumCarriesPass : rondo::impl::SumCarriesBase<SumCarriesPass> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      if (!scan.getSummed().empty())
        scans.push_back(scan);
    });
    for (ScanOp scan : scans)
      carrySums(scan);
  }
};
} // namespace
