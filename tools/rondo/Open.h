// A library made ready to be called: what run, score and bench begin with.
#pragma once

#include "tools/rondo/Options.h"
#include "tools/support/Library.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>

namespace rondo {

/// Loads the one library that is named (or compiles the model), opens it with its weights and finds the fn of --fn.
/// Without --fn it is the only export, of those that `suits` where given. Null after a message; `status` is the exit.
std::unique_ptr<CompiledLibrary> openExport(const Options &options, llvm::function_ref<bool(const Signature &)> suits,
                                            const Signature *&fn, int &status);

} // namespace rondo
