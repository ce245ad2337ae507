// The `rondo` command: reads the command line and hands over to one command.
#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace rondo;

/// Results that did not get out (a full disk) are a failure, too.
static int finish(int status) {
  llvm::outs().flush();
  if (std::error_code error = llvm::outs().error()) {
    llvm::outs().clear_error();
    status = fail("cannot write standard output: " + error.message());
  }
  llvm::errs().clear_error();
  return status;
}

int main(int argc, char **argv) {
  reportBugs(argc, argv);
  // A closed stream's number must not become a file's: what is printed would end in it.
  if (std::error_code error = llvm::sys::Process::FixupStandardFileDescriptors())
    return fail("cannot open /dev/null: " + error.message());
  Options options;
  if (auto status = parseOptions(argc, argv, options))
    return finish(*status);
  static constexpr std::pair<const char *, int (*)(const Options &)> commands[] = {
      {"check", check},     {"compile", compile},      {"run", run},     {"verify", verify},
      {"explain", explain}, {"import", importCommand}, {"init", init},   {"fmt", fmt},
      {"inspect", inspect}, {"doctor", doctor},        {"score", score}, {"bench", bench}};
  for (auto [name, command] : commands)
    if (options.command == name)
      return finish(command(options));
  return bug("command " + options.command + " is listed but not built");
}
