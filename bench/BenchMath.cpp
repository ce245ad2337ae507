// Math functions over 4096 floats in the first-level cache: nanoseconds per element, and against a copy of the same.
#include "bench/Bench.h"
#include "codegen/cpu/Math.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;
using namespace rondo;
using namespace rondo::bench;

namespace {
struct Function {
  const char *name;
  Value (*build)(Emit &, MathForms &, Value);
};
using Kernel = void(const float *, float *, int64_t);
} // namespace

void bench::math(Target target) {
  const Function functions[] = {
      {"copy", [](Emit &, MathForms &, Value x) { return x; }},
      {"exp", [](Emit &, MathForms &m, Value x) { return m.exp(x); }},
      {"tanh", [](Emit &, MathForms &m, Value x) { return m.tanh(x); }},
      {"sigmoid", [](Emit &, MathForms &m, Value x) { return m.sigmoid(x); }},
      {"log", [](Emit &, MathForms &m, Value x) { return m.log(x); }},
      {"log1p", [](Emit &, MathForms &m, Value x) { return m.log1p(x); }},
      {"erf", [](Emit &, MathForms &m, Value x) { return m.erf(x); }},
      {"sin", [](Emit &, MathForms &m, Value x) { return m.sin(x); }},
      {"pow", [](Emit &e, MathForms &m, Value x) { return m.pow(x, e.real(1.7, x.getType())); }},
      {"rsqrt", [](Emit &, MathForms &m, Value x) { return m.rsqrt(x); }},
  };
  TestRun run;
  for (const Function &f : functions)
    run.function(f.name, 2, 1, target, [&](Emit &e, ValueRange args) {
      MathForms forms(e);
      e.loop(e.index(0), args[2], 2 * kLanes, [&](Value i) {
        for (int64_t u = 0; u < 2; ++u)
          e.store(f.build(e, forms, e.loadVec(e.at(e.at(args[0], i), u * kLanes))), e.at(e.at(args[1], i), u * kLanes));
      });
    });
  if (!run.load())
    return;
  const int64_t n = 4096;
  std::vector<float> x(n), y(n);
  for (int64_t i = 0; i < n; ++i)
    x[i] = 0.001f + 9.0f * i / n;
  Peak peak(target);
  llvm::outs() << "math " << target.name() << "\n";
  for (const Function &f : functions) {
    auto *kernel = run.get<Kernel>(f.name);
    Result r = measure(peak, 2.0 * n, [&] { kernel(x.data(), y.data(), n); });
    llvm::outs() << llvm::format("  %-8s %.3f ns an element\n", f.name, r.seconds / n * 1e9);
  }
}
