// The check itself: a pass that changes a meaning is named, with the function and the result.
#include "passes/CheckMeaning.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {
constexpr char kSource[] = R"mlir(
func.func @twice(%x: tensor<?xf32, #rondo.ax<t>>) -> (tensor<?xf32, #rondo.ax<t>> {rondo.name = "y"}) {
  %y = rondo.map (t) %x[t] : (tensor<?xf32, #rondo.ax<t>>) -> (tensor<?xf32, #rondo.ax<t>>) {
  ^bb0(%a: f32):
    %two = arith.constant 2.0 : f32
    %b = arith.mulf %a, %two : f32
    rondo.yield %b : f32
  }
  return %y : tensor<?xf32, #rondo.ax<t>>
}
)mlir";

struct Scale : PassWrapper<Scale, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Scale)
  explicit Scale(float by) : by(by) {}
  StringRef getArgument() const override { return "scale"; }
  void runOnOperation() override {
    getOperation()->walk([&](arith::ConstantOp op) { op.setValueAttr(OpBuilder(op).getF32FloatAttr(by)); });
  }
  float by;
};

/// Runs `pass` under the check; the first diagnostic, or nothing.
std::string check(std::unique_ptr<Pass> pass) {
  DialectRegistry registry;
  registry.insert<rondo::RondoDialect, arith::ArithDialect, func::FuncDialect>();
  MLIRContext context(registry);
  std::string said;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (said.empty())
      said = diagnostic.str();
    return success();
  });
  auto module = parseSourceString<ModuleOp>(kSource, &context);
  PassManager passes(&context);
  passes.addInstrumentation(std::make_unique<rondo::CheckMeaning>());
  passes.addPass(std::move(pass));
  EXPECT_TRUE(succeeded(passes.run(*module)));
  return said;
}
} // namespace

TEST(CheckMeaning, NamesThePassTheFunctionAndTheResult) {
  std::string said = check(std::make_unique<Scale>(3.0f));
  EXPECT_NE(said.find("scale changed the meaning of 'twice': 'y' of example 0"), std::string::npos) << said;
}

TEST(CheckMeaning, IsSilentWhereNothingChanged) { EXPECT_EQ(check(std::make_unique<Scale>(2.0f)), ""); }
