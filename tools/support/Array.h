// Arrays by name, as the tools read and write them: one plain row-major block of bytes with a shape and an element
// type. Not a tensor library: nothing here computes.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rondo {

enum class Element { F16, BF16, F32, F64, Bool, U8, I8, I16, I32, I64 };

/// Size of one element in bytes.
size_t sizeOf(Element element);

/// `f32`, `i64` ...: for messages.
llvm::StringRef nameOf(Element element);
inline bool isReal(Element element) { return element <= Element::F64; }

/// Bytes of an array of this shape, 0 where an axis is empty; nullopt if they are more than `most`.
std::optional<uint64_t> bytesOf(Element element, llvm::ArrayRef<int64_t> shape, uint64_t most);

struct Array {
  Element element = Element::F32;
  llvm::SmallVector<int64_t> shape;
  std::vector<char> bytes;

  int64_t count() const;
  /// One element as a real, whatever it is stored as (exact for integers up to 2^53).
  double at(int64_t index) const;
  std::vector<float> floats() const;
  /// Of reals the whole part, at the ends of the range what is nearest, and 0 of what is no number.
  std::vector<int64_t> ints() const;

  static Array ofFloats(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values);
  static Array ofInts(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int32_t> values);
  static Array ofLongs(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values);
};

/// In the order of their names: what is written from it is the same bytes every time.
using Arrays = std::map<std::string, Array>;

/// `[512, 64]`
std::string printShape(llvm::ArrayRef<int64_t> shape);

template <typename... Args>
llvm::Error makeError(const char *format, Args... args) {
  return llvm::createStringError(std::errc::invalid_argument, format, args...);
}

/// JSON as people write it: what is nested beyond any use is refused before a parser that calls itself runs into the
/// end of the stack.
llvm::Expected<llvm::json::Value> parseJson(llvm::StringRef text);

/// The whole file, or an error that names it. `-` is stdin.
llvm::Expected<std::string> readBytes(llvm::StringRef path);

/// Written beside, then renamed: a reader never sees half a file. `-` is stdout; devices and pipes are written as they
/// are.
llvm::Error writeBytes(llvm::StringRef path, llvm::StringRef bytes);

/// By content: a zip is NPZ, anything else safetensors.
llvm::Expected<Arrays> readArrays(llvm::StringRef path);
llvm::Expected<Arrays> readSafetensors(llvm::StringRef bytes);
std::string writeSafetensors(const Arrays &arrays);
llvm::Expected<Arrays> readNpz(llvm::StringRef bytes);
/// `most`: bytes that places in a zip of the plain form can name.
llvm::Expected<std::string> writeNpz(const Arrays &arrays, uint64_t most = UINT32_MAX);

} // namespace rondo
