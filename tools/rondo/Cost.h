// What a call costs, counted on the operations: arithmetic and stored bytes, as sums of terms in the lengths.
#pragma once

#include "codegen/cpu/Program.h"
#include "tools/rondo/Model.h"

namespace rondo {

/// A polynomial in axis lengths of one example: {"T"} -> 8.65e6, {"T", "T"} -> 1024, {} -> what each example costs.
using Polynomial = std::map<std::vector<std::string>, double>;

/// `8.65 M*T + 1.02 K*T*T`
std::string print(const Polynomial &cost);

/// Arithmetic operations of a function of one example; a multiply-add counts as two.
Polynomial countFlops(mlir::func::FuncOp function);

/// The same of any operation and what it holds; `b` is the number of examples.
Polynomial countFlops(mlir::Operation *op);

/// One line per export: kernels and arithmetic.
std::string costTable(Model &model, mlir::ModuleOp kernels);

/// One line per export: what a session stores between kernels, per example and row.
std::string memoryTable(const EmittedProgram &program);

/// One line per export that is checked and not compiled.
std::string leftOut(const Model &model);

} // namespace rondo
