#include "passes/algebra/Support.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace rondo;

//===--- Questions -----------------------------------------------------------------------------------------------===//

SmallVector<Value> rondo::inputsOf(Operation *op) {
  llvm::SetVector<Value> inputs;
  op->walk([&](Operation *inner) {
    for (Value value : inner->getOperands()) {
      Operation *owner = value.getParentBlock()->getParentOp();
      if (!owner || !op->isAncestor(owner)) // no owner: a block that is being built
        inputs.insert(value);
    }
  });
  return inputs.takeVector();
}

bool rondo::mentionsStep(Operation *op, StringRef axis) {
  return op
      ->walk<WalkOrder::PreOrder>([&](Operation *inner) {
        if (auto scan = dyn_cast<ScanOp>(inner); scan && scan.getAxis() == axis)
          return WalkResult::skip(); // its own step
        if (auto step = dyn_cast<StepOp>(inner); step && step.getAxis() == axis)
          return WalkResult::interrupt();
        if (auto equation = dyn_cast<Equation>(inner))
          for (Attribute scalar : equation.getScalars())
            if (cast<StringAttr>(scalar).getValue() == ("step " + axis).str())
              return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

bool rondo::mentionsExamples(func::FuncOp func) {
  bool batched = false;
  func.walk([&](Operation *op) { walkAxes(op, [&](StringRef axis) { batched |= axis == "b"; }); });
  return batched;
}

unsigned rondo::placesOf(AffineMap map, unsigned dim) {
  return llvm::count_if(map.getResults(), [&](AffineExpr expr) { return expr.isFunctionOfDim(dim); });
}

bool rondo::isProduct(Operation *op) {
  auto contract = dyn_cast<ContractOp>(op);
  return contract && contract.getReads().size() >= 2 && !contract.getExtents().empty();
}

static bool isOrdinary(Operation *op) { return isa<Equation, ConcatOp, DetachOp, FoldOp, ReadOp, PackOp>(op); }

llvm::DenseSet<Value> rondo::parameterValues(func::FuncOp func) {
  llvm::DenseSet<Value> values;
  func.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isOrdinary(op) || isa<MapOp>(op->getParentOp()))
      return WalkResult::advance();
    bool dynamic = llvm::any_of(op->getResultTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return !tensor || !tensor.hasStaticShape();
    });
    bool ofExample = false; // mentions a length or a step
    op->walk([&](Operation *inner) {
      ofExample |= isa<LengthOp, StepOp>(inner);
      if (auto equation = dyn_cast<Equation>(inner))
        ofExample |= !equation.getScalars().empty() ||
                     llvm::any_of(equation.getExtents(), [](Attribute extent) { return isa<StringAttr>(extent); });
    });
    if (!dynamic && !ofExample && llvm::all_of(inputsOf(op), [&](Value value) { return values.contains(value); }))
      values.insert_range(op->getResults());
    return WalkResult::advance();
  });
  return values;
}

ParameterSection::ParameterSection(func::FuncOp func) : func(func), values(parameterValues(func)) {
  SmallVector<Operation *> ops;
  func.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op->getNumResults() == 0 || !llvm::all_of(op->getResults(), [&](Value v) { return contains(v); }))
      return WalkResult::advance();
    ops.push_back(op);
    return WalkResult::skip();
  });
  Block &block = func.getBody().front();
  for (Operation *op : ops) {
    if (last)
      op->moveAfter(last);
    else
      op->moveBefore(&block, block.begin());
    last = op;
  }
}

std::string rondo::shapeText(Type type) {
  std::string text;
  for (int64_t size : cast<RankedTensorType>(type).getShape()) {
    if (ShapedType::isDynamic(size))
      continue;
    if (!text.empty())
      text += " x ";
    text += std::to_string(size);
  }
  return text;
}
