// Files that appear whole or not at all.
#include "codegen/library/Parts.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

using namespace llvm;

namespace rondo {

Error failed(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

Error unavailable(const Twine &message) {
  return createStringError(std::make_error_code(std::errc::io_error), message);
}

Error writeFile(StringRef path, StringRef bytes) {
  auto temporary = sys::fs::TempFile::create(path + ".tmp-%%%%%%", sys::fs::all_read | sys::fs::all_write);
  if (!temporary)
    return unavailable("cannot write " + path + ": " + toString(temporary.takeError()));
  raw_fd_ostream out(temporary->FD, /*shouldClose=*/false);
  out << bytes;
  out.flush();
  if (std::error_code code = out.error()) {
    out.clear_error();
    consumeError(temporary->discard());
    return unavailable("cannot write " + path + ": " + code.message());
  }
  if (Error error = temporary->keep(path))
    return unavailable("cannot write " + path + ": " + toString(std::move(error)));
  return Error::success();
}

Expected<TemporaryFolder> TemporaryFolder::create() {
  SmallString<128> path;
  if (std::error_code code = sys::fs::createUniqueDirectory("rondo", path))
    return unavailable("cannot make a temporary folder: " + code.message());
  return TemporaryFolder(path.str().str());
}

TemporaryFolder::~TemporaryFolder() {
  if (!path.empty())
    sys::fs::remove_directories(path);
}

std::string TemporaryFolder::file(StringRef name) const {
  SmallString<128> result(path);
  sys::path::append(result, name);
  return result.str().str();
}

} // namespace rondo
