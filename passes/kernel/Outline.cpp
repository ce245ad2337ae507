// Equal kernels can be one function: six layers of a transformer need their code once.
//
//   before  %a = kernel "product" {..} { contract .. %x .. %w0 .. }
//           %b = kernel "product" {..} { contract .. %a .. %w1 .. }
//
//   after   the same with rondo.code = 0 on both: they differ in what they capture only
//
// Kernels are equal when their regions and schedules are, up to the values captured, where each captured value stands
// in the same places and has the same type. A kernel that captures one value twice is not equal to one that captures
// two. Precondition: kernels formed and packed. Postcondition: every kernel of a function's block but `load` has
// `rondo.code`, and captured values are listed in one order for all kernels of a code (of their first uses).
#include "mlir/IR/OperationSupport.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"

namespace rondo {
#define GEN_PASS_DEF_OUTLINE
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

/// Whether the kernels are equal up to what they capture.
static bool areEqual(KernelOp a, KernelOp b) {
  llvm::DenseMap<Value, Value> forward, backward;
  auto same = [&](Value left, Value right) {
    if (left.getType() != right.getType())
      return failure();
    auto [to, newLeft] = forward.try_emplace(left, right);
    auto [from, newRight] = backward.try_emplace(right, left);
    return success(to->second == right && from->second == left);
  };
  // Results may be given out in other numbers, but they are of the same types.
  return OperationEquivalence::isEquivalentTo(
      a, b, same, [&](Value left, Value right) { (void)same(left, right); },
      OperationEquivalence::Flags::IgnoreLocations | OperationEquivalence::Flags::IgnoreDiscardableAttrs);
}

namespace {
struct OutlinePass : rondo::impl::OutlineBase<OutlinePass> {
  void runOnOperation() override {
    SmallVector<std::pair<KernelOp, unsigned>> codes; // first of each, how many
    OpBuilder builder(&getContext());
    for (auto func : getOperation().getOps<func::FuncOp>())
      for (auto kernel : func.getOps<KernelOp>()) {
        if (kernel.getForm() == "load")
          continue;
        auto *found = llvm::find_if(codes, [&](auto &code) { return areEqual(code.first, kernel); });
        if (found == codes.end()) {
          codes.push_back({kernel, 0});
          found = std::prev(codes.end());
        }
        ++found->second;
        kernel->setAttr("rondo.code", builder.getI64IntegerAttr(found - codes.begin()));
      }
    for (auto [kernel, count] : codes)
      if (count > 1)
        did(kernel.getLoc(), "outline", std::to_string(count) + " equal kernels share their code");
  }
};
} // namespace
