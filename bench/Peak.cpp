#include "bench/Bench.h"

#include <algorithm>
#include <fstream>
#include <time.h>
#include <vector>

using namespace mlir;
using namespace rondo;
using namespace rondo::bench;

double bench::cpuSeconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

std::string bench::cpuName() {
  std::ifstream info("/proc/cpuinfo");
  std::string line, name, family;
  while (std::getline(info, line)) {
    auto value = line.substr(std::min(line.find(':') + 2, line.size()));
    if (line.starts_with("model name"))
      name = value;
    if (line.starts_with("cpu family"))
      family = value;
    if (line.empty())
      break;
  }
  return name + ", family " + family;
}

static int64_t chains(Target target) { return target.is512() ? 16 : target.hasFma() ? 5 : 2; }

Peak::Peak(Target target) {
  run.function("peak", 1, 1, target, [&](Emit &e, ValueRange args) {
    SmallVector<Value> start(chains(target), e.loadVec(args[0]));
    Value x = e.loadVec(e.at(args[0], 16)), y = e.loadVec(e.at(args[0], 32));
    auto end = e.loop(e.index(0), args[1], 1, start, [&](Value, ValueRange carried) {
      SmallVector<Value> next;
      for (Value v : carried)
        next.push_back(e.fma(v, x, y));
      return next;
    });
    Value sum = end.front();
    for (Value v : ArrayRef(end).drop_front())
      sum = e.addf(sum, v);
    e.store(sum, args[0]);
  });
  if (!run.load())
    exit(1);
  kernel = run.get<void(float *, int64_t)>("peak");
  level = target;
}

double Peak::measure() {
  alignas(64) float data[48];
  std::fill_n(data, 48, 0.5f);
  const int64_t steps = 200000;
  double start = cpuSeconds();
  kernel(data, steps);
  return 2.0 * kLanes * chains(level) * steps / (cpuSeconds() - start);
}

Result bench::measure(Peak &peak, double flops, const std::function<void()> &call, int rounds) {
  call();
  double once = 0;
  int64_t repeat = 1;
  // A sample of at least two milliseconds.
  for (;; repeat *= 2) {
    double start = cpuSeconds();
    for (int64_t i = 0; i < repeat; ++i)
      call();
    once = cpuSeconds() - start;
    if (once > 2e-3)
      break;
  }
  std::vector<double> seconds, shares;
  for (int round = 0; round < rounds; ++round) {
    double before = peak.measure();
    double start = cpuSeconds();
    for (int64_t i = 0; i < repeat; ++i)
      call();
    double t = (cpuSeconds() - start) / repeat;
    double after = peak.measure();
    seconds.push_back(t);
    shares.push_back(flops / t / std::max(before, after));
  }
  auto median = [](std::vector<double> &v) {
    std::nth_element(v.begin(), v.begin() + v.size() / 2, v.end());
    return v[v.size() / 2];
  };
  return {median(seconds), median(shares)};
}
