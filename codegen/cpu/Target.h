// What the emitters know of a machine: the instruction set level they write for, and the tile shapes that suit it.
// Not a description of one CPU: the table is chosen per level, and every tile of a table gives the same bits.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace rondo {

/// x86-64 micro-architecture levels. v3 and v4 give equal bits; v2 has no fused multiply-add and differs from them.
enum class Level { V2, V3, V4 };

struct Target {
  Level level = Level::V4;

  bool hasFma() const { return level != Level::V2; }
  bool is512() const { return level == Level::V4; }
  /// "x86-64-v4"; what LLVM calls the level.
  llvm::StringRef cpu() const;
  /// "v4"; suffix of symbols.
  llvm::StringRef name() const;
};

/// Lanes of every vector in the generated program, on every level; LLVM splits them where registers are narrower.
constexpr int64_t kLanes = 16;

} // namespace rondo
