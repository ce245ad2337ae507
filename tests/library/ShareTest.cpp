// Kernels that differ only in where their values stand become one.
#include "codegen/library/Parts.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "tests/library/TestProgram.h"
#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>

using namespace rondo;
using namespace mlir;

namespace {

/// Reads a slot, adds the weight at a constant offset, walks `count` rows in steps of one.
std::string kernel(const char *name, int slot, int weight, int count, const char *flags = "") {
  return llvm::formatv(R"(
    func.func private @{0}(%frame: !llvm.ptr, %tid: i32, %threads: i32) attributes {{passthrough = [["target-cpu", "v"]]} {{
      %slot = arith.constant {1} : index
      %i = arith.index_cast %slot : index to i64
      %at = llvm.getelementptr %frame[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %w = llvm.getelementptr %frame[{2}] : (!llvm.ptr) -> !llvm.ptr, f32
      %x = llvm.load %w : !llvm.ptr -> f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %n = arith.constant {3} : index
      scf.for %k = %c0 to %n step %c1 {{
        %y = arith.addf %x, %x {4} : f32
        llvm.store %y, %at : f32, !llvm.ptr
      }
      return
    })",
                       name, slot, weight, count, flags)
      .str();
}

struct ShareTest : testing::Test {
  ShareTest() : context(MLIRContext::Threading::DISABLED) { prepare(context); }

  /// Shares the kernels of an entry that calls `names` in order; the names that are left.
  std::vector<std::string> share(std::string text, std::vector<std::string> names) {
    text += "func.func private @entry(%frame: !llvm.ptr, %tid: i32, %threads: i32) {\n";
    for (const std::string &name : names)
      text += "call @" + name + "(%frame, %tid, %threads) : (!llvm.ptr, i32, i32) -> ()\n";
    text += "return }";
    program.module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    program.exports = {{"fn", {}, {}, {}, {}, {}, {}, {"entry"}}};
    shareKernels(program);
    EXPECT_TRUE(succeeded(verify(*program.module)));
    std::vector<std::string> left;
    for (auto func : program.module->getOps<func::FuncOp>())
      if (func.getName() != "entry")
        left.push_back(func.getName().str());
    return left;
  }

  MLIRContext context;
  EmittedProgram program;
};

TEST_F(ShareTest, NumbersOfAddressesBecomeArguments) {
  auto left = share(kernel("a", 3, 100, 7) + kernel("b", 4, 200, 7) + kernel("c", 5, 200, 7), {"a", "b", "a", "c"});
  EXPECT_EQ(left, std::vector<std::string>{"a"});
  std::vector<std::vector<int64_t>> passed;
  program.module->walk([&](func::CallOp call) {
    EXPECT_EQ(call.getCallee(), "a");
    std::vector<int64_t> numbers;
    for (Value operand : call.getOperands().drop_front(3))
      numbers.push_back(cast<IntegerAttr>(operand.getDefiningOp<arith::ConstantOp>().getValue()).getInt());
    passed.push_back(numbers);
  });
  EXPECT_EQ(passed, (std::vector<std::vector<int64_t>>{{3, 100}, {4, 200}, {3, 100}, {5, 200}}));
}

TEST_F(ShareTest, EqualKernelsNeedNoArguments) {
  auto left = share(kernel("a", 3, 100, 7) + kernel("b", 3, 100, 7), {"a", "b"});
  EXPECT_EQ(left, std::vector<std::string>{"a"});
  program.module->walk([&](func::CallOp call) { EXPECT_EQ(call.getNumOperands(), 3u); });
}

TEST_F(ShareTest, SizesAndArithmeticKeepKernelsApart) {
  EXPECT_EQ(share(kernel("a", 3, 100, 7) + kernel("b", 3, 100, 8), {"a", "b"}).size(), 2u);
  EXPECT_EQ(share(kernel("a", 3, 100, 7) + kernel("b", 3, 100, 7, "fastmath<contract>"), {"a", "b"}).size(), 2u);
}

TEST_F(ShareTest, TargetsStayApart) {
  std::string other = kernel("b", 3, 100, 7);
  other.replace(other.find("\"v\""), 3, "\"w\"");
  EXPECT_EQ(share(kernel("a", 3, 100, 7) + other, {"a", "b"}).size(), 2u);
}

} // namespace
