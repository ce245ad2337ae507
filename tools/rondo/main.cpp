// The `rondo` command: reads the command line and hands over to one command.
#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
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

/// What is read must not be replaced: `rondo compile m.rondo --emit=asm -o m.rondo` would be the end of the model.
static int keepInputs(const Options &options) {
  std::vector<std::string> inputs = {options.weights, options.input, options.map, options.reference, options.against};
  llvm::append_range(inputs, options.files);
  llvm::append_range(inputs, options.plugins);
  for (const std::string &to : {options.output, options.html})
    for (const std::string &from : inputs)
      if (to != "-" && llvm::sys::fs::is_regular_file(to) && llvm::sys::fs::equivalent(to, from))
        return fail(to + " would be replaced, and it is read here; name another file to write");
  return Yes;
}

int main(int argc, char **argv) {
  reportBugs(argc, argv);
  // A closed stream's number must not become a file's: what is printed would end in it.
  if (std::error_code error = llvm::sys::Process::FixupStandardFileDescriptors())
    return fail("cannot open /dev/null: " + error.message());
  Options options;
  if (auto status = parseOptions(argc, argv, options))
    return finish(*status);
  if (int status = keepInputs(options))
    return finish(status);
  static constexpr std::pair<const char *, int (*)(const Options &)> commands[] = {
      {"check", check},     {"compile", compile},      {"run", run},     {"verify", verify},
      {"explain", explain}, {"import", importCommand}, {"init", init},   {"fmt", fmt},
      {"inspect", inspect}, {"doctor", doctor},        {"score", score}, {"bench", bench}};
  for (auto [name, command] : commands)
    if (options.command == name)
      return finish(command(options));
  return bug("command " + options.command + " is listed but not built");
}
