// Helper of the value tests: text of a module in, values out.
#pragma once

#include "ir/interp/Init.h"
#include "ir/interp/Interpret.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

namespace rondo::test {

class Program {
public:
  explicit Program(llvm::StringRef text) {
    context.loadDialect<RondoDialect, mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::math::MathDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    if (module)
      cells = initialCells(*module, 1, InitStyle::Varied);
  }
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Cells cells;

  std::vector<std::vector<Tensor>> run(llvm::StringRef name, llvm::ArrayRef<Example> examples) {
    auto results = interpret(module->lookupSymbol<mlir::func::FuncOp>(name), cells, examples);
    EXPECT_TRUE(succeeded(results));
    return succeeded(results) ? *results : std::vector<std::vector<Tensor>>();
  }
  /// One example, first result.
  Tensor run(std::vector<Tensor> inputs, llvm::StringRef name = "f", unsigned result = 0) {
    Example example;
    example.inputs = std::move(inputs);
    auto results = run(name, {example});
    return results.empty() ? Tensor() : results.front()[result];
  }
};

inline Tensor tensor(std::vector<double> data) {
  Tensor result = Tensor::full({static_cast<int64_t>(data.size())}, 0);
  result.data = std::move(data);
  return result;
}
inline Tensor tensor(llvm::ArrayRef<int64_t> shape, std::vector<double> data) {
  Tensor result = tensor(std::move(data));
  result.shape.assign(shape.begin(), shape.end());
  return result;
}
/// Values that look random and are the same each time.
inline Tensor noise(llvm::ArrayRef<int64_t> shape, unsigned seed) {
  Tensor result = Tensor::full(shape, 0);
  uint32_t state = seed * 2654435761u + 1;
  for (double &value : result.data)
    state = state * 1664525u + 1013904223u, value = static_cast<float>(state / 4294967296.0 * 2 - 1);
  return result;
}

inline void expectNear(const Tensor &result, const std::vector<double> &expected, double tolerance = 1e-12) {
  ASSERT_EQ(result.data.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    if (!(std::isinf(expected[i]) && result.data[i] == expected[i]))
      EXPECT_NEAR(result.data[i], expected[i], tolerance) << "at " << i;
}

} // namespace rondo::test
