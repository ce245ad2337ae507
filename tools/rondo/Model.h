// A model file through the compiler, as far as a command needs it.
#pragma once

#include "codegen/library/TemporaryFolder.h"
#include "dsl/Compile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Remarks.h"
#include "tools/rondo/Options.h"
#include "tools/support/WeightMap.h"
#include <memory>

namespace rondo {

/// The NAME=value of the command line; a status other than Yes after a message.
int readOverrides(const Options &options, std::vector<SizeOverride> &overrides);

class Model {
public:
  /// Reads and checks. Null after the diagnostics were shown on stderr; `status` is then the exit status.
  static std::unique_ptr<Model> check(const Options &options, const std::string &path, int &status);
  /// The same, and lowers to operations.
  static std::unique_ptr<Model> read(const Options &options, const std::string &path, int &status);
  ~Model();

  std::string path, name; // the name in lower case, as libraries are called
  Compilation &compilation() const { return *front; }
  const CheckResult &checked() const { return front->check(); }
  mlir::ModuleOp module() const { return *lowered; }
  mlir::MLIRContext &context() const { return *mlirContext; }

  Shapes cells() const;
  /// Tables of integers: how many values each may have from 0 on; 0: any.
  std::map<std::string, int64_t> whole() const;
  /// Those that begin as a positive number, which they may have to stay (a variance), with that number.
  std::map<std::string, double> positive() const;
  mlir::func::FuncOp function(llvm::StringRef fn) const;
  /// Sizes of the model that are plain integers, in order, for the header.
  std::vector<std::pair<std::string, int64_t>> sizes() const;

  /// Everything that passes said about the model, in the order said.
  std::vector<PassRemark> remarks;

private:
  Model();
  std::vector<SizeOverride> overrides;
  std::unique_ptr<mlir::MLIRContext> mlirContext;
  std::unique_ptr<Compilation> front;
  mlir::OwningOpRef<mlir::ModuleOp> lowered;
};

/// A temporary folder. Where none can be made, the command ends.
TemporaryFolder scratch();

} // namespace rondo
