#include "tests/random/Trial.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;

namespace rondo::random_programs {

/// Names in backquotes, numbers and places out of a message.
static std::string plain(StringRef message) {
  std::string text;
  bool quoted = false;
  size_t code = message.starts_with("error[") ? message.find(']') : 0; // which says most
  for (size_t i = 0; i < message.size(); ++i) {
    char c = message[i];
    if (c == '`' || c == '\'') {
      bool closes = quoted, opens = !quoted && message.find(c, i + 1) != StringRef::npos;
      if (opens)
        text += "`..`";
      if (closes || opens)
        quoted = opens;
      continue;
    }
    if (quoted)
      continue;
    if (!isDigit(c) || i < code)
      text += c;
    else if (!StringRef(text).ends_with("#"))
      text += '#';
  }
  return text;
}

static void judge(Outcome &outcome, int status) {
  SmallVector<StringRef> lines;
  StringRef(outcome.said).split(lines, '\n');
  std::string error;
  bool built = false;
  for (StringRef line : lines) {
    size_t reason = line.find("not built yet");
    if (reason != StringRef::npos)
      outcome.refusals.push_back(
          plain(line.contains("not built yet: ") ? line.drop_front(reason + 15) : line.substr(line.find("error") + 7)));
    built |= line.ends_with("  ok");
    size_t at = line.find("error");
    if (error.empty() && at != StringRef::npos)
      error = line.drop_front(at).str();
    for (StringRef wrong : {"differs from the interpreter", "has other bits on 2 threads", "has other bits alone"})
      if (line.contains(wrong))
        outcome.signature = wrong.str();
  }
  if (WIFSIGNALED(status)) {
    outcome.kind = Outcome::Finding;
    int signal = WTERMSIG(status);
    outcome.signature = signal == SIGALRM || signal == SIGXCPU || signal == SIGKILL
                            ? "takes too long"
                            : "crash, signal " + std::to_string(signal);
    if (!error.empty())
      outcome.signature += ": " + plain(error);
  } else if (WEXITSTATUS(status) == 0) {
    outcome.kind = built ? Outcome::Right : Outcome::Refused;
  } else if (outcome.signature.empty() && StringRef(error).contains("not built yet")) {
    outcome.kind = Outcome::Refused;
  } else {
    outcome.kind = Outcome::Finding;
    if (outcome.signature.empty())
      outcome.signature = plain(error.empty() ? "no answer" : error);
  }
}

std::string Trial::words() const {
  std::string text = " --inputs " + std::to_string(batches) + " --longest " + std::to_string(longest) + " --batch " +
                     std::to_string(largestBatch);
  if (threads)
    text += " --threads " + std::to_string(threads);
  if (!recurrences.empty())
    text += " --recurrences " + recurrences;
  for (const std::string &target : targets)
    text += " --target " + target;
  return text.substr(1);
}

Outcome Trial::run(const std::string &text) const {
  Outcome outcome;
  SmallString<128> folder;
  if (sys::fs::createUniqueDirectory("rondo-random", folder)) {
    outcome.kind = Outcome::Finding;
    outcome.signature = "no temporary folder";
    return outcome;
  }
  std::string path = (folder + "/program.rondo").str(), said = (folder + "/said").str();
  Clock clock;
  if (Error error = writeBytes(path, text)) {
    outcome.kind = Outcome::Finding;
    outcome.signature = toString(std::move(error));
    return outcome;
  }
  outs().flush();
  pid_t child = fork();
  if (child == 0) {
    int file = open(said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    setenv("TMPDIR", folder.c_str(), 1); // what a crash leaves behind goes with the folder
    // Of its own time, since the machine may be busy; waiting for nothing has an end, too.
    rlimit cpu{limit, limit};
    setrlimit(RLIMIT_CPU, &cpu);
    alarm(limit * 10);
    Options options;
    options.command = "verify";
    options.color = "never";
    options.files = {path};
    options.count = batches;
    options.longest = longest;
    options.largestBatch = largestBatch;
    options.seed = seed;
    if (!targets.empty())
      options.targets = targets;
    options.recurrences = recurrences;
    if (threads)
      options.threads = threads;
    int status = verify(options);
    outs().flush();
    errs().flush();
    _exit(status);
  }
  int status = 0;
  waitpid(child, &status, 0);
  outcome.seconds = clock.seconds();
  if (auto bytes = readBytes(said))
    outcome.said = *bytes;
  else
    consumeError(bytes.takeError());
  // Messages name the program, not where it happened to lie.
  for (size_t at; (at = outcome.said.find(path)) != std::string::npos;)
    outcome.said.replace(at, path.size(), "program.rondo");
  sys::fs::remove_directories(folder);
  judge(outcome, status);
  return outcome;
}

} // namespace rondo::random_programs
