// The interpreter before and after each pass, on small random ragged inputs: which pass changed what a program means?
#pragma once

#include "ir/interp/Interpret.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassInstrumentation.h"
#include <atomic>
#include <map>

namespace rondo {

/// Inputs of a function (batched or not): lengths 1..longest of its axes, tokens within their bounds, reals around 0.
std::vector<Example> randomExamples(mlir::func::FuncOp function, uint64_t seed, unsigned count, int64_t longest);

/// Compares the meaning of every function after each pass with the one before it. The first difference is an error at
/// the function, naming the pass and the result; later passes are then not checked.
class CheckMeaning : public mlir::PassInstrumentation {
public:
  explicit CheckMeaning(uint64_t seed = 1, unsigned examples = 4, int64_t longest = 7)
      : seed(seed), count(examples), longest(longest) {}

  void runBeforePass(mlir::Pass *pass, mlir::Operation *op) override;
  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override;
  bool failed() const { return different; }

private:
  using Results = std::vector<std::vector<Tensor>>;
  struct Function {
    std::vector<Example> examples;
    Results results;
  };
  void check(mlir::Pass *pass, mlir::func::FuncOp function);

  uint64_t seed;
  unsigned count;
  int64_t longest;
  bool started = false;
  std::atomic<bool> different = false;
  Cells cells;
  std::map<std::string, Function> functions;
};

} // namespace rondo
