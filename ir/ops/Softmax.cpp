// softmax: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"
#include "ir/Scalars.h"
#include "ir/interp/Terms.h"
#include <cmath>

using namespace mlir;
using namespace rondo;

Operation *SoftmaxOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = SoftmaxOp::create(builder, loc, parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  return op;
}

ParseResult SoftmaxOp::parse(OpAsmParser &parser, OperationState &state) {
  EquationParser equation(parser, state);
  SmallVector<int64_t> over;
  auto parseDim = [&]() { return parser.parseInteger(over.emplace_back()); };
  if (equation.parseHead() || parser.parseKeyword("over") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseDim))
    return failure();
  state.addAttribute(getOverAttrName(state.name), parser.getBuilder().getDenseI64ArrayAttr(over));
  return failure(equation.parseLets() || equation.parseReads(/*byStar=*/true) || equation.parseWhere() ||
                 equation.parseTypes());
}

void SoftmaxOp::print(OpAsmPrinter &printer) {
  EquationPrinter equation(printer, *this);
  equation.printHead();
  printer << " over (";
  llvm::interleaveComma(getOver(), printer);
  printer << ")";
  equation.printLets();
  equation.printReads(" * ");
  equation.printWhere();
  equation.printAttributes({"over"});
  equation.printOperandTypes();
  printer << getResult().getType();
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifyEquation(*this)))
    return failure();
  if (getReads().size() != 1 || !getExtents().empty()) // C1
    return emitOpError() << "has " << getReads().size() << " reads and " << getExtents().size()
                         << " reduced dims, expected one read and none";
  if (!getResult().getType().getElementType().isF32() ||
      !cast<RankedTensorType>(getReads().front().getType()).getElementType().isF32()) // C1
    return emitOpError("is of elements that are not f32");
  int64_t last = -1;
  for (int64_t dim : getOver()) {
    if (dim <= last || dim >= getResult().getType().getRank()) // C2
      return emitOpError() << "is over dim " << dim << ", expected result dims, each once, in order";
    last = dim;
  }
  if (getOver().empty()) // C2
    return emitOpError("is over no dim");
  return success();
}

//===--- Meaning -------------------------------------------------------------------------------------------------===//

LogicalResult SoftmaxOp::evaluate(Frame &frame) {
  Terms terms(*this, frame);
  if (failed(terms.prepare()))
    return failure();
  const Tensor &read = frame.get(getReads().front());
  Tensor result = terms.makeResult(0);
  result.needScale();
  // Which group of the remaining dims an element belongs to.
  SmallVector<int64_t> groupShape(result.shape);
  for (int64_t dim : getOver())
    groupShape[dim] = 1;
  struct Member {
    int64_t place;
    Scalar term;
  };
  std::vector<std::vector<Member>> groups(Tensor::sizeOf(groupShape));
  terms.forEachRun([&](const Terms::Run &run) {
    for (int64_t i = 0; i < run.count; ++i) {
      int64_t group = 0;
      for (auto [dim, extent] : llvm::enumerate(groupShape)) {
        int64_t index = static_cast<int>(dim) == run.innermost ? run.inner + i : run.dims[dim];
        group = group * extent + (extent == 1 ? 0 : index);
      }
      int64_t place = run.offset[0] + i * run.stride[0];
      groups[group].push_back({run.result + i * run.resultStride, {read.data[place], read.scaleAt(place)}});
    }
  });
  for (auto &group : groups) {
    auto members = llvm::map_to_vector(group, [](const Member &member) { return member.term; });
    LogSumExp sum = logSumExp(members);
    for (const Member &member : group) {
      double value = sum.top == -kInfinity ? 0 : std::exp(member.term.value - sum.top) / sum.sum;
      double relative = member.term.scale + std::fabs(member.term.value - sum.top) + sum.error + 2;
      result.data[member.place] = value;
      result.scale[member.place] = value == 0 ? 0 : value * relative;
    }
  }
  terms.finish(result);
  frame.set(getResult(), std::move(result));
  return success();
}
