// The front end for tools: from sources to diagnostics, equations and operations.
#ifndef RONDO_DSL_COMPILE_H
#define RONDO_DSL_COMPILE_H

#include "dsl/Ast.h"
#include "dsl/Diagnostics.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <string>
#include <vector>

namespace rondo {

/// `NAME=value` for a size of the model.
struct SizeOverride {
  std::string name;
  double value = 0;
};

/// One export of the model as `check` shows it.
struct ExportInfo {
  std::string name, mode; // "whole", "stream", "train"
  Range range;
  bool built = true;
  std::string reason; // why it is left out
  Range reasonRange;
  struct Axis {
    std::string variable, became;
  };
  std::vector<Axis> axes;
  std::string signature; // `(text: token(V)[T]) -> [T, V]`
};

struct CheckResult {
  bool ok = false;
  std::string model;                                 // empty for a file of layers
  unsigned layers = 0;                               // in the file
  std::vector<std::pair<std::string, double>> sizes; // of the model, as they came out
  std::vector<ExportInfo> exports;
  uint64_t parameters = 0; // floats
};

/// A source with its tree and everything that is said about it. Nothing is printed; `diagnostics` holds what to say.
class Compilation {
public:
  Compilation(std::string path, std::string text, std::vector<SizeOverride> overrides = {});
  ~Compilation();

  Diagnostics &diagnostics();
  const Source &source() const;

  /// Names, sizes, axes, kinds, subscripts and recurrences of every export. The same result when called again.
  const CheckResult &check();
  /// The equations of every built export, for `--emit=equations`. Checks first.
  std::string equations();
  /// One function for each built export, and the parameters. Null after an error. Checks first.
  mlir::OwningOpRef<mlir::ModuleOp> lower(mlir::MLIRContext &context);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace rondo

#endif
