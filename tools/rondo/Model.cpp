#include "tools/rondo/Model.h"
#include "codegen/cpu/Lowering.h"
#include "ir/Dialect.h"
#include "tools/rondo/Terminal.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstdlib>

using namespace llvm;

namespace rondo {

int readOverrides(const Options &options, std::vector<SizeOverride> &overrides) {
  for (auto &[name, text] : options.settings) {
    double value;
    if (StringRef(text).getAsDouble(value))
      return fail(name + "=" + text + ": a number is expected");
    overrides.push_back({name, value});
  }
  return Yes;
}

Model::Model() = default;
Model::~Model() = default;

std::unique_ptr<Model> Model::check(const Options &options, const std::string &path, int &status) {
  std::unique_ptr<Model> model(new Model);
  auto text = readBytes(path);
  if (!text) {
    status = fail(text.takeError());
    return nullptr;
  }
  if ((status = readOverrides(options, model->overrides)))
    return nullptr;
  model->path = path == "-" ? "<stdin>" : path;
  model->front = std::make_unique<Compilation>(model->path, std::move(*text), model->overrides);
  const CheckResult &result = model->front->check();
  Diagnostics &diagnostics = model->front->diagnostics();
  if (!options.quiet || diagnostics.hasErrors())
    diagnostics.print(errs(), wantsColor(options, /*forStdout=*/false));
  if (!result.ok) {
    status = diagnostics.hasErrors() ? No : bug(path + ": check fails without saying why");
    return nullptr;
  }
  if (result.model.empty()) {
    status = fail(model->path + ": this is a file of layers; a model is needed here", No);
    return nullptr;
  }
  model->name = StringRef(options.name.empty() ? result.model : options.name).lower();
  return model;
}

std::unique_ptr<Model> Model::read(const Options &options, const std::string &path, int &status) {
  std::unique_ptr<Model> model = check(options, path, status);
  if (!model)
    return nullptr;
  mlir::DialectRegistry registry;
  registerCpuDialects(registry);
  registry.insert<RondoDialect>();
  model->mlirContext = std::make_unique<mlir::MLIRContext>(registry);
  model->mlirContext->loadAllAvailableDialects();
  collectRemarks(*model->mlirContext, model->remarks);
  model->lowered = model->front->lower(*model->mlirContext);
  if (!model->lowered) {
    Diagnostics &diagnostics = model->front->diagnostics();
    diagnostics.print(errs(), wantsColor(options, /*forStdout=*/false));
    status = diagnostics.hasErrors() ? No : bug(path + ": checked, but it does not lower to operations");
    return nullptr;
  }
  return model;
}

Shapes Model::cells() const {
  Shapes shapes;
  for (CellOp cell : module().getOps<CellOp>())
    shapes[cell.getSymName().str()] = SmallVector<int64_t>(cast<mlir::ShapedType>(cell.getType()).getShape());
  return shapes;
}

std::map<std::string, int64_t> Model::whole() const {
  std::map<std::string, int64_t> found;
  for (CellOp cell : module().getOps<CellOp>()) {
    mlir::Type element = cast<mlir::ShapedType>(cell.getType()).getElementType();
    auto bound = cell->getAttrOfType<mlir::IntegerAttr>("rondo.bound");
    if (!element.isF32())
      found[cell.getSymName().str()] = element.isInteger(1) ? 2 : bound ? bound.getInt() : 0;
  }
  return found;
}

std::map<std::string, double> Model::positive() const {
  std::map<std::string, double> found;
  for (CellOp cell : module().getOps<CellOp>()) {
    double value;
    if (std::optional<StringRef> init = cell.getInit(); init && !init->getAsDouble(value) && value > 0)
      found[cell.getSymName().str()] = value;
  }
  return found;
}

mlir::func::FuncOp Model::function(StringRef fn) const { return module().lookupSymbol<mlir::func::FuncOp>(fn); }

std::vector<std::pair<std::string, int64_t>> Model::sizes() const {
  std::vector<std::pair<std::string, int64_t>> sizes;
  for (auto &[name, value] : checked().sizes)
    if (value == std::floor(value) && std::abs(value) <= INT32_MAX)
      sizes.push_back({name, static_cast<int64_t>(value)});
  return sizes;
}

TemporaryFolder scratch() {
  auto folder = TemporaryFolder::create();
  if (!folder) {
    removeTemporaryFolders();
    std::exit(fail(folder.takeError()));
  }
  return std::move(*folder);
}

} // namespace rondo
