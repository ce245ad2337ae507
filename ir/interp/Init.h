// Values for cells, from their initialisers and a seed.
#pragma once

#include "ir/interp/Interpret.h"

namespace rondo {

enum class InitStyle {
  Declared, // as the cell says; a cell without initialiser gets normal(0.5)
  Varied,   // constants get small differences too, so that a test sees them: zero biases would hide their own loss
};

/// The same for the same seed and name, on every machine; every value is an f32.
Tensor initialValue(CellOp cell, uint64_t seed, InitStyle style = InitStyle::Declared);
Cells initialCells(mlir::ModuleOp module, uint64_t seed, InitStyle style = InitStyle::Declared);

} // namespace rondo
