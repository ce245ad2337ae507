// Any lines as examples of an export: refused by their line, or a batch as the signature says.
#include "tools/support/Examples.h"

#include <cstdlib>

using namespace rondo;

static const char manifest[] =
    R"({"axes": ["S", "T"], "exports": [{"name": "f", "axes": [{"name": "S", "least": 1, "max": 0}, {"name": "T"}],
        "made_axes": [{"name": "2*T", "constant": 0, "divisor": 1, "factors": [0, 2]}],
        "inputs": [{"name": "src", "element": "i32", "axes": ["S"], "shape": [], "bound": 8000},
                   {"name": "at", "element": "i32", "axes": ["T"], "shape": [], "bound": "S"},
                   {"name": "x", "element": "f32", "axes": ["T"], "shape": [2]},
                   {"name": "m", "element": "bool", "axes": ["T", "S"], "shape": []},
                   {"name": "y", "element": "f32", "axes": ["2*T"], "shape": [], "default": 1}], "results": []}]})";

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::unique_ptr<CompiledLibrary> library = llvm::cantFail(CompiledLibrary::fromManifest(manifest));
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(reinterpret_cast<const char *>(data), size).split(lines, '\n', -1, /*KeepEmpty=*/false);
  const Signature &fn = library->exports[0];
  auto batch = batchFromJson(fn, lines, 1);
  if (!batch) {
    if (llvm::toString(batch.takeError()).empty())
      abort();
    return 0;
  }
  if (batch->inputs.size() != fn.inputs.size())
    abort();
  for (auto [port, array] : llvm::zip_equal(fn.inputs, batch->inputs))
    if (array.count() != batch->before(port, batch->count) * port.width() ||
        array.bytes.size() != static_cast<size_t>(array.count()) * 4)
      abort();
  return 0;
}
