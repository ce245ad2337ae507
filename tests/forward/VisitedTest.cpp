// What attention really executes: the multiply-adds of the emitted code are counted while it runs, so columns that a
// condition excludes must never have been visited.
#include "dsl/Compile.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Pipelines.h"
#include "tests/codegen/ProgramRun.h"
#include "llvm/Support/MemoryBuffer.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace rondo;

namespace {

constexpr int64_t kHeads = 1, kDepth = 16, kWindow = 128;

/// Every block adds the vector multiply-adds that stand in it to `executed`, each time it is entered.
void countMultiplyAdds(ModuleOp module) {
  OpBuilder b(module.getBodyRegion());
  auto global = LLVM::GlobalOp::create(b, module.getLoc(), b.getI64Type(), /*isConstant=*/false,
                                       LLVM::Linkage::External, "executed", b.getI64IntegerAttr(0));
  std::map<Block *, int64_t> found;
  module.walk([&](math::FmaOp op) { found[op->getBlock()] += isa<VectorType>(op.getType()); });
  for (auto [block, count] : found) {
    b.setInsertionPointToStart(block);
    Location loc = module.getLoc();
    Value at = LLVM::AddressOfOp::create(b, loc, global),
          more = LLVM::ConstantOp::create(b, loc, b.getI64Type(), count);
    Value sum = LLVM::AddOp::create(b, loc, LLVM::LoadOp::create(b, loc, b.getI64Type(), at), more);
    LLVM::StoreOp::create(b, loc, sum, at);
  }
}

struct Visited : testing::Test {
  void SetUp() override {
    DialectRegistry registry;
    registry.insert<RondoDialect, arith::ArithDialect, math::MathDialect, func::FuncDialect>();
    MLIRContext context(registry);
    std::string path = std::string(RONDO_SOURCE_DIR) + "/bench/models/attention.rondo";
    auto file = llvm::MemoryBuffer::getFile(path);
    ASSERT_TRUE(bool(file));
    Compilation compilation(path, (*file)->getBuffer().str(), {{"A", kHeads}, {"D", kDepth}, {"W", kWindow}});
    auto module = compilation.lower(context);
    ASSERT_TRUE(module) << compilation.diagnostics().str();
    PassManager passes(&context);
    buildForwardPipeline(passes);
    ASSERT_TRUE(succeeded(passes.run(*module)));
    std::string text;
    llvm::raw_string_ostream out(text);
    module->print(out);
    program = std::make_unique<ProgramRun>(text, std::map<std::string, std::vector<float>>(),
                                           ArrayRef<Level>{Level::V3, Level::V4}, countMultiplyAdds);
    ASSERT_TRUE(program->ok());
  }

  /// Pairs of a row and a column that an export's call has multiplied, for one example of so many rows.
  double pairs(llvm::StringRef name, Level level, int64_t rows) {
    unsigned index = 0;
    while (program->program.exports[index].name != name)
      ++index;
    std::vector<float> x(rows * kHeads * kDepth, 0.5f);
    auto &executed = *static_cast<int64_t *>(program->run.symbol("executed"));
    executed = 0;
    program->call(index, level, {{{"T", {rows}}}, 1, {x, x, x}});
    // A pair costs a multiply-add for each depth of its score and each width of its value.
    return 16.0 * executed / (2 * kHeads * kDepth);
  }

  std::unique_ptr<ProgramRun> program;
};

TEST_F(Visited, AWindowIsLinearInTheLength) {
  for (Target target : program->program.targets) {
    double k1 = pairs("window", target.level, 1024), k2 = pairs("window", target.level, 2048),
           k4 = pairs("window", target.level, 4096);
    llvm::outs() << target.name() << ": window " << kWindow << " visits " << k1 / 1024 << ", " << k2 / 2048 << ", "
                 << k4 / 4096 << " columns a row at 1024, 2048, 4096 rows\n";
    // Beyond the first rows, which see less, each row costs the same.
    EXPECT_NEAR((k4 - k2) / 2048, (k2 - k1) / 1024, 1.0);
    // A tile's rows begin and end at different columns; those are its height and a few panels more, and the exponential
    // takes multiply-adds of its own.
    EXPECT_GT((k4 - k2) / 2048, kWindow);
    EXPECT_LT((k4 - k2) / 2048, 1.6 * kWindow);
  }
}

TEST_F(Visited, ThePastIsHalfOfAll) {
  for (Target target : program->program.targets) {
    double past = pairs("causal", target.level, 1024), all = pairs("full", target.level, 1024);
    EXPECT_GT(all, 1024.0 * 1024);
    EXPECT_LT(past / all, 0.53);
    EXPECT_GT(pairs("full", target.level, 2048) / all, 3.9);
  }
}

} // namespace
