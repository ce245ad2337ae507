#include "tools/rondo/Terminal.h"
#include "codegen/library/TemporaryFolder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <unistd.h>

using namespace llvm;

namespace rondo {

bool wantsColor(const Options &options, bool forStdout) {
  if (options.color != "auto")
    return options.color == "always";
  const char *no = std::getenv("NO_COLOR");
  return !(no && *no) && isatty(forStdout ? STDOUT_FILENO : STDERR_FILENO);
}

std::string printable(const Twine &text) {
  std::string shown = text.str();
  for (char &c : shown)
    if ((static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') || c == 127)
      c = '?';
  return shown;
}

int fail(const Twine &text, int status) {
  errs() << "error: " << printable(text) << "\n";
  return status;
}

int fail(Error error, int status) { return fail(toString(std::move(error)), status); }

void note(const Options &options, const Twine &text) {
  if (!options.quiet)
    errs() << text << "\n";
}

void tell(const Options &options, const Twine &text) {
  if (options.verbose && !options.quiet)
    errs() << text << "\n";
}

std::string didYouMean(StringRef word, const std::vector<std::string> &known) {
  StringRef best;
  // Two slips of the finger, or a third of a longer word.
  unsigned least = std::max<unsigned>(2, word.size() / 3) + 1;
  for (const std::string &candidate : known) {
    unsigned distance = word.edit_distance(candidate, /*AllowReplacements=*/true, least);
    if (distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  }
  return best.empty() ? "" : ("; did you mean `" + best + "`?").str();
}

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > (number < 0); at -= 3)
    digits.insert(at, ",");
  return digits;
}

std::string humanBytes(double bytes) {
  const char *units[] = {"B", "KB", "MB", "GB", "TB"};
  int unit = 0;
  for (; bytes >= 1000 && unit < 4; ++unit)
    bytes /= 1000;
  std::string text;
  raw_string_ostream(text) << format(unit && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
  return text;
}

std::string Clock::text() const {
  std::string text;
  double past = seconds();
  raw_string_ostream(text) << format(past < 10 ? "%.2f s" : "%.1f s", past);
  return text;
}

static void say(const char *text) { (void)!write(STDERR_FILENO, text, std::strlen(text)); }

Progress::Progress(const Options &options, std::string what) : what(std::move(what)) {
  if (options.quiet || !isatty(STDERR_FILENO))
    return;
  thread = std::thread([this] {
    std::unique_lock<std::mutex> lock(mutex);
    auto past = std::chrono::seconds(2);
    while (!changed.wait_for(lock, past, [&] { return done; })) {
      past = std::chrono::seconds(1);
      say((formatv("\r\x1b[K{0}, {1:f0} s\r", printable(this->what), clock.seconds()).str()).c_str()); // in one piece
    }
    if (past == std::chrono::seconds(1))
      say("\x1b[K");
  });
}

Progress::~Progress() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    done = true;
  }
  changed.notify_all();
  if (thread.joinable())
    thread.join();
}

// What the signal handler may use: prepared before, because nothing may be allocated in it.
static std::string reproducer;

[[noreturn]] static void leave(int status) {
  removeTemporaryFolders();
  _exit(status);
}

static void onCrash(int signal) {
  say(signal == SIGSEGV ? "\nerror: rondo crashed (bad memory access)" : "\nerror: rondo crashed (internal check)");
  say("; this is a bug in rondo, not in your model\n");
  say(reproducer.c_str());
  leave(Bug);
}

static void onFatal(void *, const char *reason, bool) {
  say("error: internal: ");
  say(reason);
  say("; this is a bug in rondo, not in your model\n");
  say(reproducer.c_str());
  leave(Bug);
}

static void onNoMemory() {
  say("error: not enough memory\n");
  leave(Usage);
}

void reportBugs(int argc, const char *const *argv) {
  reproducer = "shown by:";
  for (int i = 0; i < argc; ++i)
    reproducer += std::string(" ") + argv[i];
  reproducer += "\n";
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    std::signal(signal, onCrash);
  install_fatal_error_handler(onFatal);
  std::set_new_handler(onNoMemory);
}

int bug(const Twine &text) {
  errs() << "error: internal: " << text << "; this is a bug in rondo, not in your model\n" << reproducer;
  return Bug;
}

} // namespace rondo
