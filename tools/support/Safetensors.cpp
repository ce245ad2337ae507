// safetensors: eight bytes of header length, a JSON header of names, types, shapes and ranges, then the data.
// Every range is checked against the shape and the file before a byte of it is used.
#include "tools/support/Array.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace rondo {

static constexpr std::pair<const char *, Element> typeNames[] = {
    {"F16", Element::F16},   {"BF16", Element::BF16}, {"F32", Element::F32}, {"F64", Element::F64},
    {"BOOL", Element::Bool}, {"U8", Element::U8},     {"I8", Element::I8},   {"I16", Element::I16},
    {"I32", Element::I32},   {"I64", Element::I64}};

static Expected<Array> readEntry(const json::Object &entry, StringRef data) {
  auto type = entry.getString("dtype");
  const json::Array *shape = entry.getArray("shape"), *range = entry.getArray("data_offsets");
  if (!type || !shape || !range || range->size() != 2)
    return makeError("needs dtype, shape and data_offsets");
  Array array;
  auto *known = find_if(typeNames, [&](auto &pair) { return *type == pair.first; });
  if (known == std::end(typeNames))
    return makeError("element type %s is not known", type->str().c_str());
  array.element = known->second;
  for (const json::Value &value : *shape) {
    auto extent = value.getAsInteger();
    if (!extent || *extent < 0)
      return makeError("its shape does not fit the file");
    array.shape.push_back(*extent);
  }
  auto size = bytesOf(array.element, array.shape, data.size());
  if (!size)
    return makeError("its shape does not fit the file");
  auto begin = (*range)[0].getAsInteger(), end = (*range)[1].getAsInteger();
  if (!begin || !end || *begin < 0 || *end < *begin || static_cast<uint64_t>(*end) > data.size() ||
      static_cast<uint64_t>(*end - *begin) != *size)
    return makeError("its range does not fit its shape and the file");
  array.bytes.assign(data.begin() + *begin, data.begin() + *end);
  return array;
}

Expected<Arrays> readSafetensors(StringRef bytes) {
  if (bytes.size() < 8)
    return makeError("not a safetensors file: shorter than its header");
  uint64_t length = support::endian::read64le(bytes.data());
  if (length > bytes.size() - 8)
    return makeError("not a safetensors file: the header is longer than the file");
  auto header = parseJson(bytes.substr(8, length));
  if (!header || !header->getAsObject()) {
    if (!header)
      consumeError(header.takeError());
    return makeError("not a safetensors file: the header is not a JSON object");
  }
  Arrays arrays;
  for (auto &[name, value] : *header->getAsObject()) {
    if (StringRef(name) == "__metadata__")
      continue;
    const json::Object *entry = value.getAsObject();
    if (!entry)
      return makeError("%s: not an object", StringRef(name).str().c_str());
    auto array = readEntry(*entry, bytes.drop_front(8 + length));
    if (!array)
      return makeError("%s: %s", StringRef(name).str().c_str(), toString(array.takeError()).c_str());
    arrays[StringRef(name).str()] = std::move(*array);
  }
  return arrays;
}

std::string writeSafetensors(const Arrays &arrays) {
  std::string header = "{";
  uint64_t offset = 0;
  for (auto &[name, array] : arrays) {
    auto *type = find_if(typeNames, [&](auto &pair) { return array.element == pair.second; });
    std::string shape;
    for (int64_t size : array.shape)
      shape += (shape.empty() ? "" : ",") + std::to_string(size);
    if (header.size() > 1)
      header += ",";
    raw_string_ostream(header) << json::Value(name) << ":{\"dtype\":\"" << type->first << "\",\"shape\":[" << shape
                               << "],\"data_offsets\":[" << offset << "," << offset + array.bytes.size() << "]}";
    offset += array.bytes.size();
  }
  header += "}";
  // Spaces up to a multiple of 64, so that the data is aligned for whoever maps the file.
  header.append((64 - (header.size() + 8) % 64) % 64, ' ');
  char length[8];
  support::endian::write64le(length, header.size());
  std::string bytes(length, 8);
  bytes.reserve(8 + header.size() + offset);
  bytes += header;
  for (auto &[name, array] : arrays)
    bytes.append(array.bytes.data(), array.bytes.size());
  return bytes;
}

} // namespace rondo
