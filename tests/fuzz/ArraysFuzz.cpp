// Safetensors and NPZ: whatever the bytes, an error or arrays whose bytes are as many as their shapes say. What was
// read is written and read again as it was.
#include "tools/support/Array.h"

#include <cstdlib>

using namespace rondo;

static llvm::Expected<Arrays> read(llvm::StringRef bytes) {
  return bytes.starts_with("PK") ? readNpz(bytes) : readSafetensors(bytes);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto arrays = read(llvm::StringRef(reinterpret_cast<const char *>(data), size));
  if (!arrays) {
    if (llvm::toString(arrays.takeError()).empty())
      abort();
    return 0;
  }
  bool bfloat = false;
  for (auto &[name, array] : *arrays) {
    if (array.count() < 0 || array.bytes.size() != sizeOf(array.element) * static_cast<size_t>(array.count()))
      abort();
    array.floats();
    array.ints();
    printShape(array.shape);
    bfloat |= array.element == Element::BF16;
  }
  auto again = readSafetensors(writeSafetensors(*arrays));
  if (!again)
    abort();
  // NumPy has no bfloat16.
  auto npz = bfloat ? std::move(again) : readNpz(llvm::cantFail(writeNpz(*arrays)));
  if (!npz || npz->size() != arrays->size())
    abort();
  for (auto &[name, array] : *arrays)
    if ((*npz)[name].bytes != array.bytes || (*npz)[name].shape != array.shape)
      abort();
  return 0;
}
