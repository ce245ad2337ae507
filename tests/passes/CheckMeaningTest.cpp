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

struct ScaleFunction : PassWrapper<ScaleFunction, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ScaleFunction)
  StringRef getArgument() const override { return "scale-function"; }
  void runOnOperation() override {
    getOperation()->walk([&](arith::ConstantOp op) { op.setValueAttr(OpBuilder(op).getF32FloatAttr(3)); });
  }
};

struct DropResults : PassWrapper<DropResults, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DropResults)
  StringRef getArgument() const override { return "drop-results"; }
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      func.getBody().front().getTerminator()->setOperands({});
      func.setType(OpBuilder(func).getFunctionType(func.getArgumentTypes(), {}));
      func.removeResAttrsAttr();
    }
  }
};

/// Runs `pass` under the check; the first diagnostic, or nothing.
std::string check(std::unique_ptr<Pass> pass, StringRef source = kSource) {
  DialectRegistry registry;
  registry.insert<rondo::RondoDialect, arith::ArithDialect, func::FuncDialect>();
  MLIRContext context(registry);
  std::string said;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (said.empty())
      said = diagnostic.str();
    return success();
  });
  auto module = parseSourceString<ModuleOp>(source, &context);
  PassManager passes(&context);
  passes.addInstrumentation(std::make_unique<rondo::CheckMeaning>());
  if (pass->getOpName() == func::FuncOp::getOperationName())
    passes.addNestedPass<func::FuncOp>(std::move(pass));
  else
    passes.addPass(std::move(pass));
  EXPECT_TRUE(succeeded(passes.run(*module)));
  return said;
}
} // namespace

TEST(CheckMeaning, NamesThePassTheFunctionAndTheResult) {
  std::string said = check(std::make_unique<Scale>(3.0f));
  EXPECT_NE(said.find("scale changed the meaning of 'twice': 'y' of example 0"), std::string::npos) << said;
}

TEST(CheckMeaning, NamesAPassOverFunctions) {
  std::string said = check(std::make_unique<ScaleFunction>());
  EXPECT_NE(said.find("scale-function changed the meaning of 'twice'"), std::string::npos) << said;
}

TEST(CheckMeaning, IsSilentWhereNothingChanged) { EXPECT_EQ(check(std::make_unique<Scale>(2.0f)), ""); }

TEST(CheckMeaning, CountsTheResults) {
  std::string said = check(std::make_unique<DropResults>());
  EXPECT_NE(said.find("it gives 0 results, not 1"), std::string::npos) << said;
}

// The axis of a scan that reads no slices and stacks nothing stands nowhere else.
TEST(CheckMeaning, FindsTheAxisOfAScan) {
  EXPECT_EQ(check(std::make_unique<Scale>(2.0f), R"mlir(
func.func @powers(%x: tensor<4xf32>) -> tensor<4xf32> {
  %h = rondo.scan t over () from (%x) : (tensor<4xf32>) -> last (tensor<4xf32>) {
  ^bb0(%hp: tensor<4xf32>):
    %n = rondo.map (i) %hp[i] : (tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%a: f32):
      %b = arith.addf %a, %a : f32
      rondo.yield %b : f32
    }
    rondo.yield %n : tensor<4xf32>
  }
  return %h : tensor<4xf32>
}
)mlir"),
            "");
}
