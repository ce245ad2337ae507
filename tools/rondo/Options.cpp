// The command line, read by CLI11. CLI11 throws; this file alone is compiled with exceptions, and none leaves it.
#include "tools/rondo/Options.h"
#include "codegen/library/Version.h"
#include "tools/rondo/Terminal.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>
#include <cmath>
#include <sstream>

namespace rondo {

static constexpr const char *exits = "Exit status: 0 yes; 1 no (the model is wrong, results differ); 2 usage or files; "
                                     "101 a bug in rondo.";

static bool isSetting(const std::string &word) {
  size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    return false;
  for (char c : word.substr(0, equals))
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_')
      return false;
  return !std::isdigit(static_cast<unsigned char>(word[0]));
}

/// Files and sizes share the positional arguments; what looks like NAME=value is a size.
static void positionals(CLI::App *command, Options &options, const std::string &name, const std::string &what) {
  command
      ->add_option_function<std::vector<std::string>>(
          name,
          [&options](const std::vector<std::string> &words) {
            for (const std::string &word : words) {
              if (isSetting(word))
                options.settings.push_back({word.substr(0, word.find('=')), word.substr(word.find('=') + 1)});
              else
                options.files.push_back(word);
            }
          },
          what)
      ->required()
      ->type_name("");
}

/// An option that may be given several times takes one word each time: the next is the model.
static CLI::Option *oneEach(CLI::Option *option) { return option->allow_extra_args(false); }

/// CLI's own ranges let "nan" pass.
static const CLI::Validator notNegative(
    [](const std::string &text) {
      double number;
      bool right = CLI::detail::lexical_cast(text, number) && number >= 0 && std::isfinite(number);
      return right ? std::string() : text + ": a number is expected, 0 at least";
    },
    "");

/// What every command has; `footer` comes before what exit statuses mean.
static void common(CLI::App *command, Options &options, const std::string &footer = "") {
  command->add_flag("-q,--quiet", options.quiet, "Errors only");
  command->add_flag("-v,--verbose", options.verbose, "Say more");
  command->add_option("--color", options.color, "When to colour messages")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  command->footer(footer + exits);
}

/// What commands have that call a library.
static void calling(CLI::App *command, Options &options, const std::string &defaultFn) {
  command->add_option("--fn", options.fn, "The exported fn (default: " + defaultFn + ")")->type_name("NAME");
  command->add_option("--weights", options.weights, "Weights, where the library has none inside")->type_name("FILE");
  command->add_option("--threads", options.threads, "Threads in all")->check(CLI::Range(1, 256))->type_name("N");
}

static void targets(CLI::App *command, Options &options) {
  oneEach(command->add_option("--target", options.targets, "Processors to build for (default: x86-64-v3,x86-64-v4)"))
      ->delimiter(',')
      ->check(CLI::IsMember({"x86-64-v2", "x86-64-v3", "x86-64-v4"}));
  command
      ->add_option("--recurrences", options.recurrences, "What each thread has of a recurrence (default: the faster)")
      ->check(CLI::IsMember({"examples", "columns"}));
}

static void passes(CLI::App *command, Options &options) {
  oneEach(command->add_option("--load-pass-plugin", options.plugins, "A shared object with passes of your own"))
      ->type_name("FILE");
  command
      ->add_option("--pass-pipeline", options.pipeline,
                   "Instead of the compiler's passes: text or @FILE (`rondo-opt --print-pipeline` shows the default)")
      ->type_name("TEXT");
}

static constexpr const char *sizes = "The model, and sizes to replace: MODEL.rondo [NAME=value ...]";

static void addCheck(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("check", "Check model files: names, axes, sizes, recurrences");
  positionals(command, o, "model", "Model files (- is standard input), and sizes to replace: NAME=value");
  command->add_flag("--json", o.json, "Diagnostics as one JSON array on stdout");
  common(command, o);
}

static void addCompile(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("compile", "Compile a model to a native library with a C header");
  positionals(command, o, "model", sizes);
  command->add_option("-o,--output", o.output, "Folder for the library, or the file that --emit writes")
      ->type_name("PATH");
  command->add_option("--weights", o.weights, "Check, pack and embed these weights (safetensors)")->type_name("FILE");
  command->add_option("--name", o.name, "Name of the library (default: the model's, in lower case)")->type_name("NAME");
  command->add_option("--emit", o.emit, "Print one stage instead of building the library")
      ->check(CLI::IsMember({"equations", "rondo", "kernels", "loops", "llvm", "asm"}));
  passes(command, o);
  targets(command, o);
  common(command, o);
}

static void addRun(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("run", "Run an exported fn of a library (or of a model, compiled on the way)");
  positionals(command, o, "library", "libNAME.so or MODEL.rondo, and sizes to replace: NAME=value");
  calling(command, o, "the only one");
  command->add_option("-i,--input", o.input, "Inputs, NPZ or JSON lines (default: - , standard input)")
      ->type_name("FILE");
  command->add_option("-o,--output", o.output, "Results (default: standard output)")->type_name("FILE");
  command->add_option("--format", o.format, "Of the results (default: as the output's name says, else as the input)")
      ->check(CLI::IsMember({"npz", "jsonl"}));
  common(command, o,
         "JSON lines: one example a line, {\"text\": [72, 105], ...}; reals as nested lists.\n"
         "NPZ: each input's rows of all examples one after another, and NAME.offsets (batch + 1 row\n"
         "offsets) for every sequence axis; without offsets, one example.\n"
         "A value's sequence axes come first. Names that are not of the fn are refused.\n");
}

static void addVerify(CLI::App &app, Options &o) {
  auto *command =
      app.add_subcommand("verify", "Compare compiled code with the float64 interpreter on random ragged inputs");
  positionals(command, o, "model", "Model files, and sizes to replace: NAME=value");
  command->add_option("--against", o.against, "This library instead of one compiled on the way")->type_name("LIB");
  CLI::Range count(1, 65536);
  command->add_option("--inputs", o.count, "How many random batches (default: 200)")->check(count)->type_name("N");
  command->add_option("--longest", o.longest, "Longest sequence (default: 97)")->check(count)->type_name("N");
  command->add_option("--batch", o.largestBatch, "Largest batch (default: 9)")->check(count)->type_name("N");
  command->add_option("--seed", o.seed, "Of weights and inputs")->type_name("N");
  command->add_option("--bound", o.bound, "k of |difference| <= k * eps * scale (default: 8)")
      ->check(notNegative)
      ->type_name("K");
  command->add_option("--threads", o.threads, "The same bits on so many threads as on one (default: 2)")
      ->check(CLI::Range(2, 256))
      ->type_name("N");
  command->add_option("--fn", o.only, "This export only")->type_name("NAME");
  command->add_option("--inject", o.inject, "Make a mistake on purpose, which must be found: two parameters swapped")
      ->check(CLI::IsMember({"swap-gates"}));
  targets(command, o);
  common(command, o);
}

static void addExplain(CLI::App &app, Options &o) {
  auto *command =
      app.add_subcommand("explain", "What was fused, hoisted and formed at each line, what was not, and why");
  positionals(command, o, "model", "MODEL.rondo or a code (R0203), and sizes to replace: NAME=value");
  command->add_option("--html", o.html, "Write a report with pictures instead: one file, nothing else needed")
      ->type_name("FILE");
  passes(command, o);
  targets(command, o);
  common(command, o);
}

static void addImport(CLI::App &app, Options &o) {
  auto *command =
      app.add_subcommand("import", "Weights of PyTorch and Hugging Face models (safetensors, NPZ) for a model");
  positionals(command, o, "model", "MODEL.rondo, the weights file, and sizes to replace: NAME=value");
  command->add_option("--map", o.map, "Map file, or the name of one beside the model (maps/NAME.map)")
      ->required()
      ->type_name("FILE");
  command->add_option("--reference", o.reference, "Recorded inputs and outputs (NPZ): run the model, compare")
      ->type_name("FILE");
  command->add_option("--tolerance", o.tolerance, "Of --reference, relative to the largest output (default: 1e-5)")
      ->check(notNegative)
      ->type_name("X");
  command->add_option("--fn", o.fn, "The exported fn that the reference recorded (default: the only one)")
      ->type_name("NAME");
  command
      ->add_option("-o,--output", o.output, "The weights for the model (default: WEIGHTS name with .rondo.safetensors)")
      ->type_name("FILE");
  common(command, o);
}

static void addInit(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("init", "A weights file of initial values, as the model's initialisers say");
  positionals(command, o, "model", sizes);
  command->add_option("--seed", o.seed, "The same seed, the same values, on every machine (default: 1)")
      ->type_name("N");
  command->add_option("-o,--output", o.output, "The weights file (default: NAME.safetensors; - is stdout)")
      ->type_name("FILE");
  command->add_flag("--force", o.force, "Replace an existing file");
  common(command, o);
}

static void addFmt(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("fmt", "Write model files in the one form there is (no options), in place");
  command->add_option("files", o.files, "Model files or folders of them (- : standard input to standard output)")
      ->required()
      ->type_name("");
  command->add_flag("--check", o.check, "Write nothing; list the files that would change, and exit with 1 if any");
  common(command, o);
}

static void addInspect(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("inspect", "What is in a library, a manifest or a weights file");
  command->add_option("files", o.files, "libNAME.so, NAME.json, NAME.weights, safetensors, NPZ")
      ->required()
      ->type_name("");
  command->add_flag("--json", o.json, "Everything, as one JSON array on stdout");
  common(command, o);
}

static void addDoctor(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("doctor", "What is installed, what is missing, and the command that helps");
  command->add_flag("--json", o.json, "The same as JSON");
  common(command, o);
}

static void addScore(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("score", "The number that an export gives each example of a file, one a line");
  positionals(command, o, "library", "libNAME.so or MODEL.rondo, and sizes to replace: NAME=value");
  calling(command, o, "the only one with one number per example");
  command
      ->add_option("-i,--input", o.input,
                   "Lines of text, their bytes the tokens (several inputs between tabs), or "
                   "JSON lines (default: standard input)")
      ->type_name("FILE");
  command->add_flag("--json", o.json, "JSON lines, with the names of the results");
  common(command, o);
}

static void addBench(CLI::App &app, Options &o) {
  auto *command = app.add_subcommand("bench", "How fast an export is, beside the ceiling of this processor");
  positionals(command, o, "library", "MODEL.rondo (counts operations, too) or libNAME.so, and sizes: NAME=value");
  command->add_option("--fn", o.fn, "The exported fn (default: the only one)")->type_name("NAME");
  command->add_option("--lengths", o.lengths, "Of every axis: 64 (default), 7,8,10 or 1..512")->type_name("LENGTHS");
  command->add_option("--batch", o.largestBatch, "Examples (default: 9)")->check(CLI::Range(1, 65536))->type_name("N");
  oneEach(command->add_option("--threads", o.threadCounts, "Numbers of threads, as 1,2 (default: 1)"))
      ->delimiter(',')
      ->check(CLI::Range(1, 256));
  command->add_option("--rounds", o.rounds, "Rounds, of which the median counts (default: 11)")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  command->add_option("--seed", o.seed, "Of weights and inputs")->type_name("N");
  command->add_option("--weights", o.weights, "Weights (default: the library's, else seeded ones)")->type_name("FILE");
  command
      ->add_option(
          "--peers", o.peers,
          "Compare a model of bench/run.py with other systems (torch,onnxruntime,openvino); needs the source tree")
      ->type_name("NAMES");
  command->add_flag("--json", o.json, "Everything measured, as JSON on stdout");
  common(command, o);
}

/// The first word that is not an option; CLI11 would only say that "a subcommand is required".
static std::optional<int> unknownCommand(CLI::App &app, int argc, const char *const *argv) {
  std::vector<std::string> known;
  for (CLI::App *command : app.get_subcommands({}))
    known.push_back(command->get_name());
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.empty() || word[0] == '-')
      continue;
    if (std::find(known.begin(), known.end(), word) != known.end())
      return std::nullopt;
    return fail("no command `" + word + "`" + didYouMean(word, known) + " (`rondo --help` lists them)");
  }
  return std::nullopt;
}

std::optional<int> parseOptions(int argc, const char *const *argv, Options &options) {
  CLI::App app("Rondo compiles sequence models written as equations to native libraries.", "rondo");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("rondo ") + kCompilerVersion);
  app.footer("`rondo COMMAND --help` says more.\n" + std::string(exits));
  for (auto add : {addCheck, addCompile, addRun, addVerify, addExplain, addImport, addInit, addFmt, addInspect,
                   addDoctor, addScore, addBench})
    add(app, options);

  if (auto status = unknownCommand(app, argc, argv))
    return status;
  try {
    app.parse(argc, argv);
    CLI::App *command = app.get_subcommands().front();
    options.command = command->get_name();
    // Of a script whose variable is empty: `--weights "$W"` must not compile without weights.
    for (const CLI::Option *option : command->get_options())
      if (std::find(option->results().begin(), option->results().end(), "") != option->results().end())
        return fail(option->get_name() + ": the value is empty (see `rondo " + options.command + " --help`)");
    return std::nullopt;
  } catch (const CLI::Success &help) {
    std::ostringstream text;
    int status = app.exit(help, text);
    llvm::outs() << text.str();
    return status;
  } catch (const CLI::ExtrasError &) {
    // CLI11 lists every extra word in one sentence; the first one is enough, and its neighbour helps.
    CLI::App *command = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
    std::vector<std::string> known;
    for (const CLI::Option *option : command->get_options())
      for (const std::string &name : option->get_lnames())
        known.push_back("--" + name);
    std::string word = app.remaining(/*recurse=*/true).front();
    word = word.substr(0, word.find('='));
    return fail("unknown option `" + word + "`" + didYouMean(word, known) + " (`rondo " +
                (command == &app ? "" : command->get_name() + " ") + "--help` lists them)");
  } catch (const CLI::ParseError &error) {
    CLI::App *command = app.get_subcommands().empty() ? nullptr : app.get_subcommands().front();
    if (!command)
      return fail("which command? `rondo --help` lists them");
    return fail(std::string(error.what()) + " (see `rondo " + command->get_name() + " --help`)");
  }
}

} // namespace rondo
