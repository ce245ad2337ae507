// Which code runs where; models without tensors or sequence axes.
#include "Bare.h"
#include "Support.h"

namespace {

TEST(Target, modelWithoutTensors) {
  float values[] = {1, 2, 3};
  rondo_error error{};
  ASSERT_EQ(bare_add(values, 3, &error), RONDO_OK) << error.text;
  EXPECT_EQ(values[2], 45);
}

TEST(Target, levelIsThisProcessors) {
  __builtin_cpu_init();
  int32_t level = __builtin_cpu_supports("x86-64-v4") ? 2 : __builtin_cpu_supports("x86-64-v3") ? 1 : 0;
  EXPECT_EQ(rondo_cpu_level(), level);
  rondo_error error{};
  EXPECT_EQ(bare_best(level, &error), RONDO_OK) << error.text;
}

TEST(Target, codeForOtherProcessors) {
  rondo_error error{};
  EXPECT_EQ(bare_unbuilt(&error), RONDO_ECPU);
  EXPECT_EQ(std::string(error.text).find("bare was compiled for x86-64-v4 and better; this processor is x86-64-v"), 0u);
  EXPECT_EQ(bare_unpackable(&error), RONDO_ECPU);
  EXPECT_STREQ(error.text, "bare cannot pack weights on this processor");
}

TEST(Target, moreElementsThanANumberHolds) {
  rondo_error error{};
  EXPECT_EQ(bare_cube(2, &error), RONDO_OK) << error.text;
  // 2^66 elements: as a 64-bit number 0.
  EXPECT_EQ(bare_cube(int64_t(1) << 22, &error), RONDO_EINVAL);
  EXPECT_STREQ(error.text, "cube: result cube needs room for 9223372036854775807 elements, has 16");
}

TEST(Target, selftestWhereNoIdIsAllowed) {
  rondo_error error{};
  EXPECT_EQ(bare_below_nothing(&error), RONDO_OK) << error.text;
}

} // namespace
