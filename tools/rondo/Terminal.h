// Manners of every command: results on stdout, everything else on stderr, colour only on a terminal.
#pragma once

#include "tools/rondo/Options.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rondo {

/// Colour for a stream, by --color, NO_COLOR and whether it is a terminal.
bool wantsColor(const Options &options, bool forStdout);

/// Names come from files: control characters, but for the ends of lines, must not reach a terminal.
std::string printable(const llvm::Twine &text);

/// `error: TEXT` on stderr. Returns `status`, so that a command can end with it.
int fail(const llvm::Twine &text, int status = Usage);
int fail(llvm::Error error, int status = Usage);

/// A line on stderr, unless --quiet; detail needs -v.
void note(const Options &options, const llvm::Twine &text);
void tell(const Options &options, const llvm::Twine &text);

/// What messages call the file of `-i`.
inline std::string shownInput(const Options &options) { return options.input == "-" ? "<stdin>" : options.input; }

/// A hint for a word that is not known: ", did you mean `check`?", or nothing.
std::string didYouMean(llvm::StringRef word, const std::vector<std::string> &known);

/// 12345678 -> `12,345,678`; 2412345 bytes -> `2.4 MB`.
std::string grouped(int64_t number);
std::string humanBytes(double bytes);

class Clock {
public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }
  /// `0.9 s`
  std::string text() const;

private:
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

/// On a terminal, what goes on and for how long, from the third second until this goes: `compiling nat.rondo, 5 s`.
/// The cursor stays before it, so that other output takes its place.
class Progress {
public:
  Progress(const Options &options, std::string what);
  ~Progress();

private:
  std::string what;
  Clock clock;
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  std::thread thread; // last: it reads the others
};

/// A crash or a failed internal check is a compiler bug: say so, name the command line that shows it, exit with 101.
/// Too little memory is none.
void reportBugs(int argc, const char *const *argv);

/// For a pass that fails without a diagnostic about the model: never the user's mistake.
int bug(const llvm::Twine &text);

} // namespace rondo
