// A small source compiled and interpreted, for comparison with loops written by hand.
#pragma once

#include "dsl/Compile.h"
#include "ir/interp/Interpret.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include "gtest/gtest.h"

#include <random>

namespace rondo::test {

/// A model without sizes.
inline std::string model(std::string body) { return "model M() {\n" + body + "}\n"; }

class Compiled {
public:
  explicit Compiled(std::string text, std::vector<SizeOverride> overrides = {})
      : context(mlir::MLIRContext::Threading::DISABLED),
        compilation("test.rondo", std::move(text), std::move(overrides)) {
    module = compilation.lower(context);
    EXPECT_TRUE(module) << compilation.diagnostics().str();
    if (!module)
      return;
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
    std::mt19937 random(7);
    std::uniform_real_distribution<double> uniform(-1, 1);
    module->walk([&](CellOp cell) {
      auto type = mlir::cast<mlir::RankedTensorType>(cell.getType());
      Tensor t = Tensor::full(type.getShape(), 0);
      for (double &v : t.data)
        v = uniform(random);
      cells[cell.getSymName()] = t;
    });
  }

  bool ok() const { return bool(module); }
  const Tensor &cell(llvm::StringRef name) { return cells[name]; }
  /// Element of a parameter.
  double at(llvm::StringRef name, std::initializer_list<int64_t> index) { return at(cells[name], index); }
  static double at(const Tensor &t, llvm::ArrayRef<int64_t> index) {
    int64_t flat = 0;
    for (size_t i = 0; i < index.size(); ++i)
      flat = flat * t.shape[i] + index[i];
    return t.data[flat];
  }

  /// Results of one example.
  std::vector<Tensor> run(llvm::StringRef name, std::vector<Tensor> inputs) {
    Example example;
    example.inputs = std::move(inputs);
    auto func = module->lookupSymbol<mlir::func::FuncOp>(name);
    EXPECT_TRUE(func) << "no export " << name.str();
    auto results = interpret(func, cells, {example});
    EXPECT_TRUE(mlir::succeeded(results));
    if (mlir::failed(results))
      return {};
    return (*results)[0];
  }

  /// How many operations of a kind the module holds.
  template <typename OpType>
  unsigned count() {
    unsigned n = 0;
    module->walk([&](OpType) { ++n; });
    return n;
  }

  std::string text() {
    std::string s;
    llvm::raw_string_ostream os(s);
    module->print(os);
    return s;
  }

  mlir::MLIRContext context;
  Compilation compilation;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Cells cells;
};

inline Tensor tokens(std::vector<double> values) { return {{int64_t(values.size())}, std::move(values), {}}; }

inline Tensor random(llvm::ArrayRef<int64_t> shape, unsigned seed = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Tensor t = Tensor::full(shape, 0);
  for (double &v : t.data)
    v = uniform(engine);
  return t;
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Compares with a function of the indices.
inline void expectEach(const Tensor &t, llvm::function_ref<double(llvm::ArrayRef<int64_t>)> expected,
                       double tolerance = 1e-6) {
  llvm::SmallVector<int64_t> index(t.shape.size(), 0);
  for (int64_t flat = 0; flat < t.size(); ++flat) {
    int64_t rest = flat;
    for (int i = int(index.size()) - 1; i >= 0; --i) {
      index[i] = rest % t.shape[i];
      rest /= t.shape[i];
    }
    ASSERT_NEAR(t.data[flat], expected(index), tolerance) << "element " << flat;
  }
}

} // namespace rondo::test
