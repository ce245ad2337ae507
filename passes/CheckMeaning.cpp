#include "passes/CheckMeaning.h"
#include "ir/Queries.h"
#include "ir/interp/Init.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include <cmath>
#include <random>

using namespace mlir;
using namespace rondo;

//===--- Inputs --------------------------------------------------------------------------------------------------===//

namespace {
class Inputs {
public:
  Inputs(func::FuncOp function, uint64_t seed, int64_t longest) : function(function), random(seed), longest(longest) {
    function.walk([&](AxisOp op) { made.insert(op.getAxis()); });
  }

  Example next() {
    Example example;
    function->walk([&](Operation *op) { walkAxes(op, [&](StringRef axis) { addAxis(axis, example); }); });
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      example.inputs.push_back(input(i, example));
    return example;
  }

private:
  void addAxis(StringRef axis, Example &example) {
    walkBaseAxes(axis, [&](StringRef base) {
      if (base == "b" || example.length.count(base) || made.contains(base))
        return;
      int64_t most = longest, least = 1;
      if (auto bounds = function->getAttrOfType<DictionaryAttr>("rondo.least"))
        if (auto bound = bounds.getAs<IntegerAttr>(base))
          least = std::max<int64_t>(bound.getInt(), 1);
      if (auto bounds = function->getAttrOfType<DictionaryAttr>("rondo.max"))
        if (auto bound = bounds.getAs<IntegerAttr>(base))
          most = std::min(most, bound.getInt());
      most = std::max(most, least);
      example.length[base] = least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1));
    });
  }

  /// 0 for what is no length: the interpreter says so.
  int64_t lengthOf(StringRef axis, const Example &example) {
    auto length =
        axisLength(axis, [&](StringRef base) -> std::optional<int64_t> { return example.length.lookup(base); });
    return std::max<int64_t>(length.value_or(0), 0);
  }

  Tensor input(unsigned index, const Example &example) {
    auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[index]);
    if (!type)
      return {};
    SmallVector<int64_t> shape;
    for (unsigned dim = 0; dim < type.getRank(); ++dim)
      if (!type.isDynamicDim(dim))
        shape.push_back(type.getDimSize(dim));
      else if (axisOf(type, dim) != "b")
        shape.push_back(lengthOf(axisOf(type, dim), example));
    Tensor tensor = Tensor::full(shape, 0);
    int64_t bound = 4;
    Attribute given = function.getArgAttr(index, "rondo.bound");
    if (auto number = dyn_cast_or_null<IntegerAttr>(given))
      bound = number.getInt();
    else if (auto axis = dyn_cast_or_null<StringAttr>(given))
      bound = lengthOf(axis.getValue(), example);
    std::normal_distribution<double> normal;
    for (double &value : tensor.data) {
      if (type.getElementType().isF32())
        value = static_cast<float>(normal(random));
      else if (type.getElementType().isInteger(1))
        value = static_cast<double>(random() % 2);
      else
        value = static_cast<double>(random() % static_cast<uint64_t>(std::max<int64_t>(bound, 1)));
    }
    return tensor;
  }

  func::FuncOp function;
  std::mt19937_64 random;
  int64_t longest;
  llvm::StringSet<> made; // axes that the function makes
};
} // namespace

std::vector<Example> rondo::randomExamples(func::FuncOp function, uint64_t seed, unsigned count, int64_t longest) {
  Inputs inputs(function, seed, longest);
  std::vector<Example> examples;
  for (unsigned i = 0; i < count; ++i)
    examples.push_back(inputs.next());
  return examples;
}

//===--- Comparing -----------------------------------------------------------------------------------------------===//

/// Both are float64, so they differ by roundings only; integers and what is undecided for compiled code must be equal
/// here all the same, unless a tie is nearer than float64 can tell.
static bool isClose(double a, double b, double scale) {
  if (a == b || (std::isnan(a) && std::isnan(b)))
    return true;
  return std::isinf(scale) || std::abs(a - b) <= 1e-10 * (scale + std::abs(a) + std::abs(b)) + 1e-30;
}

/// Names the first result that differs; empty when none does.
static std::string difference(func::FuncOp function, const std::vector<std::vector<Tensor>> &before,
                              const std::vector<std::vector<Tensor>> &after) {
  for (size_t example = 0; example < before.size(); ++example) {
    if (before[example].size() != after[example].size())
      return "it gives " + std::to_string(after[example].size()) + " results, not " +
             std::to_string(before[example].size());
    for (size_t result = 0; result < before[example].size(); ++result) {
      const Tensor &a = before[example][result], &b = after[example][result];
      auto given = function.getResultAttrOfType<StringAttr>(result, "rondo.name");
      std::string name = given ? "'" + given.getValue().str() + "'" : "result " + std::to_string(result);
      std::string text;
      llvm::raw_string_ostream out(text);
      if (a.shape != b.shape) {
        out << name << " has another shape";
        return text;
      }
      for (int64_t i = 0; i < a.size(); ++i)
        if (!isClose(a.data[i], b.data[i], std::max(a.scaleAt(i), b.scaleAt(i)))) {
          out << name << " of example " << example << " was " << llvm::format("%.9g", a.data[i]) << " at element " << i
              << " and is now " << llvm::format("%.9g", b.data[i]);
          return text;
        }
    }
  }
  return "";
}

void CheckMeaning::runBeforePass(Pass *, Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module || started)
    return;
  started = true;
  cells = initialCells(module, seed, InitStyle::Varied);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    Function &known = functions[function.getName().str()];
    known.examples = randomExamples(function, seed, count, longest);
    auto results = interpret(function, cells, known.examples);
    if (mlir::failed(results))
      different = true;
    else
      known.results = std::move(*results);
  }
}

void CheckMeaning::check(Pass *pass, func::FuncOp function) {
  auto known = functions.find(function.getName().str());
  if (different || known == functions.end() || function.isExternal())
    return;
  auto results = interpret(function, cells, known->second.examples);
  std::string text = mlir::failed(results) ? "it cannot be interpreted any more"
                                           : difference(function, known->second.results, *results);
  if (text.empty() || different.exchange(true))
    return;
  StringRef name = pass->getArgument().empty() ? pass->getName() : pass->getArgument();
  function.emitError() << name << " changed the meaning of '" << function.getName() << "': " << text;
}

void CheckMeaning::runAfterPass(Pass *pass, Operation *op) {
  // Passes over functions run side by side: who calls others must wait until all have passed.
  if (auto function = dyn_cast<func::FuncOp>(op)) {
    if (!function.walk([](func::CallOp) { return WalkResult::interrupt(); }).wasInterrupted())
      check(pass, function);
  } else if (auto module = dyn_cast<ModuleOp>(op)) {
    for (auto function : module.getOps<func::FuncOp>())
      check(pass, function);
  }
}
