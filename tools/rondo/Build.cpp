#include "tools/rondo/Build.h"
#include "tools/rondo/Terminal.h"

using namespace llvm;

namespace rondo {

std::unique_ptr<CompiledLibrary> loadOrCompile(const Options &options, const std::string &path, int &status) {
  if (StringRef(path).ends_with(".rondo")) {
    status = fail(path + ": compiling a model on the way is not built yet; give a library");
    return nullptr;
  }
  auto library = CompiledLibrary::load(path);
  if (library)
    return std::move(*library);
  status = fail(library.takeError());
  return nullptr;
}

} // namespace rondo
