// What several commands share: a model through the compiler, or a library from a file.
#pragma once

#include "tools/rondo/Options.h"
#include "tools/support/Library.h"
#include <memory>

namespace rondo {

/// A library file as it is; a model file compiled into a temporary folder. Null after a message; `status` is the exit.
std::unique_ptr<CompiledLibrary> loadOrCompile(const Options &options, const std::string &path, int &status);

} // namespace rondo
