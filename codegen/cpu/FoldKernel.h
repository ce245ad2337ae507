// Folds of the shape of FoldPattern.h, tile by tile: keys are first laid out in panels of 16, then each (example, head)
// goes through its rows. No value over two sequence axes is stored; columns outside a tile's range are never visited.
#pragma once

#include "codegen/cpu/FoldPattern.h"
#include "codegen/cpu/Scope.h"

namespace rondo {

/// Lays out the keys of all examples, and the values if they are gathered; every thread does its share. A barrier must
/// follow.
void emitKeyPanels(Kernel &kernel, const FoldPattern &pattern, int64_t slot);
/// The rows of all examples and heads.
void emitFoldTiles(Kernel &kernel, FoldPattern pattern, int64_t slot);

} // namespace rondo
