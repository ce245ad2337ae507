#include "codegen/cpu/FindAxes.h"

#include "ir/Queries.h"

using namespace mlir;

namespace rondo {

namespace {
class Finder {
public:
  Finder(func::FuncOp func, AxisTable &table) : func(func), table(table) {}

  FailureOr<std::vector<EmittedAxis>> run() {
    for (Type type : func.getArgumentTypes())
      walkAxes(type, [&](StringRef axis) {
        auto form = axisForm(axis);
        if (axis != "b" && form && form->isBase(axis))
          give(axis);
      });
    func->walk([&](AxisOp op) { values[op.getAxis()] = op; });
    auto add = [&](StringRef axis) { ok &= make(axis); };
    for (auto [i, type] : llvm::enumerate(func.getArgumentTypes())) {
      walkAxes(type, add);
      // Ids may be below a length that no value has.
      if (auto bound = func.getArgAttrOfType<StringAttr>(i, "rondo.bound"))
        add(bound.getValue());
    }
    func->walk([&](Operation *op) { walkAxes(op, add); });
    for (Type type : func.getResultTypes())
      walkAxes(type, [&](StringRef axis) {
        if (int64_t at = table.indexOf(axis); at >= 0)
          axes[at].returned = axes[at].source != EmittedAxis::Given;
      });
    if (!ok)
      return failure();
    return std::move(axes);
  }

private:
  func::FuncOp func;
  AxisTable &table;
  std::vector<EmittedAxis> axes;
  llvm::StringMap<AxisOp> values;
  bool ok = true;

  template <typename Attr>
  Attr said(StringRef about, StringRef axis) {
    auto all = func->getAttrOfType<DictionaryAttr>(about);
    return all ? all.getAs<Attr>(axis) : Attr();
  }

  void give(StringRef name) {
    if (table.indexOf(name) >= 0)
      return;
    EmittedAxis axis;
    axis.name = name.str();
    if (auto max = said<IntegerAttr>("rondo.max", name))
      axis.max = max.getInt();
    if (auto least = said<IntegerAttr>("rondo.least", name))
      axis.least = least.getInt();
    table.names.push_back(name.str());
    axes.push_back(axis);
  }

  bool make(StringRef name) {
    if (name == "b" || table.indexOf(name) >= 0)
      return true;
    AxisOp value = values.lookup(name);
    auto form = axisForm(value ? value.getMost() : name);
    if (!form || form->isBase(name)) {
      func.emitError() << "nothing says how long the axis '" << name << "' is";
      return false;
    }
    EmittedAxis axis;
    axis.source = value ? EmittedAxis::Value : EmittedAxis::Arithmetic;
    if (!fill(axis, *form))
      return false;
    auto word = said<StringAttr>("rondo.words", name);
    bool taken = word && llvm::any_of(axes, [&](const EmittedAxis &other) { return other.name == word.getValue(); });
    axis.name = word && !taken ? word.str() : name.str();
    table.names.push_back(name.str());
    axes.push_back(axis);
    return true;
  }

  /// The form over the axes there are, after making those that it needs.
  bool fill(EmittedAxis &axis, const AxisForm &form) {
    for (auto &[term, factor] : form.terms)
      if (!make(term))
        return false;
    axis.least = 0;
    axis.constant = form.constant;
    axis.divisor = form.divisor;
    axis.factors.assign(axes.size(), 0);
    for (auto &[term, factor] : form.terms)
      axis.factors[table.indexOf(term)] += factor;
    return true;
  }
};
} // namespace

FailureOr<std::vector<EmittedAxis>> findAxes(func::FuncOp func, AxisTable &table) { return Finder(func, table).run(); }

} // namespace rondo
