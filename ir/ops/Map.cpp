// map and the operations of its region: assembly, verifier, meaning.
#include "ir/EquationSyntax.h"
#include "ir/Scalars.h"
#include "ir/interp/Terms.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace rondo;

//===--- map -----------------------------------------------------------------------------------------------------===//

void MapOp::build(OpBuilder &builder, OperationState &state, const EquationParts &parts, MapBody body) {
  buildEquation(builder, state, parts);
  Region *region = state.addRegion();
  SmallVector<Type> types;
  SmallVector<Location> locs;
  for (Value read : parts.reads) {
    types.push_back(cast<RankedTensorType>(read.getType()).getElementType());
    locs.push_back(read.getLoc());
  }
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(region, region->end(), types, locs);
  if (body)
    YieldOp::create(builder, state.location, body(builder, state.location, block->getArguments()));
}

MapOp MapOp::createEmpty(OpBuilder &builder, Location loc, const EquationParts &parts) {
  return MapOp::create(builder, loc, parts, MapBody());
}

Operation *MapOp::rebuild(OpBuilder &builder, Location loc, const EquationParts &parts) {
  auto op = MapOp::createEmpty(builder, loc, parts);
  op->setDiscardableAttrs(llvm::to_vector((*this)->getDiscardableAttrs()));
  IRMapping mapping;
  mapping.map(getBlock().getArguments(), op.getBlock().getArguments());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&op.getBlock());
  for (Operation &inner : getBlock())
    if (auto index = dyn_cast<IndexOp>(builder.clone(inner, mapping)))
      index.setDim(index.getDim() + parts.addedDims);
  return op;
}

ParseResult MapOp::parse(OpAsmParser &parser, OperationState &state) {
  EquationParser equation(parser, state);
  if (equation.parseHead() || equation.parseLets() || equation.parseReads(/*byStar=*/false) || equation.parseWhere() ||
      equation.parseTypes(/*parenthesised=*/true))
    return failure();
  Region *region = state.addRegion();
  if (parser.parseRegion(*region, /*arguments=*/{}, /*enableNameShadowing=*/true))
    return failure();
  MapOp::ensureTerminator(*region, parser.getBuilder(), state.location);
  return success();
}

void MapOp::print(OpAsmPrinter &printer) {
  EquationPrinter equation(printer, *this);
  equation.printHead();
  equation.printLets();
  equation.printReads(", ");
  equation.printWhere();
  equation.printAttributes();
  equation.printOperandTypes();
  printer << "(";
  llvm::interleaveComma(getResultTypes(), printer);
  printer << ") ";
  printer.printRegion(getBody());
}

LogicalResult MapOp::verify() {
  if (getNumResults() == 0)
    return emitOpError("has no result");
  if (failed(verifyEquation(*this)))
    return failure();
  if (!getExtents().empty()) // C1
    return emitOpError() << "has " << getExtents().size() << " reduced dims, expected none";
  for (auto [i, attribute] : llvm::enumerate(getReadMaps())) {
    AffineMap map = cast<AffineMapAttr>(attribute).getValue();
    // Symbols may be there for the predicate; MLIR's own question is about maps without any.
    map = AffineMap::get(map.getNumDims(), 0, map.getResults(), map.getContext());
    if (!map.isProjectedPermutation()) // C1
      return emitOpError() << "read " << i << " is not at distinct dims; take a view (contract) first";
  }
  auto first = cast<RankedTensorType>(getResultTypes().front());
  for (Type type : getResultTypes())
    if (!sameDomain(first, cast<RankedTensorType>(type))) // C2
      return emitOpError() << "gives " << first << " and " << type << ", expected one domain";
  for (Type type : llvm::concat<const Type>(getReads().getTypes(), getResultTypes()))
    if (Type element = cast<RankedTensorType>(type).getElementType();
        !element.isF32() && !element.isInteger(32) && !element.isInteger(1)) // C2
      return emitOpError() << "reads or gives elements " << element << ", expected f32, i32 or i1";
  return success();
}

LogicalResult MapOp::verifyRegions() {
  Block &block = getBlock();
  if (block.getNumArguments() != getReads().size())
    return emitOpError() << "has " << getReads().size() << " reads, but its region has " << block.getNumArguments()
                         << " arguments";
  for (auto [i, read] : llvm::enumerate(getReads()))
    if (Type element = cast<RankedTensorType>(read.getType()).getElementType();
        block.getArgument(i).getType() != element)
      return emitOpError() << "read " << i << " has elements " << element << ", but the region's argument is "
                           << block.getArgument(i).getType();
  for (Operation &op : block.without_terminator())
    if (!isScalarOp(&op) && !isa<IndexOp, LengthOp, StepOp>(op)) // C3
      return op.emitOpError("may not stand in a map: it is no scalar of the table");
  Operation *yield = block.getTerminator();
  if (yield->getNumOperands() != getNumResults()) // C2
    return emitOpError() << "yields " << yield->getNumOperands() << " scalars for " << getNumResults() << " results";
  for (auto [i, type] : llvm::enumerate(getResultTypes()))
    if (Type element = cast<RankedTensorType>(type).getElementType(); yield->getOperand(i).getType() != element) // C2
      return emitOpError() << "yields " << yield->getOperand(i).getType() << " for elements " << element;
  return success();
}

namespace {
/// The region as a list of steps over numbered scalars.
struct ScalarProgram {
  struct Step {
    ScalarFunction function; // null: takes `given`
    bool compares = false;   // two reals
    SmallVector<unsigned, 3> arguments;
    std::function<double(const Terms::Run &, int64_t inner)> given;
  };
  unsigned numArguments = 0;
  std::vector<Step> steps; // step n defines scalar numArguments + n
  SmallVector<unsigned> results;
};
} // namespace

/// index, length and step: what they give at a point of a run.
static FailureOr<std::function<double(const Terms::Run &, int64_t)>> positionOf(Operation *op, Frame &frame) {
  std::function<double(const Terms::Run &, int64_t)> given;
  if (auto index = dyn_cast<IndexOp>(op)) {
    int dim = index.getDim();
    given = [=](const Terms::Run &run, int64_t inner) { return dim == run.innermost ? inner : run.dims[dim]; };
  } else if (auto length = dyn_cast<LengthOp>(op)) {
    auto lengths = frame.lengthsOf(length.getAxis(), op);
    if (failed(lengths))
      return failure();
    given = [all = *lengths](const Terms::Run &run, int64_t) { return all[run.example]; };
  } else if (auto step = dyn_cast<StepOp>(op)) {
    auto found = frame.steps.find(step.getAxis());
    if (found == frame.steps.end())
      return op->emitOpError("is outside a scan over its axis");
    given = [now = found->second](const Terms::Run &, int64_t) { return now; };
  } else {
    return op->emitOpError("has no meaning in a map");
  }
  return given;
}

static FailureOr<ScalarProgram> programOf(MapOp map, Frame &frame) {
  ScalarProgram program;
  llvm::DenseMap<Value, unsigned> number;
  for (BlockArgument argument : map.getBlock().getArguments())
    number[argument] = program.numArguments++;
  for (Operation &op : map.getBlock().without_terminator()) {
    ScalarProgram::Step step;
    step.function = scalarFunction(&op);
    step.compares = isa<arith::CmpFOp>(op);
    for (Value operand : op.getOperands())
      step.arguments.push_back(number.at(operand));
    if (!step.function) {
      auto given = positionOf(&op, frame);
      if (failed(given))
        return failure();
      step.given = *given;
    }
    number[op.getResult(0)] = program.numArguments + program.steps.size();
    program.steps.push_back(std::move(step));
  }
  for (Value value : map.getBlock().getTerminator()->getOperands())
    program.results.push_back(number.at(value));
  return program;
}

LogicalResult MapOp::evaluate(Frame &frame) {
  Terms terms(*this, frame);
  if (failed(terms.prepare()))
    return failure();
  auto program = programOf(*this, frame);
  if (failed(program))
    return failure();
  SmallVector<const Tensor *> reads;
  for (Value read : getReads())
    reads.push_back(&frame.get(read));
  std::vector<Tensor> results(getNumResults(), terms.makeResult(0));
  for (Tensor &result : results)
    result.needScale();
  std::vector<Scalar> scalars(program->numArguments + program->steps.size());
  SmallVector<Scalar, 4> arguments;
  SmallVector<int64_t> places(reads.size());
  // However inexact an element is, it equals itself: a rank compares each of its keys with all of them.
  auto isItself = [&](const ScalarProgram::Step &step) {
    unsigned a = step.arguments[0], b = step.arguments[1];
    return a < reads.size() && b < reads.size() && reads[a] == reads[b] && places[a] == places[b];
  };
  terms.forEachRun([&](const Terms::Run &run) {
    for (int64_t i = 0; i < run.count; ++i) {
      for (auto [r, read] : llvm::enumerate(reads)) {
        places[r] = run.offset[r] + i * run.stride[r];
        scalars[r] = {read->data[places[r]], read->scaleAt(places[r])};
      }
      for (auto [n, step] : llvm::enumerate(program->steps)) {
        arguments.clear();
        for (unsigned argument : step.arguments)
          arguments.push_back(scalars[argument]);
        if (step.compares && isItself(step))
          arguments[0].scale = arguments[1].scale = 0;
        scalars[program->numArguments + n] =
            step.function ? step.function(arguments) : Scalar{step.given(run, run.inner + i), 0};
      }
      for (auto [result, from] : llvm::zip(results, program->results)) {
        result.data[run.result + i * run.resultStride] = scalars[from].value;
        result.scale[run.result + i * run.resultStride] = scalars[from].scale;
      }
    }
  });
  for (auto [value, result] : llvm::zip(getResults(), results)) {
    terms.finish(result);
    frame.set(value, std::move(result));
  }
  return success();
}

//===--- index, length, step -------------------------------------------------------------------------------------===//

LogicalResult IndexOp::verify() {
  auto map = cast<MapOp>((*this)->getParentOp());
  int64_t rank = cast<RankedTensorType>(map.getResultTypes().front()).getRank();
  if (getDim() >= static_cast<uint64_t>(rank)) // C1
    return emitOpError() << "is of dim " << getDim() << ", but the map has " << rank << " dims";
  return success();
}

LogicalResult StepOp::verify() {
  for (auto scan = (*this)->getParentOfType<ScanOp>(); scan; scan = scan->getParentOfType<ScanOp>())
    if (scan.getAxis() == getAxis())
      return success();
  return emitOpError() << "is of axis " << getAxis() << ", but no enclosing scan is over it"; // C1
}
