// Whole programs of tests/passes/models through every pass to machine code, against the interpreter on the program as it
// was written.
#include "ir/interp/Init.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/CheckMeaning.h"
#include "passes/Pipelines.h"
#include "tests/codegen/ProgramRun.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace rondo;

namespace {

std::vector<float> floats(const Tensor &tensor) { return {tensor.data.begin(), tensor.data.end()}; }

/// Lengths and inputs of examples as the runtime gets them: rows of all examples one after another.
Batch batchOf(func::FuncOp function, ArrayRef<Example> examples) {
  Batch batch;
  batch.examples = examples.size();
  for (const Example &example : examples)
    for (auto &entry : example.length)
      batch.lengths[entry.first().str()].push_back(entry.second);
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    bool real = cast<RankedTensorType>(function.getArgumentTypes()[i]).getElementType().isF32();
    std::vector<float> all;
    for (const Example &example : examples) {
      const Tensor &tensor = example.inputs[i];
      std::vector<int32_t> ints(tensor.data.begin(), tensor.data.end());
      std::vector<float> part = real ? floats(tensor) : bitsOf(ints);
      all.insert(all.end(), part.begin(), part.end());
    }
    batch.inputs.push_back(all);
  }
  return batch;
}

void check(const std::string &name) {
  DialectRegistry registry;
  registry.insert<RondoDialect, arith::ArithDialect, math::MathDialect, func::FuncDialect>();
  MLIRContext context(registry);
  auto module = parseSourceFile<ModuleOp>(std::string(RONDO_MODELS) + "/" + name + ".mlir", &context);
  ASSERT_TRUE(module);
  auto function = *module->getOps<func::FuncOp>().begin();
  Cells cells = initialCells(*module, 1, InitStyle::Varied);
  auto examples = randomExamples(function, /*seed=*/7, /*count=*/9, /*longest=*/40);
  auto wanted = interpret(function, cells, examples);
  ASSERT_TRUE(succeeded(wanted));
  Batch batch = batchOf(function, examples);

  PassManager passes(&context);
  buildForwardPipeline(passes);
  ASSERT_TRUE(succeeded(passes.run(*module)));
  std::string text;
  llvm::raw_string_ostream out(text);
  module->print(out);
  std::map<std::string, std::vector<float>> plain;
  for (auto &entry : cells)
    plain[entry.first().str()] = floats(entry.second);
  ProgramRun run(text, plain);
  ASSERT_TRUE(run.ok());

  for (Target target : run.program.targets) {
    auto results = run.call(0, target.level, batch);
    ASSERT_EQ(results.size(), wanted->front().size());
    for (size_t r = 0; r < results.size(); ++r) {
      bool real = run.program.exports[0].results[r].element == 0;
      size_t at = 0;
      double worst = 0;
      for (auto &example : *wanted) {
        const Tensor &tensor = example[r];
        for (int64_t i = 0; i < tensor.size(); ++i, ++at) {
          ASSERT_LT(at, results[r].size());
          double is = real ? double(results[r][at]) : double(reinterpret_cast<const int32_t &>(results[r][at]));
          double error = std::abs(is - tensor.data[i]);
          double scale = kEpsilon * tensor.scaleAt(i) + 1e-30;
          worst = std::isnan(is) ? INFINITY : std::max(worst, error / scale);
        }
      }
      EXPECT_EQ(at, results[r].size());
      EXPECT_LT(worst, 8) << name << " result " << r << " at level " << int(target.level) << ", in eps * scale";
    }
  }
}

TEST(Forward, Lstm) { check("lstm"); }
TEST(Forward, Decoder) { check("decoder"); }
TEST(Forward, Attention) { check("attention"); }

} // namespace
