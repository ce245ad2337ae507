// The pages of docs/codes, as they were when rondo was built: what `rondo explain R0203` shows.
#pragma once

#include "dsl/Std.h"

namespace rondo {

/// "R0203.md" and so on, in the order of their names.
llvm::ArrayRef<EmbeddedFile> codePages();

} // namespace rondo
