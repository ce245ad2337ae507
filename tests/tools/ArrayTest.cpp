// Arrays in files: what is written is read back, and no damaged file is believed.
#include "tools/support/Array.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace rondo;

static Arrays sample() {
  return {{"a.b", Array::ofFloats({2, 3}, {1, 2, 3, 4, 5, 6})}, {"empty", Array::ofFloats({0, 4}, {})},
          {"empty, too", Array::ofFloats({3, 0}, {})},          {"ids", Array::ofInts({3}, {7, -1, 2})},
          {"offsets", Array::ofLongs({2}, {0, 1ll << 40})},     {"scalar", Array::ofFloats({}, {0.25f})}};
}

static void expectEqual(const Arrays &a, const Arrays &b) {
  ASSERT_EQ(a.size(), b.size());
  for (auto &[name, array] : a) {
    ASSERT_TRUE(b.count(name)) << name;
    EXPECT_EQ(array.element, b.at(name).element);
    EXPECT_EQ(array.shape, b.at(name).shape);
    EXPECT_EQ(array.bytes, b.at(name).bytes);
  }
}

template <typename Read>
static void roundTrip(const std::string &bytes, Read read) {
  auto back = read(bytes);
  ASSERT_TRUE(static_cast<bool>(back)) << llvm::toString(back.takeError());
  expectEqual(sample(), *back);
  // Every shorter file and a flipped byte anywhere: an error or some arrays, never a wild read.
  for (size_t length = 0; length < bytes.size(); ++length)
    if (auto cut = read(llvm::StringRef(bytes).take_front(length)); !cut)
      llvm::consumeError(cut.takeError());
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] ^= 0x41;
    if (auto odd = read(damaged); !odd)
      llvm::consumeError(odd.takeError());
  }
}

TEST(Array, SafetensorsRoundTrip) { roundTrip(writeSafetensors(sample()), readSafetensors); }
TEST(Array, NpzRoundTrip) { roundTrip(writeNpz(sample()), readNpz); }

static std::string refusal(llvm::Expected<Arrays> arrays) { return arrays ? "" : llvm::toString(arrays.takeError()); }

static std::string withHeader(std::string header) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<char *>(&length), 8) + header;
}

// What fuzzing found.
TEST(Array, RefusesWhatCannotBe) {
  // Four times this is 0 in 64 bits.
  EXPECT_NE(refusal(readSafetensors(withHeader(
                        R"({"a": {"dtype": "F32", "shape": [4611686018427387904], "data_offsets": [0, 0]}})")))
                .find("does not fit"),
            std::string::npos);
  EXPECT_NE(refusal(readSafetensors(withHeader(std::string(1000000, '[')))), "");
  std::string bytes = writeNpz({{"abc", Array::ofFloats({1}, {1})}});
  for (size_t at; (at = bytes.find("abc")) != std::string::npos;)
    bytes[at] = '\xff';
  EXPECT_NE(refusal(readNpz(bytes)).find("UTF-8"), std::string::npos);
}

TEST(Array, WholePartsOfAnyReal) {
  Array odd = Array::ofFloats({4}, {-2.5f, 1e30f, -1e30f, NAN});
  EXPECT_EQ(odd.ints(), (std::vector<int64_t>{-2, INT64_MAX, INT64_MIN, 0}));
}

TEST(Array, WritesTheSameBytes) {
  EXPECT_EQ(writeSafetensors(sample()), writeSafetensors(sample()));
  EXPECT_EQ(writeNpz(sample()), writeNpz(sample()));
}

TEST(Array, ReadsHalves) {
  Array half{Element::F16, {1}, {'\x00', '\x3e'}};
  Array brain{Element::BF16, {1}, {'\xc0', '\x3f'}};
  EXPECT_EQ(half.at(0), 1.5);
  EXPECT_EQ(brain.at(0), 1.5);
}
