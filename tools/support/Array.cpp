// Elements, conversions and files; the two formats have files of their own.
#include "tools/support/Array.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace llvm;

namespace rondo {

size_t sizeOf(Element element) {
  switch (element) {
  case Element::Bool:
  case Element::U8:
  case Element::I8:
    return 1;
  case Element::F16:
  case Element::BF16:
  case Element::I16:
    return 2;
  case Element::F32:
  case Element::I32:
    return 4;
  case Element::F64:
  case Element::I64:
    return 8;
  }
  llvm_unreachable("all elements are listed");
}

StringRef nameOf(Element element) {
  static constexpr const char *names[] = {"f16", "bf16", "f32", "f64", "bool", "u8", "i8", "i16", "i32", "i64"};
  return names[static_cast<int>(element)];
}

int64_t Array::count() const {
  // An empty axis first: the others may be as long as they like then.
  if (is_contained(shape, 0))
    return 0;
  int64_t product = 1;
  for (int64_t size : shape)
    product *= size;
  return product;
}

std::optional<uint64_t> bytesOf(Element element, ArrayRef<int64_t> shape, uint64_t most) {
  if (is_contained(shape, 0))
    return 0;
  uint64_t size = sizeOf(element);
  for (int64_t extent : shape) {
    if (size > most / static_cast<uint64_t>(extent))
      return std::nullopt;
    size *= static_cast<uint64_t>(extent);
  }
  return size <= most ? std::optional(size) : std::nullopt;
}

template <typename T>
static T load(const Array &array, int64_t index) {
  T value;
  std::memcpy(&value, array.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

static double halfToDouble(uint16_t bits, const fltSemantics &semantics) {
  bool lost;
  APFloat value(semantics, APInt(16, bits));
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return value.convertToDouble();
}

double Array::at(int64_t index) const {
  switch (element) {
  case Element::F16:
    return halfToDouble(load<uint16_t>(*this, index), APFloat::IEEEhalf());
  case Element::BF16:
    return halfToDouble(load<uint16_t>(*this, index), APFloat::BFloat());
  case Element::F32:
    return load<float>(*this, index);
  case Element::F64:
    return load<double>(*this, index);
  case Element::Bool:
  case Element::U8:
    return load<uint8_t>(*this, index);
  case Element::I8:
    return load<int8_t>(*this, index);
  case Element::I16:
    return load<int16_t>(*this, index);
  case Element::I32:
    return load<int32_t>(*this, index);
  case Element::I64:
    return load<int64_t>(*this, index);
  }
  llvm_unreachable("all elements are listed");
}

std::vector<float> Array::floats() const {
  std::vector<float> values(count());
  if (element == Element::F32)
    std::copy_n(bytes.data(), bytes.size(), reinterpret_cast<char *>(values.data()));
  else
    for (int64_t i = 0, e = count(); i < e; ++i)
      values[i] = at(i);
  return values;
}

static int64_t wholePart(double value) {
  constexpr double end = 9223372036854775808.0;
  if (!(value > -end))
    return value <= -end ? INT64_MIN : 0;
  return value < end ? static_cast<int64_t>(value) : INT64_MAX;
}

std::vector<int64_t> Array::ints() const {
  std::vector<int64_t> values(count());
  for (int64_t i = 0, e = count(); i < e; ++i)
    values[i] = element == Element::I64 ? load<int64_t>(*this, i) : wholePart(at(i));
  return values;
}

template <typename T>
static Array make(Element element, ArrayRef<int64_t> shape, ArrayRef<T> values) {
  Array array{element, SmallVector<int64_t>(shape), std::vector<char>(values.size() * sizeof(T))};
  assert(array.count() == static_cast<int64_t>(values.size()) && "the values fill the shape");
  if (!values.empty())
    std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

Array Array::ofFloats(ArrayRef<int64_t> shape, ArrayRef<float> values) { return make(Element::F32, shape, values); }
Array Array::ofInts(ArrayRef<int64_t> shape, ArrayRef<int32_t> values) { return make(Element::I32, shape, values); }
Array Array::ofLongs(ArrayRef<int64_t> shape, ArrayRef<int64_t> values) { return make(Element::I64, shape, values); }

std::string printShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, size] : enumerate(shape))
    text += (i ? ", " : "") + std::to_string(size);
  return text + "]";
}

Expected<json::Value> parseJson(StringRef text) {
  constexpr unsigned deepest = 100;
  unsigned depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '[' || c == '{') && ++depth > deepest)
      return makeError("JSON nested more than %u deep", deepest);
    else if (!quoted && (c == ']' || c == '}') && depth)
      --depth;
  }
  return json::parse(text);
}

Expected<std::string> readBytes(StringRef path) {
  auto buffer = MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read %s: %s", path.str().c_str(), buffer.getError().message().c_str());
  return (*buffer)->getBuffer().str();
}

Error writeBytes(StringRef path, StringRef bytes) {
  if (path == "-") {
    outs() << bytes;
    outs().flush();
    std::error_code error = outs().error();
    outs().clear_error();
    return error ? makeError("cannot write standard output: %s", error.message().c_str()) : Error::success();
  }
  auto failed = [&](std::error_code error) {
    return makeError("cannot write %s: %s", path.str().c_str(), error.message().c_str());
  };
  sys::fs::file_status old;
  bool replaces = !sys::fs::status(path, old) && old.type() == sys::fs::file_type::regular_file;
  // What is there stays what it is: a link leads to the same file, which has the same permissions; a device is written.
  SmallString<128> target = path, beside;
  int descriptor;
  std::error_code error;
  if (replaces && !sys::fs::can_write(path)) // which a rename would not ask
    error = std::make_error_code(std::errc::permission_denied);
  if (replaces && !error)
    error = sys::fs::real_path(path, target);
  if (error)
    return failed(error);
  bool whole = replaces || !sys::fs::exists(old);
  if (whole)
    error = sys::fs::createUniqueFile(target + ".%%%%%%.part", descriptor, beside, sys::fs::OF_None,
                                      sys::fs::all_read | sys::fs::owner_write);
  else
    error = sys::fs::openFileForWrite(path, descriptor);
  if (error)
    return failed(error);
  raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << bytes;
  stream.close();
  error = stream.error();
  stream.clear_error();
  if (!error && replaces)
    error = sys::fs::setPermissions(beside, old.permissions());
  if (!error && whole)
    error = sys::fs::rename(beside, target);
  if (error && whole)
    (void)sys::fs::remove(beside);
  return error ? failed(error) : Error::success();
}

Expected<Arrays> readArrays(StringRef path) {
  auto bytes = readBytes(path);
  if (!bytes)
    return bytes.takeError();
  auto arrays = StringRef(*bytes).starts_with("PK") ? readNpz(*bytes) : readSafetensors(*bytes);
  if (!arrays)
    return makeError("%s: %s", path.str().c_str(), toString(arrays.takeError()).c_str());
  return arrays;
}

} // namespace rondo
