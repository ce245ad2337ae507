// Runs the exports of a batched module in the test's own process, with a frame made here as the runtime would.
#pragma once

#include "codegen/cpu/Program.h"
#include "tests/codegen/Races.h"
#include "tests/codegen/TestRun.h"
#include <map>

namespace rondo {

struct Batch {
  std::map<std::string, std::vector<int64_t>> lengths;   // per axis, one for each example
  int64_t examples = 0;
  std::vector<std::vector<float>> inputs;                // packed rows; ints by their bits
};

class ProgramRun {
public:
  /// `cells`: the plain tensors by name. `change` may rewrite the emitted code, to observe it.
  ProgramRun(llvm::StringRef source, std::map<std::string, std::vector<float>> cells,
             llvm::ArrayRef<Level> levels = {Level::V3, Level::V4},
             llvm::function_ref<void(mlir::ModuleOp)> change = [](mlir::ModuleOp) {});
  bool ok() const { return good; }
  /// Results of an export as packed rows. Slots and scratch hold NaN before. With `races` on its threads, else on one.
  std::vector<std::vector<float>> call(unsigned exportIndex, Level level, const Batch &batch, Races *races = nullptr);

  TestRun run;
  EmittedProgram program;

private:
  bool good = false;
  std::map<std::string, std::vector<float>> cells;
};

std::vector<float> bitsOf(std::vector<int32_t> ints);

} // namespace rondo
