// Products of the shapes in the design notes: share of the multiply-add ceiling.
#include "bench/Bench.h"
#include "codegen/cpu/Product.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace rondo;
using namespace rondo::bench;

namespace {
struct Shape {
  int64_t rows, columns, depth, gates;
};
using Kernel = void(const float *, const float *, float *, int64_t);

float *aligned(size_t floats) {
  auto *p = static_cast<float *>(std::aligned_alloc(64, (floats * 4 + 4096) / 64 * 64));
  for (size_t i = 0; i < floats; ++i)
    p[i] = float(i % 1013) * 1e-3f;
  return p;
}
} // namespace

void bench::product(Target target) {
  const Shape shapes[] = {{512, 2048, 512, 1}, {1024, 1024, 1024, 1}, {1024, 768, 3072, 1}, {2048, 768, 768, 1},
                          {128, 384, 384, 1},  {64, 2048, 512, 1},    {32, 2048, 512, 1},   {32, 2048, 512, 4},
                          {31, 2048, 512, 4},  {24, 2048, 512, 1},    {16, 2048, 512, 1},   {12, 2048, 512, 1},
                          {8, 2048, 512, 1},   {6, 2048, 512, 1},     {4, 2048, 512, 1},    {3, 2048, 512, 1},
                          {2, 2048, 512, 1},   {1, 2048, 512, 1},     {1, 2048, 512, 4},    {1, 512, 128, 1},
                          {32, 512, 128, 4},   {256, 64, 64, 1},      {256, 96, 16, 1}};
  Peak peak(target);
  TestRun run;
  int64_t pad = 16;
  for (auto [i, s] : llvm::enumerate(shapes))
    run.function("product" + std::to_string(i), 3, 1, target, [&, s = s](Emit &e, ValueRange args) {
      int64_t stride = s.depth % 1024 ? s.depth : s.depth + pad;
      Product p;
      p.rows = args[3];
      p.panels = s.columns / kLanes;
      p.gates = s.gates;
      p.extents = {e.index(s.depth)};
      p.strideA = p.strideB = {1};
      auto row = [&](Value r, int64_t ahead) { return e.at(e.at(args[0], e.mul(r, stride)), ahead * stride); };
      auto panel = [&](Value q, int64_t ahead) {
        return e.at(e.at(args[1], e.mul(q, s.depth * kLanes)), ahead * s.depth * kLanes);
      };
      auto finish = [&](Value row, Value unit, ArrayRef<Value> sums) {
        for (auto [g, v] : llvm::enumerate(sums))
          e.store(v, e.at(e.at(args[2], e.add(e.mul(row, s.columns), e.mul(unit, s.gates * kLanes))), g * kLanes));
      };
      p.rowOfA = row;
      p.panelOfB = panel;
      p.finish = finish;
      emitProduct(e, p);
    });
  if (const char *path = getenv("RONDO_KEEP"))
    run.keepObject = path;
  if (!run.load())
    return;
  llvm::outs() << llvm::format("product %s: compiled in %.0f ms each\n", target.name().str().c_str(),
                               run.compileSeconds * 1e3 / std::size(shapes));
  for (auto [i, s] : llvm::enumerate(shapes)) {
    auto *kernel = run.get<Kernel>("product" + std::to_string(i));
    float *a = aligned((s.rows + 16) * (s.depth + pad)), *b = aligned((s.depth + 64) * s.columns),
          *c = aligned((s.rows + 1) * s.columns);
    Result r = measure(peak, 2.0 * s.rows * s.columns * s.depth, [&, rows = s.rows] { kernel(a, b, c, rows); });
    llvm::outs() << llvm::format("  %4d x %4d x %4d gates %d  %9.1f us  %5.1f %% of peak  %6.1f GB/s of B\n",
                                 int(s.rows), int(s.columns), int(s.depth), int(s.gates), r.seconds * 1e6,
                                 r.peakShare * 100, s.columns * s.depth * 4 / r.seconds * 1e-9);
    llvm::outs().flush();
    free(a), free(b), free(c);
  }
}
