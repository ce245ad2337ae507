// Any text as the manifest of a library: refused, or what it says can be used (axes are those of the fn, sizes can be
// multiplied).
#include "tools/support/Random.h"

#include <cstdlib>

using namespace rondo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto library = CompiledLibrary::fromManifest(llvm::StringRef(reinterpret_cast<const char *>(data), size));
  if (!library) {
    if (llvm::toString(library.takeError()).empty())
      abort();
    return 0;
  }
  for (const Signature &fn : (*library)->exports)
    for (const std::vector<Port> *ports : {&fn.inputs, &fn.results})
      for (const Port &port : *ports) {
        if (port.width() < 0 || (port.bound < 0 && static_cast<uint64_t>(-1 - port.bound) >= fn.axes.size()))
          abort();
        for (unsigned axis : port.axes)
          if (axis >= fn.axes.size())
            abort();
      }
  return 0;
}
