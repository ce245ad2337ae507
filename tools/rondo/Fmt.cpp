// `rondo fmt`: sources in the one form that dsl/Format.h describes, in place, or (--check) only named.
#include "dsl/Format.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo {

/// A folder stands for every model file below it.
static Error findSources(const std::string &path, std::vector<std::string> &sources) {
  if (!sys::fs::is_directory(path)) {
    sources.push_back(path);
    return Error::success();
  }
  // Not the recursive iterator, which leaves out in silence what it cannot read. Links to folders are not followed.
  std::vector<std::string> found, folders = {path};
  while (!folders.empty()) {
    std::string folder = folders.back();
    folders.pop_back();
    std::error_code code;
    for (sys::fs::directory_iterator it(folder, code, /*follow_symlinks=*/false), end; it != end && !code;
         it.increment(code))
      if (it->type() == sys::fs::file_type::directory_file)
        folders.push_back(it->path());
      else if (StringRef(it->path()).ends_with(".rondo"))
        found.push_back(it->path());
    if (code)
      return createStringError(code, folder + ": " + code.message());
  }
  if (found.empty())
    return makeError("%s: no .rondo file below this folder", path.c_str());
  sort(found);
  append_range(sources, found);
  return Error::success();
}

int fmt(const Options &options) {
  std::vector<std::string> sources;
  for (const std::string &path : options.files)
    if (Error error = findSources(path, sources))
      return fail(std::move(error));
  int status = Yes;
  for (const std::string &path : sources) {
    auto text = readBytes(path);
    if (!text)
      return fail(text.takeError());
    std::string shown = path == "-" ? "<stdin>" : path;
    Source source(shown, std::move(*text));
    Diagnostics diagnostics;
    std::optional<std::string> result = format(source, diagnostics);
    if (!result && !diagnostics.hasErrors())
      return bug(shown + ": formatted, it would say something else; the file is as it was");
    if (!result) {
      diagnostics.print(errs(), wantsColor(options, /*forStdout=*/false));
      status = No;
      continue;
    }
    bool same = *result == source.text;
    if (options.check) {
      if (same)
        continue;
      outs() << shown << "\n";
      status = No;
    } else if (path == "-" || !same) {
      if (Error error = writeBytes(path, *result))
        return fail(std::move(error));
      if (path != "-")
        note(options, "formatted " + path);
    }
  }
  return status;
}

} // namespace rondo
