// Arrays in files: what is written is read back, and no damaged file is believed.
#include "tools/support/Array.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
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
TEST(Array, NpzRoundTrip) { roundTrip(llvm::cantFail(writeNpz(sample())), readNpz); }

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
  std::string bytes = llvm::cantFail(writeNpz({{"abc", Array::ofFloats({1}, {1})}}));
  for (size_t at; (at = bytes.find("abc")) != std::string::npos;)
    bytes[at] = '\xff';
  EXPECT_NE(refusal(readNpz(bytes)).find("UTF-8"), std::string::npos);
}

/// The one array of an NPZ, its header edited.
static std::string edited(std::string bytes, llvm::StringRef from, llvm::StringRef to) {
  bytes.replace(bytes.find(from), from.size(), to);
  size_t data = bytes.find("\x93NUMPY"), directory = bytes.find("PK\x01\x02");
  uint32_t crc = llvm::crc32(llvm::arrayRefFromStringRef(llvm::StringRef(bytes).slice(data, directory)));
  llvm::support::endian::write32le(bytes.data() + directory + 16, crc);
  return bytes;
}

// Headers are Python's dictionaries, and who else writes them leaves out a space.
TEST(Array, ReadsColumns) {
  std::string rows = llvm::cantFail(writeNpz({{"a", Array::ofFloats({2, 3}, {1, 2, 3, 4, 5, 6})}}));
  for (const char *order : {"'fortran_order': True ", "'fortran_order':True  "}) {
    auto columns = readNpz(edited(rows, "'fortran_order': False", order));
    ASSERT_TRUE(bool(columns)) << llvm::toString(columns.takeError());
    EXPECT_EQ(columns->at("a").floats(), (std::vector<float>{1, 3, 5, 2, 4, 6})) << order;
  }
}

TEST(Array, RefusesWhatANpzCannotHold) {
  std::string two = llvm::cantFail(writeNpz({{"a", Array::ofFloats({1}, {1})}, {"b", Array::ofFloats({1}, {2})}}));
  for (size_t at; (at = two.find("b.npy")) != std::string::npos;)
    two[at] = 'a';
  EXPECT_NE(refusal(readNpz(two)).find("a is there twice"), std::string::npos);
  auto large = writeNpz({{"a", Array::ofFloats({100}, std::vector<float>(100))}}, 400);
  ASSERT_FALSE(bool(large));
  EXPECT_NE(llvm::toString(large.takeError()).find("more than 400 bytes"), std::string::npos);
}

TEST(Array, WholePartsOfAnyReal) {
  Array odd = Array::ofFloats({4}, {-2.5f, 1e30f, -1e30f, NAN});
  EXPECT_EQ(odd.ints(), (std::vector<int64_t>{-2, INT64_MAX, INT64_MIN, 0}));
}

TEST(Array, WritesTheSameBytes) {
  EXPECT_EQ(writeSafetensors(sample()), writeSafetensors(sample()));
  EXPECT_EQ(llvm::cantFail(writeNpz(sample())), llvm::cantFail(writeNpz(sample())));
}

TEST(Array, ReadsHalves) {
  Array half{Element::F16, {1}, {'\x00', '\x3e'}};
  Array brain{Element::BF16, {1}, {'\xc0', '\x3f'}};
  EXPECT_EQ(half.at(0), 1.5);
  EXPECT_EQ(brain.at(0), 1.5);
}
