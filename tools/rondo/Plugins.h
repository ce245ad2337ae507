// The passes that a command runs: the compiler's own order, or one given as text, with passes from shared objects.
#pragma once

#include "mlir/Pass/PassManager.h"
#include "tools/rondo/Options.h"

namespace rondo {

/// Fills `passes` by --load-pass-plugin and --pass-pipeline. A status other than Yes after a message.
int addPasses(const Options &options, mlir::OpPassManager &passes);

} // namespace rondo
