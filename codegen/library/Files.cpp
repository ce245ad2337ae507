// Files that appear whole or not at all.
#include "codegen/library/Parts.h"

#include "llvm/Support/FileSystem.h"

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

} // namespace rondo
