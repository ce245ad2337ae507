// The version of Rondo. CMakeLists.txt reads it here; the Python package, which is installed by itself, has its own.
#pragma once

namespace rondo {

constexpr const char *kCompilerVersion = "0.1.0";

} // namespace rondo
