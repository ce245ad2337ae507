// What `rondo verify` calls wrong: k * eps * scale, and 1e-4 of the largest where scales have grown beyond sense.
#include "tools/rondo/Oracle.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace rondo;

/// One result of two elements, of which the first is compared.
static Comparison compared(float got, double want, double scale, float other) {
  Signature fn;
  Port &port = fn.results.emplace_back();
  port.shape = {2};
  Ragged batch;
  batch.count = 1;
  Comparison comparison;
  compare(fn, batch, 0, {Array::ofFloats({2}, {got, other})}, {Expected{{want, other}, {scale, 1}}}, 8, 1e-4,
          comparison);
  return comparison;
}

TEST(Oracle, TheBoundGoesByTheScale) {
  float allowed = 7.9 * kEpsilon, wrong = 8.1 * kEpsilon;
  EXPECT_FALSE(compared(allowed, 0, 1, 1).failed);
  EXPECT_TRUE(compared(wrong, 0, 1, 1).failed);
  EXPECT_FALSE(compared(3 * wrong, 0, 3.3, 2).failed);
  EXPECT_TRUE(compared(NAN, 0, 1, 1).failed);
  Comparison tie = compared(5, 0, INFINITY, 1);
  EXPECT_FALSE(tie.failed);
  EXPECT_EQ(tie.undecided, 1);
}

TEST(Oracle, AGrownScaleDoesNotHideAWrongNumber) {
  // Within 8 * eps * scale, but by a tenth of the result.
  EXPECT_TRUE(compared(1.1f, 1, 1e6, 1).failed);
  EXPECT_TRUE(compared(0.1f, 0, 1e6, 1).failed);
  EXPECT_FALSE(compared(1.00005f, 1, 1e6, 1).failed);
}

TEST(Oracle, AResultThatCancelsHasNoLargest) {
  // What rounding left of terms of order 1 .. 16, the whole result being 0.
  EXPECT_FALSE(compared(0x1p-23f, 0, 4.4, 0).failed);
  EXPECT_FALSE(compared(7.9f * 16 * kEpsilon, 0, 1e6, 0).failed);
  // More than that is wrong, however large the scale.
  EXPECT_TRUE(compared(8.1f * 16 * kEpsilon, 0, 1e6, 0).failed);
  // Small terms leave little: the floor shrinks with the scale.
  EXPECT_TRUE(compared(0x1p-23f, 0, 1e-3, 0).failed);
}
