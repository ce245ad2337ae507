// Equations to operations of the dialect: one function for each program, one cell for each parameter.
#ifndef RONDO_DSL_LOWER_H
#define RONDO_DSL_LOWER_H

#include "dsl/Elaborate.h"
#include "dsl/Groups.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace rondo::eq {

class Lowering {
public:
  Lowering(mlir::MLIRContext &context, const Model &model, Diagnostics &diagnostics);
  void add(Program &program, const std::vector<Group> &groups);
  /// The module, or null if something was reported.
  mlir::OwningOpRef<mlir::ModuleOp> finish();

private:
  mlir::MLIRContext &context;
  const Model &model;
  Diagnostics &diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  bool failed = false;
};

} // namespace rondo::eq

#endif
