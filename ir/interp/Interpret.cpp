// Running a function on examples: one after another, or padded together when it is batched.
#include "ir/interp/Interpret.h"
#include "ir/interp/Frame.h"
#include "llvm/ADT/SetVector.h"
#include <limits>

using namespace mlir;
using namespace rondo;

bool rondo::isBatched(func::FuncOp function) {
  auto overExamples = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && dimOfAxis(tensor, "b").has_value();
  };
  return llvm::any_of(function.getArgumentTypes(), overExamples) ||
         llvm::any_of(function.getResultTypes(), overExamples);
}

/// The meaning is of tensors with named axes, of one block, and of calls that end.
static LogicalResult checkFunction(func::FuncOp function, llvm::SetVector<Operation *> &callers) {
  for (Type type : llvm::concat<const Type>(function.getArgumentTypes(), function.getResultTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !(tensor.hasStaticShape() || isa_and_nonnull<AxesAttr>(tensor.getEncoding())))
      return function.emitError() << "takes or gives " << type
                                  << ", expected tensors whose dynamic dimensions have axes";
  }
  if (!function.isExternal() && !function.getBody().hasOneBlock())
    return function.emitError("has several blocks, which has no meaning");
  callers.insert(function);
  WalkResult walked = function.walk([&](func::CallOp call) -> WalkResult {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
    if (callers.contains(callee)) {
      call.emitOpError("calls what calls it, which has no meaning");
      return WalkResult::interrupt();
    }
    return callee ? checkFunction(callee, callers) : success();
  });
  callers.pop_back();
  return failure(walked.wasInterrupted());
}

/// The lengths an example has: those it says, and those its inputs show.
static FailureOr<llvm::StringMap<int64_t>> exampleLengths(func::FuncOp function, const Example &example, bool batched) {
  llvm::StringMap<int64_t> lengths;
  for (auto &entry : example.length)
    lengths[entry.first()] = entry.second;
  if (example.inputs.size() != function.getNumArguments())
    return function.emitError() << "takes " << function.getNumArguments() << " inputs, but an example has "
                                << example.inputs.size();
  for (auto [i, input] : llvm::enumerate(example.inputs)) {
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
    unsigned lead = batched && axisOf(type, 0) == "b";
    if (static_cast<int64_t>(input.shape.size() + lead) != type.getRank() ||
        Tensor::sizeOf(input.shape) != input.size())
      return function.emitError() << "input " << i << " of an example has rank " << input.shape.size()
                                  << ", which does not fit " << type;
    for (auto [place, size] : llvm::enumerate(input.shape)) {
      unsigned dim = place + lead;
      StringRef axis = axisOf(type, dim);
      if (!axis.empty() && normalAxis(axis) == axis &&
          llvm::all_of(axis, [](char c) { return llvm::isAlnum(c) || c == '_'; }))
        lengths.try_emplace(axis, size);
      std::optional<int64_t> expected =
          axis.empty() ? type.getDimSize(dim) : axisLength(axis, [&](StringRef base) -> std::optional<int64_t> {
            auto found = lengths.find(base);
            return found == lengths.end() ? std::nullopt : std::optional(found->second);
          });
      if (expected && *expected != size)
        return function.emitError() << "input " << i << " of an example has " << size << " along dimension " << dim
                                    << ", expected " << *expected;
    }
  }
  return lengths;
}

/// Calls back with the place of each element of an example in itself and in the padded batch.
static void forEachPlace(ArrayRef<int64_t> single, ArrayRef<int64_t> batch, int64_t example,
                         function_ref<void(int64_t, int64_t)> callback) {
  SmallVector<int64_t> index(single.size(), 0);
  for (int64_t flat = 0, size = Tensor::sizeOf(single); flat < size; ++flat) {
    int64_t place = example;
    for (auto [i, extent] : llvm::zip(index, batch.drop_front()))
      place = place * extent + i;
    callback(flat, place);
    for (int64_t dim = index.size() - 1; dim >= 0 && ++index[dim] == single[dim]; --dim)
      index[dim] = 0;
  }
}

static void copyElement(const Tensor &from, int64_t fromPlace, Tensor &to, int64_t toPlace) {
  to.data[toPlace] = from.data[fromPlace];
  if (from.scale.empty())
    return;
  to.needScale();
  to.scale[toPlace] = from.scale[fromPlace];
}

static FailureOr<std::vector<Tensor>> runBody(func::FuncOp function, Frame &frame, ArrayRef<Tensor> inputs) {
  Block &body = function.getBody().front();
  for (auto [argument, input] : llvm::zip(body.getArguments(), inputs))
    frame.set(argument, std::shared_ptr<const Tensor>(&input, [](const Tensor *) {})); // not owned
  if (failed(frame.run(body)))
    return failure();
  std::vector<Tensor> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(frame.get(value));
  return results;
}

static FailureOr<std::vector<std::vector<Tensor>>> interpretBatch(func::FuncOp function, const Cells &cells,
                                                                  ArrayRef<Example> examples) {
  int64_t batch = examples.size();
  Frame frame(cells, /*batched=*/true, batch);
  for (auto [i, example] : llvm::enumerate(examples)) {
    auto lengths = exampleLengths(function, example, /*batched=*/true);
    if (failed(lengths))
      return failure();
    for (auto &entry : *lengths)
      frame.lengths.try_emplace(entry.first(), SmallVector<int64_t>(batch, 0)).first->second[i] = entry.second;
  }
  std::vector<Tensor> inputs;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto shape = frame.shapeOf(cast<RankedTensorType>(type), function);
    if (failed(shape))
      return failure();
    if (axisOf(cast<RankedTensorType>(type), 0) != "b") {
      inputs.push_back(examples.front().inputs[i]);
      continue;
    }
    Tensor padded = Tensor::full(*shape, std::numeric_limits<double>::quiet_NaN());
    for (auto [b, example] : llvm::enumerate(examples))
      forEachPlace(example.inputs[i].shape, padded.shape, b,
                   [&](int64_t own, int64_t place) { copyElement(example.inputs[i], own, padded, place); });
    inputs.push_back(std::move(padded));
  }
  auto results = runBody(function, frame, inputs);
  if (failed(results))
    return failure();
  std::vector<std::vector<Tensor>> all(batch);
  for (auto [type, result] : llvm::zip(function.getResultTypes(), *results)) {
    auto tensor = cast<RankedTensorType>(type);
    bool overExamples = tensor.getRank() > 0 && axisOf(tensor, 0) == "b";
    for (int64_t b = 0; b < batch; ++b) {
      if (!overExamples) {
        all[b].push_back(result);
        continue;
      }
      SmallVector<int64_t> shape(tensor.getShape().drop_front());
      for (auto [place, size] : llvm::enumerate(shape))
        if (ShapedType::isDynamic(size))
          size = *frame.lengthIn(axisOf(tensor, place + 1), b);
      Tensor own = Tensor::full(shape, 0);
      forEachPlace(own.shape, result.shape, b, [&](int64_t to, int64_t place) { copyElement(result, place, own, to); });
      all[b].push_back(std::move(own));
    }
  }
  return all;
}

FailureOr<std::vector<std::vector<Tensor>>> rondo::interpret(func::FuncOp function, const Cells &cells,
                                                             ArrayRef<Example> examples) {
  if (examples.empty())
    return std::vector<std::vector<Tensor>>();
  if (function.isExternal())
    return function.emitError("has no body");
  llvm::SetVector<Operation *> callers;
  if (failed(checkFunction(function, callers)))
    return failure();
  if (isBatched(function))
    return interpretBatch(function, cells, examples);
  std::vector<std::vector<Tensor>> all;
  for (const Example &example : examples) {
    auto lengths = exampleLengths(function, example, /*batched=*/false);
    if (failed(lengths))
      return failure();
    Frame frame(cells, /*batched=*/false, 1);
    for (auto &entry : *lengths)
      frame.lengths[entry.first()] = {entry.second};
    auto results = runBody(function, frame, example.inputs);
    if (failed(results))
      return failure();
    all.push_back(std::move(*results));
  }
  return all;
}
