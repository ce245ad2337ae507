// One piece of source text and positions in it. A Range points into a Source, so a Source never moves and outlives
// everything that was made from it (syntax tree, diagnostics).
#ifndef RONDO_DSL_SOURCE_H
#define RONDO_DSL_SOURCE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rondo {

class Source {
public:
  Source(std::string path, std::string text);
  Source(const Source &) = delete;
  Source &operator=(const Source &) = delete;

  const std::string path;
  const std::string text;

  /// Lines and columns count from 1; a column counts bytes, which outside comments are characters.
  unsigned lineOf(uint32_t offset) const;
  unsigned columnOf(uint32_t offset) const;
  unsigned lines() const { return starts.size(); }
  /// The text of line `n` (from 1) without its end, and where it begins.
  llvm::StringRef line(unsigned n) const;
  uint32_t lineStart(unsigned n) const { return starts[n - 1]; }

private:
  std::vector<uint32_t> starts;
};

/// Bytes `begin` up to, not including, `end` of a source. A default Range is no place at all.
struct Range {
  const Source *source = nullptr;
  uint32_t begin = 0, end = 0;

  explicit operator bool() const { return source != nullptr; }
  bool operator==(const Range &) const = default;
  llvm::StringRef text() const { return source ? llvm::StringRef(source->text).slice(begin, end) : llvm::StringRef(); }
  unsigned line() const { return source ? source->lineOf(begin) : 0; }
  unsigned column() const { return source ? source->columnOf(begin) : 0; }
};

/// From the beginning of `a` to the end of `b`.
inline Range join(Range a, Range b) { return a ? b ? Range{a.source, a.begin, b.end} : a : b; }

} // namespace rondo

#endif
