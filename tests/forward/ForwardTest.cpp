// Whole programs, those of tests/passes/models and the models, through every pass to machine code, against the
// interpreter on the program as it was written. Each pass keeps the meaning, too.
#include "codegen/cpu/Lowering.h"
#include "dsl/Compile.h"
#include "ir/interp/Init.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/CheckMeaning.h"
#include "passes/Pipelines.h"
#include "tests/codegen/ProgramRun.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

using namespace mlir;
using namespace rondo;

namespace {

std::vector<float> floats(const Tensor &tensor) { return {tensor.data.begin(), tensor.data.end()}; }

/// A tensor's elements in the order in which results are packed: dims over sequences outermost.
std::vector<int64_t> packedOrder(RankedTensorType type, const Tensor &tensor) {
  SmallVector<unsigned> dims;
  for (bool dynamic : {true, false})
    for (unsigned d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d) == dynamic)
        dims.push_back(d);
  std::vector<int64_t> order{0};
  for (unsigned d : dims) {
    int64_t stride = 1;
    for (unsigned inner = d + 1; inner < type.getRank(); ++inner)
      stride *= tensor.shape[inner];
    std::vector<int64_t> next;
    for (int64_t at : order)
      for (int64_t i = 0; i < tensor.shape[d]; ++i)
        next.push_back(at + i * stride);
    order = std::move(next);
  }
  return order;
}

/// Lengths and inputs of examples as the runtime gets them: rows of all examples one after another.
Batch batchOf(func::FuncOp function, ArrayRef<Example> examples) {
  Batch batch;
  batch.examples = examples.size();
  for (const Example &example : examples)
    for (auto &entry : example.length)
      batch.lengths[entry.first().str()].push_back(entry.second);
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
    std::vector<float> all;
    for (const Example &example : examples) {
      const Tensor &tensor = example.inputs[i];
      std::vector<float> part;
      std::vector<int32_t> ints;
      for (int64_t at : packedOrder(type, tensor))
        type.getElementType().isF32() ? part.push_back(tensor.data[at]) : ints.push_back(tensor.data[at]);
      if (!ints.empty())
        part = bitsOf(ints);
      all.insert(all.end(), part.begin(), part.end());
    }
    batch.inputs.push_back(all);
  }
  return batch;
}

struct Expected {
  std::vector<std::vector<Tensor>> results;
  Batch batch;
};

/// The cells as a program takes them, tables of integers by their bits.
std::map<std::string, std::vector<float>> plainOf(ModuleOp module, Cells &cells) {
  std::map<std::string, std::vector<float>> plain;
  for (auto &entry : cells)
    plain[entry.first().str()] = floats(entry.second);
  for (auto cell : module.getOps<CellOp>())
    if (const Tensor &table = cells[cell.getSymName()]; !cast<ShapedType>(cell.getType()).getElementType().isF32())
      plain[cell.getSymName().str()] = bitsOf({table.data.begin(), table.data.end()});
  return plain;
}

std::string printed(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out);
  return text;
}

/// Every export on three threads: what goes wrong, if they meet at one place without a barrier between or give other
/// bits than one thread.
std::string races(const std::string &text, const std::map<std::string, std::vector<float>> &cells,
                  ArrayRef<Expected> calls, bool barriers = true) {
  ProgramRun run(text, cells, {Level::V3}, Races::instrument);
  if (!run.ok())
    return "no code";
  for (auto [e, call] : llvm::enumerate(calls)) {
    Races races(3, barriers);
    auto bits = run.call(e, Level::V3, call.batch, &races), alone = run.call(e, Level::V3, call.batch);
    if (!races.found.empty() || !races.places)
      return run.program.exports[e].name + ": " + (races.places ? races.found : "nothing was touched");
    for (auto [r, both] : llvm::enumerate(llvm::zip_equal(bits, alone)))
      if (auto &[three, one] = both; std::memcmp(three.data(), one.data(), one.size() * 4) != 0)
        return run.program.exports[e].name + ": other bits of result " + std::to_string(r);
  }
  return "";
}

/// One pass after another, checked; then code, called with a batch of everything from short to long.
void check(ModuleOp module, const std::string &name, int64_t longest) {
  Cells cells = initialCells(module, 1, InitStyle::Varied);
  std::vector<Expected> expected;
  std::vector<SmallVector<RankedTensorType>> types;
  for (auto function : module.getOps<func::FuncOp>()) {
    auto examples = randomExamples(function, /*seed=*/7, /*count=*/5, longest);
    auto results = interpret(function, cells, examples);
    ASSERT_TRUE(succeeded(results));
    types.emplace_back(llvm::map_range(function.getResultTypes(), llvm::CastTo<RankedTensorType>));
    expected.push_back({std::move(*results), batchOf(function, examples)});
  }

  OwningOpRef<ModuleOp> asWritten = module.clone();
  PassManager passes(module.getContext());
  bool said = false;
  ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
    said |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return failure(); // print it
  });
  passes.addInstrumentation(std::make_unique<CheckMeaning>());
  buildForwardPipeline(passes);
  ASSERT_TRUE(succeeded(passes.run(module)));
  ASSERT_FALSE(said);
  std::string text = printed(module);
  auto plain = plainOf(module, cells);
  ProgramRun run(text, plain);
  ASSERT_TRUE(run.ok());

  for (Target target : run.program.targets)
    for (auto [e, wanted] : llvm::enumerate(expected)) {
      auto results = run.call(e, target.level, wanted.batch);
      ASSERT_EQ(results.size(), wanted.results.front().size());
      for (size_t r = 0; r < results.size(); ++r) {
        bool real = run.program.exports[e].results[r].element == 0;
        size_t at = 0;
        double worst = 0;
        for (auto &example : wanted.results) {
          const Tensor &tensor = example[r];
          for (int64_t i : packedOrder(types[e][r], tensor)) {
            ASSERT_LT(at, results[r].size());
            const float &packed = results[r][at++];
            double is = real ? double(packed) : double(reinterpret_cast<const int32_t &>(packed));
            double scale = kEpsilon * tensor.scaleAt(i) + 1e-30;
            worst = std::isnan(is) ? INFINITY : std::max(worst, std::abs(is - tensor.data[i]) / scale);
          }
        }
        EXPECT_EQ(at, results[r].size());
        EXPECT_LT(worst, 16) << name << ": result " << r << " of " << run.program.exports[e].name << " at level "
                             << int(target.level) << ", in eps * scale";
      }
    }

  EXPECT_EQ(races(text, plain, expected), "") << name;
  if (asWritten->walk([](ScanOp) { return WalkResult::interrupt(); }).wasInterrupted()) {
    PassManager byColumns(module.getContext());
    buildForwardPipeline(byColumns, "columns");
    ASSERT_TRUE(succeeded(byColumns.run(*asWritten)));
    EXPECT_EQ(races(printed(*asWritten), plain, expected), "") << name << ", each thread columns of the recurrences";
  }
}

DialectRegistry dialects() {
  DialectRegistry registry;
  registry.insert<RondoDialect, arith::ArithDialect, math::MathDialect, func::FuncDialect>();
  return registry;
}

void checkOperations(const std::string &name) {
  MLIRContext context(dialects());
  auto module =
      parseSourceFile<ModuleOp>(std::string(RONDO_SOURCE_DIR) + "/tests/passes/models/" + name + ".mlir", &context);
  ASSERT_TRUE(module);
  check(*module, name, 40);
}

void checkSource(const std::string &folder, const std::string &name, std::vector<SizeOverride> sizes,
                 int64_t longest = 20) {
  MLIRContext context(dialects());
  std::string path = std::string(RONDO_SOURCE_DIR) + "/" + folder + "/" + name + ".rondo";
  auto file = llvm::MemoryBuffer::getFile(path);
  ASSERT_TRUE(bool(file));
  Compilation compilation(path, (*file)->getBuffer().str(), std::move(sizes));
  auto module = compilation.lower(context);
  ASSERT_TRUE(module) << compilation.diagnostics().str();
  for (const ExportInfo &info : compilation.check().exports)
    EXPECT_TRUE(info.built || info.mode != "whole") << info.name << ": " << info.reason;
  if (const char *folder = std::getenv("RONDO_KEEP")) { // the operations, for looking at them with rondo-opt
    std::error_code error;
    llvm::raw_fd_ostream out(std::string(folder) + "/" + name + ".mlir", error);
    module->print(out);
  }
  check(*module, name, longest);
}

void checkModel(const std::string &name, std::vector<SizeOverride> sizes, int64_t longest = 20) {
  checkSource("models", name, std::move(sizes), longest);
}

TEST(Forward, Lstm) { checkOperations("lstm"); }
TEST(Forward, Decoder) { checkOperations("decoder"); }
TEST(Forward, Attention) { checkOperations("attention"); }
TEST(Forward, Sums) { checkOperations("sums"); }

// Without barriers a program of several kernels races, or the test would see nothing.
TEST(Forward, RacesAreSeen) {
  MLIRContext context(dialects());
  auto module = parseSourceFile<ModuleOp>(std::string(RONDO_SOURCE_DIR) + "/tests/passes/models/lstm.mlir", &context);
  ASSERT_TRUE(module);
  auto cells = initialCells(*module, 1, InitStyle::Varied);
  auto plain = plainOf(*module, cells);
  std::vector<Expected> calls;
  for (auto function : module->getOps<func::FuncOp>())
    calls.push_back({{}, batchOf(function, randomExamples(function, 7, 5, 40))});
  PassManager passes(&context);
  buildForwardPipeline(passes);
  ASSERT_TRUE(succeeded(passes.run(*module)));
  EXPECT_EQ(races(printed(*module), plain, calls), "");
  EXPECT_NE(races(printed(*module), plain, calls, /*barriers=*/false).find("thread"), std::string::npos);
}

TEST(Language, Lengths) { checkSource("tests/forward/sources", "lengths", {}); }
TEST(Language, Integers) { checkSource("tests/forward/sources", "integers", {}); }
TEST(Language, Tables) { checkSource("tests/forward/sources", "tables", {}); }
TEST(Language, MadeAxes) { checkSource("tests/forward/sources", "made", {}); }

struct Forms : testing::TestWithParam<std::string> {};
TEST_P(Forms, AreRightThroughEveryPass) { checkSource(".", GetParam(), {}, 9); }

std::vector<std::string> formSources() {
  std::vector<std::string> found;
  auto source = std::filesystem::path(RONDO_SOURCE_DIR);
  std::vector<std::filesystem::path> folders{source / "tests/forward", source / "tests/random/corners",
                                             source / "tests/random/found"};
  if (const char *more = std::getenv("RONDO_FORMS")) // by hand: a folder of programs, random ones for instance
    folders = {more};
  for (const auto &folder : folders)
    for (auto &entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".rondo")
        found.push_back((std::filesystem::relative(folder, source) / entry.path().stem()).string());
  llvm::sort(found);
  return found;
}
INSTANTIATE_TEST_SUITE_P(Forward, Forms, testing::ValuesIn(formSources()), [](const auto &info) {
  std::string name = info.param.substr(info.param.rfind('/') + 1);
  llvm::replace(name, '-', '_');
  return name;
});

TEST(Models, Sentiment) { checkModel("sentiment", {{"V", 50}, {"E", 24}}); }
TEST(Models, Elman) { checkModel("elman_lm", {{"V", 50}, {"E", 12}, {"H", 20}}); }
TEST(Models, Lstm) { checkModel("lstm_lm", {{"V", 50}, {"H", 32}}); }
TEST(Models, Gru) { checkModel("gru_lm", {{"V", 50}, {"E", 12}, {"H", 32}}); }
TEST(Models, GruResetAfter) { checkModel("gru_reset_after", {{"V", 50}, {"E", 12}, {"H", 20}}); }
TEST(Models, Tagger) { checkModel("tagger", {{"V", 50}, {"E", 12}, {"H", 16}}); }
TEST(Models, Gpt) { checkModel("gpt", {{"V", 50}, {"E", 32}, {"N", 2}, {"F", 48}, {"L", 2}, {"M", 64}}); }
TEST(Models, MiniLM) { checkModel("minilm", {{"V", 50}, {"E", 32}, {"N", 2}, {"F", 48}, {"L", 2}, {"M", 64}}); }
TEST(Models, Seq2Seq) { checkModel("seq2seq", {{"A", 40}, {"B", 50}, {"E", 12}, {"H", 20}}); }
TEST(Models, OwnPast) { checkModel("own_past", {{"V", 50}, {"E", 20}, {"H", 20}}); }

/// Functions of the program that a model with so many layers becomes.
size_t functionsOf(double layers) {
  DialectRegistry registry = dialects();
  registerCpuDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::string path = std::string(RONDO_SOURCE_DIR) + "/models/minilm.rondo";
  auto file = llvm::MemoryBuffer::getFile(path);
  Compilation compilation(path, (*file)->getBuffer().str(),
                          {{"V", 50}, {"E", 32}, {"N", 2}, {"F", 48}, {"L", layers}, {"M", 64}});
  auto module = compilation.lower(context);
  PassManager passes(&context);
  buildForwardPipeline(passes);
  if (!module || failed(passes.run(*module)))
    return 0;
  auto program = emitProgram(*module, {Target{Level::V3}});
  if (failed(program))
    return 0;
  auto functions = program->module->getOps<func::FuncOp>();
  return std::distance(functions.begin(), functions.end());
}

// Layers, and what two exports have in common, are compiled once.
TEST(Models, EqualKernelsAreOneFunction) {
  size_t two = functionsOf(2);
  EXPECT_GT(two, 5u);
  EXPECT_EQ(functionsOf(5), two);
}

} // namespace
