#include "tools/support/Library.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;

namespace rondo {

int64_t Port::width() const {
  int64_t product = 1;
  for (int64_t size : shape)
    product *= size;
  return product;
}

int64_t Ragged::rows(const Port &value, int64_t example) const {
  int64_t product = 1;
  for (unsigned axis : value.axes)
    product *= lengths[axis][example];
  return product;
}

int64_t Ragged::before(const Port &value, int64_t example) const {
  int64_t sum = 0;
  for (int64_t i = 0; i < example; ++i)
    sum += rows(value, i);
  return sum;
}

void Ragged::measure(const Signature &fn) {
  lengths.resize(fn.given);
  for (const PortAxis &axis : drop_begin(fn.axes, fn.given)) {
    std::vector<int64_t> own;
    for (int64_t i = 0; i < count; ++i) {
      int64_t sum = axis.constant;
      for (auto [k, factor] : enumerate(axis.factors))
        sum += factor * lengths[k][i];
      own.push_back(std::max<int64_t>(sum, 0) / axis.divisor);
    }
    lengths.push_back(std::move(own));
  }
}

//===--- Loading --------------------------------------------------------===//

/// The model's name is what stands before `_manifest` among the exported functions, if it has sessions, too: a renamed
/// file works.
static Expected<std::string> findName(StringRef path) {
  auto file = object::ObjectFile::createObjectFile(path);
  if (!file)
    return makeError("%s is no library: %s", path.str().c_str(), toString(file.takeError()).c_str());
  auto *elf = dyn_cast<object::ELFObjectFileBase>(file->getBinary());
  StringSet<> functions;
  if (elf)
    for (const object::ELFSymbolRef &symbol : elf->getDynamicSymbolIterators()) {
      Expected<StringRef> name = symbol.getName();
      Expected<uint32_t> flags = symbol.getFlags();
      if (name && flags && !(*flags & object::SymbolRef::SF_Undefined) && symbol.getELFType() == ELF::STT_FUNC)
        functions.insert(*name);
      consumeError(name.takeError());
      consumeError(flags.takeError());
    }
  for (auto &entry : functions) {
    StringRef prefix = entry.getKey();
    if (prefix.consume_back("_manifest") && functions.contains((prefix + "_session_new").str()))
      return prefix.str();
  }
  return makeError("%s is not a library compiled by rondo: it exports no manifest", path.str().c_str());
}

void *CompiledLibrary::symbol(StringRef suffix) const { return dlsym(handle, (name + "_" + suffix).str().c_str()); }

Expected<std::unique_ptr<CompiledLibrary>> CompiledLibrary::load(StringRef path) {
  if (!sys::fs::exists(path))
    return makeError("cannot read %s: no such file", path.str().c_str());
  auto name = findName(path);
  if (!name)
    return name.takeError();
  std::unique_ptr<CompiledLibrary> library(new CompiledLibrary);
  library->name = *name;
  SmallString<128> absolute(path);
  sys::fs::make_absolute(absolute); // dlopen searches elsewhere for a name without a folder
  library->handle = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle)
    return makeError("cannot load %s: %s", path.str().c_str(), dlerror());
  auto manifest = reinterpret_cast<const char *(*)()>(library->symbol("manifest"));
  if (Error error = library->readManifest(manifest()))
    return makeError("%s: manifest: %s", path.str().c_str(), toString(std::move(error)).c_str());
  return std::move(library);
}

Expected<std::unique_ptr<CompiledLibrary>> CompiledLibrary::fromManifest(StringRef text) {
  std::unique_ptr<CompiledLibrary> library(new CompiledLibrary);
  if (Error error = library->readManifest(text))
    return std::move(error);
  return std::move(library);
}

CompiledLibrary::~CompiledLibrary() {
  close();
  if (handle)
    dlclose(handle);
}

//===--- The manifest ---------------------------------------------------===//

static Expected<Port> readValue(const json::Object &object, const Signature &fn) {
  Port value;
  value.name = object.getString("name").value_or("").str();
  StringRef element = object.getString("element").value_or("f32");
  value.real = element == "f32";
  value.isBool = element == "bool";
  auto findAxis = [&](StringRef name) {
    return static_cast<unsigned>(find_if(fn.axes, [&](const PortAxis &axis) { return axis.name == name; }) -
                                 fn.axes.begin());
  };
  if (const json::Array *axes = object.getArray("axes"))
    for (const json::Value &axis : *axes)
      value.axes.push_back(axis.getAsString() ? findAxis(*axis.getAsString()) : axis.getAsInteger().value_or(0));
  if (const json::Array *shape = object.getArray("shape"))
    for (const json::Value &size : *shape)
      value.shape.push_back(size.getAsInteger().value_or(1));
  if (auto axis = object.getString("bound"))
    value.bound = -1 - static_cast<int64_t>(findAxis(*axis));
  else
    value.bound = object.getInteger("bound").value_or(0);
  value.preset = object.getNumber("default");
  int64_t width = 1;
  for (int64_t size : value.shape)
    if (size < 0 || (size && width > INT64_MAX / size))
      return makeError("%s: the shape of %s is no shape", fn.name.c_str(), value.name.c_str());
    else
      width *= size;
  if (value.bound < 0 && static_cast<uint64_t>(-1 - value.bound) >= fn.axes.size())
    return makeError("%s: %s is bounded by an axis that the fn has not", fn.name.c_str(), value.name.c_str());
  for (unsigned axis : value.axes)
    if (axis >= fn.axes.size())
      return makeError("%s: %s names an axis that the fn has not", fn.name.c_str(), value.name.c_str());
  return value;
}

Error CompiledLibrary::readManifest(StringRef text) {
  auto parsed = parseJson(text);
  if (!parsed)
    return parsed.takeError();
  manifest = std::move(*parsed);
  const json::Object *root = manifest.getAsObject();
  const json::Array *list = root ? root->getArray("exports") : nullptr;
  if (!list)
    return makeError("it has no list of exports");
  if (const json::Array *names = root->getArray("targets"))
    for (const json::Value &target : *names)
      targets.push_back(target.getAsString().value_or("").str());
  if (const json::Array *names = root->getArray("axes"))
    for (const json::Value &axis : *names)
      axes.push_back(axis.getAsString().value_or("").str());
  for (const json::Value &entry : *list) {
    const json::Object *object = entry.getAsObject();
    if (!object)
      return makeError("an export is not an object");
    Signature &fn = exports.emplace_back();
    fn.name = object->getString("name").value_or("").str();
    if (const json::Array *own = object->getArray("axes"))
      for (const json::Value &axis : *own) {
        PortAxis &port = fn.axes.emplace_back();
        if (auto name = axis.getAsString()) {
          port.name = name->str();
        } else if (const json::Object *full = axis.getAsObject()) {
          port.name = full->getString("name").value_or("").str();
          port.least = full->getInteger("least").value_or(1);
          port.max = full->getInteger("max").value_or(0);
        }
      }
    fn.given = fn.axes.size();
    if (const json::Array *made = object->getArray("made_axes"))
      for (const json::Value &one : *made) {
        const json::Object *full = one.getAsObject();
        const json::Array *factors = full ? full->getArray("factors") : nullptr;
        if (!factors || factors->size() > fn.axes.size() || full->getInteger("divisor").value_or(1) < 1)
          return makeError("%s: an entry of made_axes cannot be understood", fn.name.c_str());
        PortAxis &axis = fn.axes.emplace_back();
        axis.name = full->getString("name").value_or("").str();
        axis.least = 0;
        axis.ofValue = full->getString("source") == "value";
        axis.returned = full->getBoolean("returned").value_or(false);
        axis.constant = full->getInteger("constant").value_or(0);
        axis.divisor = full->getInteger("divisor").value_or(1);
        for (const json::Value &factor : *factors)
          axis.factors.push_back(factor.getAsInteger().value_or(0));
      }
    for (auto [key, values] : {std::pair("inputs", &fn.inputs), std::pair("results", &fn.results)})
      if (const json::Array *array = object->getArray(key))
        for (const json::Value &one : *array) {
          if (!one.getAsObject())
            return makeError("%s: an entry of %s is not an object", fn.name.c_str(), key);
          auto value = readValue(*one.getAsObject(), fn);
          if (!value)
            return value.takeError();
          values->push_back(std::move(*value));
        }
  }
  return Error::success();
}

const Signature *CompiledLibrary::find(StringRef fn) const {
  for (const Signature &candidate : exports)
    if (candidate.name == fn || (fn.empty() && exports.size() == 1))
      return &candidate;
  return nullptr;
}

//===--- Calling --------------------------------------------------------===//

/// Its text says of itself what was called.
static Error failed(const rondo_error &error) {
  return makeError("%s (status %d)", error.text, static_cast<int>(error.code));
}

void CompiledLibrary::close() {
  if (current)
    reinterpret_cast<void (*)(void *)>(symbol("session_free"))(current);
  if (model)
    reinterpret_cast<void (*)(void *)>(symbol("close"))(model);
  current = model = nullptr;
}

static constexpr unsigned char kPoison = 0xFF;
/// Behind a result, where a strip that runs over its end would write.
static constexpr size_t kBeyond = 256;

static void *poisoned(void *, size_t size, size_t align) {
  void *memory = nullptr;
  if (posix_memalign(&memory, std::max(align, sizeof(void *)), size))
    return nullptr;
  return std::memset(memory, kPoison, size);
}

static rondo_config configure(unsigned threads, bool poison) {
  rondo_config config = {};
  config.size = sizeof config;
  config.threads = threads;
  if (poison) {
    config.alloc = poisoned;
    config.release = [](void *, void *memory, size_t, size_t) { free(memory); };
  }
  return config;
}

Error CompiledLibrary::open(StringRef path, unsigned threads) {
  close();
  auto open =
      reinterpret_cast<rondo_status (*)(void **, const char *, const rondo_config *, rondo_error *)>(symbol("open"));
  rondo_config config = configure(threads, poison);
  rondo_error error = {};
  std::string file = path.str();
  if (open(&model, file.empty() ? nullptr : file.c_str(), &config, &error))
    return failed(error);
  return Error::success();
}

Error CompiledLibrary::openMemory(StringRef bytes, unsigned threads) {
  close();
  auto open = reinterpret_cast<rondo_status (*)(void **, const void *, size_t, const rondo_config *, rondo_error *)>(
      symbol("open_memory"));
  rondo_config config = configure(threads, poison);
  rondo_error error = {};
  if (open(&model, bytes.data(), bytes.size(), &config, &error))
    return failed(error);
  return Error::success();
}

static std::vector<int64_t> limitsOf(ArrayRef<std::string> axes, const Signature &fn, const Ragged &batch) {
  std::vector<int64_t> limits = {batch.count};
  for (const std::string &axis : axes) {
    int64_t total = 0, longest = 0;
    for (auto [own, lengths] : zip(ArrayRef(fn.axes).take_front(fn.given), batch.lengths))
      if (own.name == axis)
        for (int64_t length : lengths) {
          total += length;
          longest = std::max(longest, length);
        }
    limits.push_back(total);
    limits.push_back(longest);
  }
  return limits;
}

Error CompiledLibrary::session(const Signature &fn, const Ragged &batch) {
  auto make = reinterpret_cast<rondo_status (*)(void **, void *, const void *, rondo_error *)>(symbol("session_new"));
  if (current)
    reinterpret_cast<void (*)(void *)>(symbol("session_free"))(current);
  current = nullptr;
  limits = limitsOf(axes, fn, batch);
  rondo_error error = {};
  if (make(&current, model, limits.data(), &error))
    return failed(error);
  return Error::success();
}

namespace {
/// A copy between two pages that nobody may read, which touches one of them.
class Fenced {
public:
  Fenced(ArrayRef<char> bytes, bool atFront) {
    size_t page = sysconf(_SC_PAGESIZE), room = alignTo(bytes.size(), page);
    size = room + 2 * page;
    base = static_cast<char *>(mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base == MAP_FAILED || (room && mprotect(base + page, room, PROT_READ | PROT_WRITE)))
      report_bad_alloc_error("no room for inputs");
    data = base + page + (atFront ? 0 : room - bytes.size());
    std::copy(bytes.begin(), bytes.end(), data);
  }
  Fenced(Fenced &&other) : base(std::exchange(other.base, nullptr)), data(other.data), size(other.size) {}
  ~Fenced() {
    if (base)
      munmap(base, size);
  }
  const void *get() const { return data; }

private:
  char *base, *data;
  size_t size;
};
} // namespace

Expected<std::vector<Array>> CompiledLibrary::call(const Signature &fn, Ragged &batch) {
  std::vector<int64_t> needed = limitsOf(axes, fn, batch);
  if (!current || (poison && calls++ % 2) ||
      any_of(zip_equal(needed, limits), [](auto pair) { return std::get<0>(pair) > std::get<1>(pair); }))
    if (Error error = session(fn, batch))
      return std::move(error);

  // { batch; offsets of each given axis; data of each input }, { data; count } per result, then offsets of returned
  // axes: words of eight bytes.
  batch.measure(fn);
  std::vector<std::vector<int64_t>> offsets;
  std::vector<const void *> in = {reinterpret_cast<const void *>(batch.count)};
  for (const std::vector<int64_t> &lengths : batch.lengths) {
    std::vector<int64_t> &ends = offsets.emplace_back(1, 0);
    for (int64_t length : lengths)
      ends.push_back(ends.back() + length);
  }
  for (const std::vector<int64_t> &ends : ArrayRef(offsets).take_front(fn.given))
    in.push_back(ends.data());
  std::vector<Fenced> fenced;
  for (const Array &input : batch.inputs)
    in.push_back(poison ? fenced.emplace_back(input.bytes, calls % 2).get() : input.bytes.data());

  std::vector<Array> results;
  for (const Port &value : fn.results) {
    SmallVector<int64_t> shape = {batch.before(value, batch.count)};
    shape.append(value.shape.begin(), value.shape.end());
    Array &array = results.emplace_back(Array{value.real ? Element::F32 : Element::I32, shape, {}});
    array.bytes.assign(array.count() * 4 + (poison ? kBeyond : 0), poison ? kPoison : 0);
  }
  std::vector<const void *> out;
  for (Array &array : results) {
    out.push_back(array.bytes.data());
    out.push_back(reinterpret_cast<const void *>(array.count()));
  }
  for (auto [axis, ends] : zip_equal(fn.axes, offsets))
    if (axis.returned)
      out.push_back(ends.data());
  auto entry = reinterpret_cast<rondo_status (*)(void *, const void *, const void *, rondo_error *)>(symbol(fn.name));
  if (!entry)
    return makeError("the library does not export %s_%s", name.c_str(), fn.name.c_str());
  rondo_error error = {};
  if (entry(current, in.data(), out.data(), &error))
    return failed(error);
  for (auto [value, array] : zip_equal(fn.results, results))
    if (any_of(ArrayRef(array.bytes).drop_front(array.count() * 4), [](char c) { return c != char(kPoison); }))
      return makeError("%s writes beyond the end of its result %s", fn.name.c_str(), value.name.c_str());
  // What was computed is known now: results hold no more than that.
  for (auto [axis, ends, lengths] : zip_equal(fn.axes, offsets, batch.lengths))
    if (axis.returned)
      for (int64_t i = 0; i < batch.count; ++i)
        lengths[i] = ends[i + 1] - ends[i];
  for (auto [value, array] : zip_equal(fn.results, results)) {
    array.shape[0] = batch.before(value, batch.count);
    array.bytes.resize(array.count() * 4);
  }
  return results;
}

} // namespace rondo
