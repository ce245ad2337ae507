// Attention of 8 heads x 1024 x 64: share of the multiply-add ceiling, counting only the pairs that rows see.
#include "bench/Bench.h"
#include "codegen/cpu/FoldTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;
using namespace rondo;
using namespace rondo::bench;

namespace {
constexpr int64_t kHeads = 8, kDepth = 64;
struct Mask {
  const char *name;
  int64_t length, window; // 0: full, -1: causal
  int64_t first = 0;      // row to begin with: the last one alone is a decoding step
};
using Kernel = void(const float *, const float *, const float *, float *, float *, int64_t);
} // namespace

void bench::attention(Target target) {
  const Mask masks[] = {{"full", 1024, 0},          {"causal", 1024, -1},    {"window 128", 1024, 128},
                        {"full", 128, 0},           {"causal", 256, -1},     {"full", 32, 0},
                        {"decode", 4096, -1, 4095}, {"decode", 512, -1, 511}};
  Peak peak(target);
  TestRun run;
  for (auto [i, m] : llvm::enumerate(masks))
    run.function("attention" + std::to_string(i), 5, 1, target, [&, m = m](Emit &e, ValueRange args) {
      FoldTile fold;
      fold.depth = fold.width = kDepth;
      fold.scale = 1 / std::sqrt(double(kDepth));
      // Queries and results have their heads side by side, as a projection leaves them; keys are in panels, and values
      // adjoin, head by head.
      const int64_t stride = kHeads * kDepth;
      e.loop(e.index(0), e.index(kHeads), 1, [&](Value head) {
        Value skip = e.mul(head, kDepth);
        auto query = [&](Value row) { return e.at(args[0], e.add(e.mul(row, stride), skip)); };
        auto keys = [&](Value panel) {
          return e.at(args[1], e.add(e.mul(head, m.length * kDepth), e.mul(panel, kDepth * kLanes)));
        };
        auto value = [&](Value row) {
          return e.at(args[2], e.add(e.mul(head, m.length * kDepth), e.mul(row, kDepth)));
        };
        auto range = [&](Value row) {
          Value hi = e.add(row, 1);
          if (m.window == 0)
            return std::pair(e.index(0), args[5]);
          return std::pair(m.window < 0 ? e.index(0) : e.max(e.sub(hi, e.index(m.window)), e.index(0)), hi);
        };
        auto finish = [&](Value row, Value column, Value v) {
          e.store(v, e.at(args[3], e.add(e.add(e.mul(row, stride), skip), column)));
        };
        fold.query = query;
        fold.keys = keys;
        fold.value = value;
        fold.range = range;
        fold.finish = finish;
        fold.scratch = args[4];
        emitFoldRows(e, fold, e.index(m.first), args[5]);
      });
    });
  if (const char *path = getenv("RONDO_KEEP"))
    run.keepObject = path;
  if (!run.load())
    return;
  llvm::outs() << llvm::format("attention %s, 8 heads, 64 wide: compiled in %.0f ms each\n",
                               target.name().str().c_str(), run.compileSeconds * 1e3 / std::size(masks));
  for (auto [i, m] : llvm::enumerate(masks)) {
    int64_t size = m.length * kHeads * kDepth;
    std::vector<float> q(size + 1024), k(size + 1024), v(size + 1024), o(size + 1024),
        scratch(foldScratch(target, kDepth, foldStride(m.length)));
    for (int64_t j = 0; j < size; ++j)
      q[j] = std::sin(1.0 * j), k[j] = std::cos(1.7 * j), v[j] = std::sin(2.9 * j);
    double pairs = 0;
    for (int64_t r = m.first; r < m.length; ++r)
      pairs += m.window == 0 ? m.length : m.window < 0 ? r + 1 : std::min(r + 1, m.window);
    auto *kernel = run.get<Kernel>("attention" + std::to_string(i));
    Result r = measure(peak, 4.0 * kHeads * kDepth * pairs, [&, length = m.length] {
      kernel(q.data(), k.data(), v.data(), o.data(), scratch.data(), length);
    });
    llvm::outs() << llvm::format("  %-10s length %4d  %9.1f us  %5.1f %% of peak  %6.1f GB/s of keys and values\n",
                                 m.name, int(m.length), r.seconds * 1e6, r.peakShare * 100,
                                 2.0 * size * 4 / r.seconds * 1e-9);
    llvm::outs().flush();
  }
}
