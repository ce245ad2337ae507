// Folders that leave nothing behind.
#include "codegen/library/TemporaryFolder.h"

#include "codegen/library/Parts.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace rondo {

namespace {
/// A path where a signal handler finds it: it is written before `taken` says so, and stays in its place.
struct Place {
  enum State { Free, Writing, Taken };
  std::atomic<int> state = Free;
  char path[512];
};
} // namespace

static Place places[16];

void removeTemporaryFolders() {
  // A signal handler must not list folders itself; another program may.
  const char *words[std::size(places) + 4] = {"rm", "-rf", "--"};
  size_t count = 3;
  for (const Place &place : places)
    if (place.state == Place::Taken)
      words[count++] = place.path;
  if (count == 3)
    return;
  pid_t child = vfork();
  if (!child) {
    execv("/bin/rm", const_cast<char *const *>(words));
    _exit(127);
  }
  int status;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
}

static void onInterrupt(int signal) {
  removeTemporaryFolders();
  std::signal(signal, SIG_DFL);
  raise(signal); // delivered when this returns, so that the process ends as it would have
}

Expected<TemporaryFolder> TemporaryFolder::create() {
  SmallString<128> path, among;
  if (std::error_code code = sys::fs::createUniqueDirectory("rondo", path)) {
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, among);
    return unavailable("cannot make a folder in " + among + " (TMPDIR names another place): " + code.message());
  }
  for (Place &place : places)
    if (int free = Place::Free;
        path.size() < sizeof place.path && place.state.compare_exchange_strong(free, Place::Writing)) {
      std::memcpy(place.path, path.c_str(), path.size() + 1);
      place.state = Place::Taken;
      break;
    }
  for (int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM}) {
    struct sigaction old;
    if (!sigaction(signal, nullptr, &old) && old.sa_handler == SIG_DFL)
      std::signal(signal, onInterrupt);
  }
  return TemporaryFolder(path.str().str());
}

TemporaryFolder::~TemporaryFolder() {
  if (path.empty())
    return;
  sys::fs::remove_directories(path);
  for (Place &place : places)
    if (place.state == Place::Taken && path == place.path)
      place.state = Place::Free;
}

std::string TemporaryFolder::file(StringRef name) const {
  SmallString<128> result(path);
  sys::path::append(result, name);
  return result.str().str();
}

} // namespace rondo
