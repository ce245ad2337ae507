#include "tools/rondo/Cost.h"
#include "ir/Axes.h"
#include "ir/Dialect.h"
#include "tools/rondo/Terminal.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo {

static std::string scaled(double number) {
  std::string text;
  raw_string_ostream os(text);
  const char *units[] = {"", " K", " M", " G", " T"};
  int unit = 0;
  for (; number >= 1000 && unit < 4; ++unit)
    number /= 1000;
  os << format("%.3g%s", number, units[unit]);
  return text;
}

std::string print(const Polynomial &cost) {
  std::string text;
  // The highest powers first: they decide when sequences are long.
  for (auto it = cost.rbegin(); it != cost.rend(); ++it) {
    if (!it->second)
      continue;
    text += (text.empty() ? "" : " + ") + scaled(it->second);
    for (const std::string &axis : it->first)
      text += "*" + axis;
  }
  return text.empty() ? "0" : text;
}

namespace {
class Counter {
public:
  Polynomial total;

  void one(mlir::Operation *op) { visit(op, 1, {}); }
  void block(mlir::Block &block, double times, std::vector<std::string> axes) {
    for (mlir::Operation &op : block)
      visit(&op, times, axes);
  }

private:
  void visit(mlir::Operation *op, double times, std::vector<std::string> axes) {
    if (auto scan = dyn_cast<ScanOp>(op)) {
      axes.push_back(scan.getAxis().str());
      block(scan.getBlock(), times, axes);
      return;
    }
    auto equation = dyn_cast<Equation>(op);
    if (!equation) {
      for (mlir::Region &region : op->getRegions())
        for (mlir::Block &inner : region)
          block(inner, times, axes);
      return;
    }
    double each = work(op);
    if (!each)
      return;
    auto type = cast<mlir::RankedTensorType>(op->getResult(0).getType());
    for (unsigned d = 0; d < type.getRank(); ++d) {
      if (type.isDynamicDim(d))
        axes.push_back(axisOf(type, d).str());
      else
        each *= type.getDimSize(d);
    }
    for (mlir::Attribute extent : equation.getExtents()) {
      if (auto size = dyn_cast<mlir::IntegerAttr>(extent))
        each *= size.getInt();
      else
        axes.push_back(cast<mlir::StringAttr>(extent).getValue().str());
    }
    llvm::sort(axes);
    total[axes] += times * each;
  }

  /// Operations for one element of the domain.
  static double work(mlir::Operation *op) {
    return TypeSwitch<mlir::Operation *, double>(op)
        .Case<ContractOp>([](ContractOp contract) {
          size_t factors = contract.getReads().size(), reduced = contract.getExtents().size();
          return factors == 0 ? 0.0 : double(factors - 1) + (reduced ? 1 : 0);
        })
        .Case<ReduceOp>([](auto) { return 1.0; })
        .Case<SoftmaxOp>([](auto) { return 4.0; }) // maximum, difference, exp, quotient
        .Case<MapOp>([](MapOp map) {
          double count = 0;
          for (mlir::Operation &scalar : map->getRegion(0).front())
            count += scalar.getNumResults() && isa<mlir::FloatType>(scalar.getResult(0).getType()) &&
                     !scalar.hasTrait<mlir::OpTrait::ConstantLike>();
          return count;
        })
        .Default([](auto) { return 0.0; });
  }
};
} // namespace

Polynomial countFlops(mlir::func::FuncOp function) {
  Counter counter;
  counter.block(function.getBody().front(), 1, {});
  return counter.total;
}

Polynomial countFlops(mlir::Operation *op) {
  Counter counter;
  counter.one(op);
  return counter.total;
}

std::string costTable(Model &model, mlir::ModuleOp kernels) {
  std::string text;
  raw_string_ostream os(text);
  os << "export            kernels  operations per example\n";
  for (auto function : kernels.getOps<mlir::func::FuncOp>()) {
    mlir::func::FuncOp meaning = model.function(function.getSymName());
    if (!meaning || function.isExternal())
      continue;
    int64_t count = 0;
    for (mlir::Operation &op : function.getBody().front())
      count += isa<KernelOp, mlir::func::CallOp, ScanOp, FoldOp, Equation>(&op);
    os << format("%-16s %8lld  ", function.getSymName().str().c_str(), static_cast<long long>(count))
       << print(countFlops(meaning)) << "\n";
  }
  return text;
}

std::string memoryTable(const EmittedProgram &program) {
  std::string text;
  raw_string_ostream os(text);
  for (const EmittedExport &fn : program.exports) {
    // Terms of rondo_export: 1, B, rows of each axis and grid, their longest.
    std::vector<std::vector<std::string>> spaces;
    for (const EmittedAxis &axis : fn.axes)
      spaces.push_back({axis.name});
    for (const EmittedGrid &grid : fn.grids) {
      std::vector<std::string> &names = spaces.emplace_back();
      for (int32_t axis : grid.axes)
        names.push_back(fn.axes[axis].name);
    }
    Polynomial stored;
    double fixed = 0;
    for (const std::vector<int64_t> &slot : fn.plan) {
      fixed += 4.0 * slot[0];
      stored[{}] += 4.0 * slot[1];
      size_t term = 2;
      for (int times = 0; times < 2; ++times)
        for (const std::vector<std::string> &names : spaces)
          stored[names] += 4.0 * slot[term++];
    }
    os << fn.name << ": a session stores " << print(stored) << " bytes per example";
    if (fixed)
      os << " and " << humanBytes(fixed);
    os << "\n";
  }
  return text;
}

std::string leftOut(const Model &model) {
  std::string text;
  for (const ExportInfo &info : model.checked().exports)
    if (!info.built)
      text += "left out: " + info.name + ": " + info.reason + "\n";
  return text;
}

} // namespace rondo
