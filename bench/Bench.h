// What the kernel benchmarks share: thread CPU time, medians, and a ceiling measured in every round, so that a
// wandering clock or a busy neighbour moves both sides of each ratio.
#pragma once

#include "tests/codegen/TestRun.h"
#include <functional>
#include <string>

namespace rondo::bench {

double cpuSeconds();

/// One multiply-add ceiling: a loop of independent chains, 16 lanes each.
struct Peak {
  Peak(Target target);
  /// Flops per second now.
  double measure();
  TestRun run;
  void (*kernel)(float *, int64_t);
  Target level;
};

struct Result {
  double seconds, peakShare;
};

/// Median over rounds of one call's time, and of its rate over the ceiling of the same round.
Result measure(Peak &peak, double flops, const std::function<void()> &call, int rounds = 15);

std::string cpuName();

void product(Target target);
void attention(Target target);
void math(Target target);

} // namespace rondo::bench
