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
  Lowering(mlir::MLIRContext &context, const Model &model);
  /// Adds the program's function, or says what in it is not built yet.
  std::optional<NotBuilt> add(Program &program, const std::vector<Group> &groups);
  mlir::OwningOpRef<mlir::ModuleOp> finish();

private:
  mlir::RankedTensorType cellType(const Array &cell);
  mlir::MLIRContext &context;
  const Model &model;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace rondo::eq

#endif
