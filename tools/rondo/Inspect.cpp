// `rondo inspect`: what is in a library, a manifest, a weights file.
#include "runtime/src/image.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "tools/support/Library.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo {

static std::string sha256(StringRef bytes) {
  auto digest = SHA256::hash(arrayRefFromStringRef(bytes));
  return toHex(digest, /*LowerCase=*/true);
}

/// What the dynamic linker will look for, and how many symbols a program may link to.
static void readElf(StringRef bytes, json::Object &facts) {
  auto file = object::ObjectFile::createObjectFile(MemoryBufferRef(bytes, "library"));
  if (!file)
    return consumeError(file.takeError());
  auto *elf = dyn_cast<object::ELF64LEObjectFile>(file->get());
  if (!elf)
    return;
  json::Array needed;
  int64_t exported = 0;
  for (const object::ELFSymbolRef &symbol : elf->getDynamicSymbolIterators()) {
    auto flags = symbol.getFlags();
    if (!flags)
      consumeError(flags.takeError());
    else
      exported += !(*flags & object::SymbolRef::SF_Undefined) && (*flags & object::SymbolRef::SF_Global);
  }
  auto entries = elf->getELFFile().dynamicEntries();
  if (!entries)
    return consumeError(entries.takeError());
  uint64_t strings = 0;
  for (const auto &entry : *entries)
    if (entry.d_tag == ELF::DT_STRTAB)
      strings = entry.d_un.d_val;
  for (const auto &entry : *entries)
    if (entry.d_tag == ELF::DT_NEEDED) {
      auto text = elf->getELFFile().toMappedAddr(strings + entry.d_un.d_val);
      if (text)
        needed.push_back(std::string(reinterpret_cast<const char *>(*text))); // outlives the file's bytes
      else
        consumeError(text.takeError());
    }
  facts["needs"] = std::move(needed);
  facts["exported_symbols"] = exported;
}

static std::string joined(const json::Array *list) {
  std::string text;
  for (const json::Value &value : list ? *list : json::Array())
    text += (text.empty() ? "" : " ") + value.getAsString().value_or("").str();
  return text;
}

static void printManifest(const json::Object &manifest) {
  auto text = [&](StringRef key) { return manifest.getString(key).value_or("?"); };
  outs() << formatv("model {0}, abi {1}, by {2}, for {3}\n", text("name"), manifest.getInteger("abi").value_or(0),
                    text("compiler"), joined(manifest.getArray("targets")));
  if (const json::Object *weights = manifest.getObject("weights")) {
    bool embedded = weights->getBoolean("embedded").value_or(false);
    outs() << grouped(manifest.getInteger("parameters").value_or(0)) << " parameters; weights: "
           << (embedded                     ? "inside"
               : weights->getString("file") ? "in " + weights->getString("file")->str() + " beside the library"
                                            : "given to open")
           << ", " << humanBytes(weights->getInteger("packed_bytes").value_or(0)) << " packed\n";
  }
  if (const json::Object *constants = manifest.getObject("constants"); constants && !constants->empty()) {
    std::string list;
    for (auto &[name, value] : *constants)
      list += " " + name.str() + "=" + std::to_string(value.getAsInteger().value_or(0));
    outs() << "sizes" << list << "\n";
  }
  for (const json::Value &value : manifest.getArray("exports") ? *manifest.getArray("exports") : json::Array())
    if (const json::Object *fn = value.getAsObject())
      outs() << "  " << fn->getString("signature").value_or(fn->getString("name").value_or("?")) << "\n";
}

static json::Object describe(const Arrays &arrays) {
  json::Array tensors;
  int64_t elements = 0, bad = 0;
  for (auto &[name, array] : arrays) {
    double least = INFINITY, most = -INFINITY;
    int64_t odd = 0;
    for (int64_t i = 0, n = array.count(); i < n; ++i) {
      double value = array.at(i);
      odd += !std::isfinite(value);
      least = std::min(least, value);
      most = std::max(most, value);
    }
    elements += array.count();
    bad += odd;
    json::Object tensor{
        {"name", name}, {"element", nameOf(array.element)}, {"shape", json::Array(array.shape)}, {"not_finite", odd}};
    if (least <= most && !odd) {
      tensor["least"] = least;
      tensor["most"] = most;
    }
    tensors.push_back(std::move(tensor));
  }
  return json::Object{
      {"kind", "weights"}, {"elements", elements}, {"not_finite", bad}, {"tensors", std::move(tensors)}};
}

static void printTensors(const json::Object &facts) {
  for (const json::Value &value : *facts.getArray("tensors")) {
    const json::Object &tensor = *value.getAsObject();
    SmallVector<int64_t> shape;
    for (const json::Value &size : *tensor.getArray("shape"))
      shape.push_back(*size.getAsInteger());
    outs() << left_justify(printable(*tensor.getString("name")), 40) << " "
           << left_justify(*tensor.getString("element"), 5) << " " << left_justify(printShape(shape), 18);
    if (auto least = tensor.getNumber("least"))
      outs() << format("%11.4g .. %.4g", *least, *tensor.getNumber("most"));
    if (int64_t odd = *tensor.getInteger("not_finite"))
      outs() << " " << grouped(odd) << " not finite";
    outs() << "\n";
  }
  outs() << facts.getArray("tensors")->size() << " tensors, " << grouped(*facts.getInteger("elements"))
         << " elements\n";
}

/// The facts of one file, by its content.
static Expected<json::Object> inspectFile(const std::string &path, StringRef bytes) {
  if (bytes.starts_with("\x7f"
                        "ELF")) {
    auto library = CompiledLibrary::load(path);
    if (!library)
      return library.takeError();
    json::Object facts = std::move(*(*library)->manifest.getAsObject());
    facts["kind"] = "library";
    readElf(bytes, facts);
    return facts;
  }
  if (bytes.starts_with("!<arch>\n"))
    return json::Object{{"kind", "archive"}};
  if (bytes.starts_with("RONDOWTS") && bytes.size() >= sizeof(rondo_image)) {
    rondo_image header;
    memcpy(&header, bytes.data(), sizeof header);
    return json::Object{{"kind", "packed weights"},
                        {"version", header.version},
                        {"data_bytes", static_cast<int64_t>(header.data_size)},
                        {"layout", utohexstr(header.layout, /*LowerCase=*/true)},
                        {"whole", header.data_size + sizeof header == bytes.size()}};
  }
  if (bytes.starts_with("{")) {
    auto parsed = json::parse(bytes);
    if (!parsed)
      return parsed.takeError();
    json::Object *manifest = parsed->getAsObject();
    if (!manifest || !manifest->getArray("exports"))
      return makeError("this JSON is no manifest of a library");
    (*manifest)["kind"] = "manifest";
    return std::move(*manifest);
  }
  auto arrays = bytes.starts_with("PK") ? readNpz(bytes) : readSafetensors(bytes);
  if (!arrays)
    return makeError("neither a library, a manifest nor a weights file (%s)", toString(arrays.takeError()).c_str());
  return describe(*arrays);
}

int inspect(const Options &options) {
  json::Array all;
  int status = Yes;
  for (const std::string &path : options.files) {
    auto bytes = readBytes(path);
    if (!bytes)
      return fail(bytes.takeError());
    auto facts = inspectFile(path, *bytes);
    if (!facts) {
      status = fail(path + ": " + toString(facts.takeError()));
      continue;
    }
    (*facts)["path"] = path;
    (*facts)["bytes"] = static_cast<int64_t>(bytes->size());
    (*facts)["sha256"] = sha256(*bytes);
    if (options.json) {
      all.push_back(std::move(*facts));
      continue;
    }
    StringRef kind = *facts->getString("kind");
    outs() << path << ": " << kind << ", " << humanBytes(bytes->size()) << "\n";
    if (kind == "library" || kind == "manifest")
      printManifest(*facts);
    else if (kind == "weights")
      printTensors(*facts);
    else if (kind == "archive")
      outs() << "for a static link; its manifest is the .json beside it\n";
    else
      outs() << humanBytes(*facts->getInteger("data_bytes")) << " for the program with layout "
             << *facts->getString("layout") << (*facts->getBoolean("whole") ? "" : "; CUT OFF") << "\n";
    if (kind == "library")
      outs() << "needs " << joined(facts->getArray("needs")) << "; exports "
             << facts->getInteger("exported_symbols").value_or(0) << " symbols\n";
    outs() << "sha256 " << *facts->getString("sha256") << "\n";
  }
  if (options.json)
    outs() << formatv("{0:2}", json::Value(std::move(all))) << "\n";
  return status;
}

} // namespace rondo
