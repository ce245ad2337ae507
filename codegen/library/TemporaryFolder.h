// A folder for intermediate files.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace rondo {

/// Goes with this object, and with the process when a signal ends it (one that the program does not handle itself).
class TemporaryFolder {
public:
  static llvm::Expected<TemporaryFolder> create();
  TemporaryFolder(TemporaryFolder &&other) : path(std::move(other.path)) { other.path.clear(); }
  ~TemporaryFolder();
  std::string file(llvm::StringRef name) const;

  std::string path;

private:
  explicit TemporaryFolder(std::string path) : path(std::move(path)) {}
};

/// All there are, for who ends the process without destructors. May be called in a signal handler.
void removeTemporaryFolders();

} // namespace rondo
