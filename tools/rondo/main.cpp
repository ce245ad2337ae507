// The `rondo` command: reads the command line and hands over to one command.
#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"

using namespace rondo;

int main(int argc, char **argv) {
  reportBugs(argc, argv);
  Options options;
  if (auto status = parseOptions(argc, argv, options))
    return *status;
  static constexpr std::pair<const char *, int (*)(const Options &)> commands[] = {
      {"check", check},     {"compile", compile},      {"run", run},     {"verify", verify},
      {"explain", explain}, {"import", importCommand}, {"init", init},   {"fmt", fmt},
      {"inspect", inspect}, {"doctor", doctor},        {"score", score}, {"bench", bench}};
  for (auto [name, command] : commands)
    if (options.command == name)
      return command(options);
  return bug("command " + options.command + " is listed but not built");
}
