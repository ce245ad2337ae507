// Any text is a map file or refused with its line; a map that was read imports from a file of a few tensors, or says
// what does not fit.
#include "tools/support/WeightMap.h"

#include <cstdlib>
#include <vector>

using namespace rondo;

static Array filled(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return Array::ofFloats(shape, std::vector<float>(count, 1));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto map = WeightMap::parse("fuzz.map", llvm::StringRef(reinterpret_cast<const char *>(data), size));
  if (!map) {
    if (llvm::toString(map.takeError()).find("fuzz.map") == std::string::npos)
      abort();
    return 0;
  }
  static const Arrays source = {{"a0", filled({4, 3})}, {"b0", filled({4, 3})}, {"a1", filled({4, 3})},
                                {"c", filled({2, 3})},  {"d", filled({6})},     {"e", filled({})}};
  static const Shapes model = {{"x.0.P", {2, 3}}, {"x.0.Q", {2, 3}}, {"y", {3}},
                               {"z", {2, 3}},     {"w", {}},         {"v", {3, 2}}};
  Import import = importWeights(*map, source, model);
  for (auto &[name, array] : import.weights) {
    auto want = model.find(name);
    if (want == model.end() || array.shape != want->second)
      abort();
  }
  if (import.complete() && import.weights.size() != model.size())
    abort();
  return 0;
}
