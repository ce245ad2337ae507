// NPZ: a zip of NPY files, stored or deflated. The central directory is what counts; local headers only locate the
// data. Written ones are stored, without dates: the same arrays give the same bytes.
#include "tools/support/Array.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Regex.h"
#include <zlib.h>

using namespace llvm;
using namespace llvm::support::endian;

namespace rondo {

static constexpr std::pair<const char *, Element> typeNames[] = {
    {"f2", Element::F16}, {"f4", Element::F32}, {"f8", Element::F64}, {"b1", Element::Bool}, {"u1", Element::U8},
    {"i1", Element::I8},  {"i2", Element::I16}, {"i4", Element::I32}, {"i8", Element::I64}};

static Expected<Array> readNpy(StringRef bytes) {
  if (!bytes.starts_with("\x93NUMPY") || bytes.size() < 12)
    return makeError("not an NPY file");
  bool one = bytes[6] == 1;
  size_t start = one ? 10 : 12, length = one ? read16le(bytes.data() + 8) : read32le(bytes.data() + 8);
  if (start + length > bytes.size())
    return makeError("the header is longer than the file");
  StringRef header = bytes.substr(start, length), data = bytes.drop_front(start + length);
  SmallVector<StringRef> match;
  if (!Regex("'descr': *'([^']*)'").match(header, &match))
    return makeError("records are not read, only plain arrays");
  StringRef type = match[1];
  Array array;
  auto *known = find_if(typeNames, [&](auto &pair) { return type.substr(1) == pair.first; });
  if (type.size() != 3 || type[0] == '>' || known == std::end(typeNames))
    return makeError("element type %s is not read", type.str().c_str());
  array.element = known->second;
  if (!Regex("'shape': *\\(([^)]*)\\)").match(header, &match))
    return makeError("the header has no shape");
  SmallVector<StringRef> sizes;
  match[1].split(sizes, ',', -1, /*KeepEmpty=*/false);
  for (StringRef text : sizes) {
    uint64_t extent;
    if (text.trim().empty())
      continue;
    if (text.trim().getAsInteger(10, extent) || extent > INT64_MAX)
      return makeError("its shape does not fit the file");
    array.shape.push_back(extent);
  }
  auto whole = bytesOf(array.element, array.shape, data.size());
  if (!whole)
    return makeError("its shape does not fit the file");
  uint64_t size = *whole;
  data = data.take_front(size);
  if (!Regex("'fortran_order': *True").match(header) || !size) {
    array.bytes.assign(data.begin(), data.end());
    return array;
  }
  // Column-major: walk the row-major positions and fetch each from its place.
  array.bytes.resize(size);
  size_t width = sizeOf(array.element), rank = array.shape.size();
  SmallVector<int64_t> index(rank, 0), stride(rank, 1);
  for (size_t d = 1; d < rank; ++d)
    stride[d] = stride[d - 1] * array.shape[d - 1];
  for (int64_t i = 0, e = array.count(); i < e; ++i) {
    int64_t from = 0;
    for (size_t d = 0; d < rank; ++d)
      from += index[d] * stride[d];
    std::copy_n(data.begin() + from * width, width, array.bytes.begin() + i * width);
    for (size_t d = rank; d-- && ++index[d] == array.shape[d];)
      index[d] = 0;
  }
  return array;
}

static Expected<std::string> inflateRaw(StringRef packed, size_t size) {
  // Deflate packs 1032 bytes into one at best: a short file cannot ask for all memory.
  if (size / 1032 > packed.size())
    return makeError("the compressed data is damaged");
  std::string bytes(size, '\0');
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return makeError("zlib does not start");
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
  stream.avail_in = packed.size();
  stream.next_out = reinterpret_cast<Bytef *>(bytes.data());
  stream.avail_out = size;
  int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (status != Z_STREAM_END || stream.avail_out)
    return makeError("the compressed data is damaged");
  return bytes;
}

Expected<Arrays> readNpz(StringRef bytes) {
  // The end record stands within the last 64 KB, behind a comment at most.
  size_t end = bytes.rfind(StringRef("PK\x05\x06", 4));
  if (end == StringRef::npos || end + 22 > bytes.size())
    return makeError("not a zip file: it has no directory");
  size_t entries = read16le(bytes.data() + end + 10), at = read32le(bytes.data() + end + 16);
  Arrays arrays;
  for (size_t i = 0; i < entries; ++i) {
    if (at + 46 > bytes.size() || bytes.substr(at, 4) != StringRef("PK\x01\x02", 4))
      return makeError("the zip directory is damaged");
    const char *entry = bytes.data() + at;
    unsigned method = read16le(entry + 10), crc = read32le(entry + 16);
    uint64_t packed = read32le(entry + 20), size = read32le(entry + 24), local = read32le(entry + 42);
    StringRef name = bytes.substr(at + 46, read16le(entry + 28));
    at += 46 + read16le(entry + 28) + read16le(entry + 30) + read16le(entry + 32);
    // Names are what messages and safetensors headers are made of.
    if (!json::isUTF8(name))
      return makeError("a name in the zip directory is not UTF-8");
    std::string shown = name.str();
    if (name.ends_with("data.pkl"))
      return makeError("this is a PyTorch checkpoint; pickles are not read: "
                       "safetensors.torch.save_file(model.state_dict(), ..) writes a file that is");
    if (packed == 0xFFFFFFFF || size == 0xFFFFFFFF || local == 0xFFFFFFFF)
      return makeError("%s: larger than 4 GB", shown.c_str());
    if (local + 30 > bytes.size())
      return makeError("the zip directory is damaged");
    uint64_t start = local + 30 + read16le(bytes.data() + local + 26) + read16le(bytes.data() + local + 28);
    if (start + packed > bytes.size() || size > (1ull << 36))
      return makeError("%s: reaches beyond the file", shown.c_str());
    StringRef data = bytes.substr(start, packed);
    std::string unpacked;
    if (method == 8) {
      auto plain = inflateRaw(data, size);
      if (!plain)
        return makeError("%s: %s", shown.c_str(), toString(plain.takeError()).c_str());
      unpacked = std::move(*plain);
      data = unpacked;
    } else if (method != 0) {
      return makeError("%s: zip method %u is not read", shown.c_str(), method);
    }
    if (llvm::crc32(arrayRefFromStringRef(data)) != crc)
      return makeError("%s: the checksum differs", shown.c_str());
    name.consume_back(".npy");
    auto array = readNpy(data);
    if (!array)
      return makeError("%s: %s", shown.c_str(), toString(array.takeError()).c_str());
    if (!arrays.try_emplace(name.str(), std::move(*array)).second)
      return makeError("%s is there twice", name.str().c_str());
  }
  return arrays;
}

static std::string writeNpy(const Array &array) {
  StringRef type = "f4";
  for (auto &[name, element] : typeNames)
    if (element == array.element)
      type = name;
  std::string shape;
  for (int64_t size : array.shape)
    shape += std::to_string(size) + ", ";
  std::string header = ("{'descr': '" + Twine(sizeOf(array.element) == 1 ? "|" : "<") + type +
                        "', 'fortran_order': False, 'shape': (" + StringRef(shape).rtrim() + "), }")
                           .str();
  header.append(63 - (header.size() + 10) % 64, ' ');
  header += '\n';
  char length[2];
  write16le(length, header.size());
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.append(length, 2);
  bytes += header;
  bytes.append(array.bytes.data(), array.bytes.size());
  return bytes;
}

Expected<std::string> writeNpz(const Arrays &arrays, uint64_t most) {
  std::string bytes, directory;
  auto put = [](std::string &to, uint64_t value, int width) {
    for (int i = 0; i < width; ++i)
      to += static_cast<char>(value >> (8 * i));
  };
  for (auto &[plain, array] : arrays) {
    std::string name = plain + ".npy", data = writeNpy(array), common;
    put(common, 20, 2);         // version needed
    put(common, 0, 4);          // no flags, stored
    put(common, 0x00210000, 4); // 1980-01-01, the earliest date a zip can say
    put(common, llvm::crc32(arrayRefFromStringRef(data)), 4);
    put(common, data.size(), 4);
    put(common, data.size(), 4);
    put(common, name.size(), 2);
    put(common, 0, 2);
    directory += StringRef("PK\x01\x02\x14\x00", 6).str() + common;
    put(directory, 0, 6); // no comment, first disk, no attributes
    put(directory, 0, 4);
    put(directory, bytes.size(), 4);
    directory += name;
    bytes += StringRef("PK\x03\x04", 4).str() + common + name + data;
    if (bytes.size() > most)
      return makeError("more than %llu bytes, which an NPZ cannot hold: JSON lines can, or fewer examples at a time",
                       static_cast<unsigned long long>(most));
  }
  size_t at = bytes.size();
  bytes += directory + StringRef("PK\x05\x06\0\0\0\0", 8).str();
  put(bytes, arrays.size(), 2);
  put(bytes, arrays.size(), 2);
  put(bytes, directory.size(), 4);
  put(bytes, at, 4);
  put(bytes, 0, 2);
  return bytes;
}

} // namespace rondo
