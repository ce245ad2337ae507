// Opening libraries.
#include "tools/rondo/Open.h"
#include "tools/rondo/Build.h"
#include "tools/rondo/Terminal.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace rondo {

static std::string listExports(const CompiledLibrary &library) {
  std::string names;
  for (const Signature &fn : library.exports)
    names += (names.empty() ? "" : ", ") + fn.name;
  return names;
}

/// Weights too large to embed stand in the file that the manifest names, in the library's folder.
static std::string weightsBeside(const CompiledLibrary &library, StringRef path) {
  const json::Object *weights = library.manifest.getAsObject()->getObject("weights");
  auto name = weights ? weights->getString("file") : std::nullopt;
  if (!name)
    return "";
  SmallString<128> beside = sys::path::parent_path(path);
  sys::path::append(beside, *name);
  return sys::fs::exists(beside) ? beside.str().str() : "";
}

/// Whether there are none inside, and some are needed.
static bool needsWeights(const CompiledLibrary &library) {
  const json::Object &manifest = *library.manifest.getAsObject();
  const json::Object *weights = manifest.getObject("weights");
  const json::Array *cells = manifest.getArray("cells");
  return cells && !cells->empty() && !(weights && weights->getBoolean("embedded").value_or(false));
}

std::unique_ptr<CompiledLibrary> openExport(const Options &options, function_ref<bool(const Signature &)> suits,
                                            const Signature *&fn, int &status) {
  if (options.files.size() != 1) {
    status = fail("one library or model is expected (see `rondo " + options.command + " --help`)");
    return nullptr;
  }
  std::unique_ptr<CompiledLibrary> library = loadOrCompile(options, options.files[0], status);
  if (!library)
    return nullptr;
  std::vector<const Signature *> candidates;
  for (const Signature &one : library->exports)
    if (options.fn.empty() ? !suits || suits(one) : one.name == options.fn)
      candidates.push_back(&one);
  if (candidates.size() != 1) {
    std::string names = listExports(*library);
    status = fail(!options.fn.empty()  ? "no export `" + options.fn + "`; there are: " + names
                  : candidates.empty() ? "no export is of that kind; there are: " + names
                                       : "which fn? --fn is one of: " + names);
    return nullptr;
  }
  fn = candidates[0];
  std::string weights = options.weights.empty() ? weightsBeside(*library, options.files[0]) : options.weights;
  if (Error error = library->open(weights, options.threads)) {
    status = fail(toString(std::move(error)) + (weights.empty() && needsWeights(*library) ? ": --weights FILE" : ""));
    return nullptr;
  }
  return library;
}

} // namespace rondo
