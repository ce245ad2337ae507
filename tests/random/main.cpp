// rondo-random: random programs against the interpreter, and smaller ones that fail alike. See docs/Testing.md.
#include "tests/random/Program.h"
#include "tests/random/Reduce.h"
#include "tests/random/Trial.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "tools/support/Random.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <map>
#include <unistd.h>

using namespace llvm;
using namespace rondo;
using namespace rondo::random_programs;

static const char usage[] = R"(rondo-random [--seed N] [--count N] [--features A,B] [--keep FOLDER] [--stop]
             [--batches N] [--longest N] [--threads N] [--recurrences HOW] [--targets A,B] [--vary] [--quiet]
    Writes programs from seed N on and verifies each. Says every minute how far it is; an interrupt ends it after the
    program at hand, with the counts.
      --features   only programs that have all of these (--list names them)
      --keep       writes what fails there: NAME.rondo and NAME.txt
      --vary       the seed also chooses --longest, --threads and --recurrences
      --stop       at the first that fails
rondo-random --print [--seed N] [--features A,B]
    Shows the program of a seed.
rondo-random --reduce FILE [--tries N] [-o FILE]
    The smallest program found that fails as FILE does.
)";

namespace {
struct Wish {
  uint64_t seed = 1;
  unsigned count = 100, tries = 3000;
  Features features;
  std::string keep, reduced, output = "-";
  bool print = false, stop = false, quiet = false, vary = false;
  Trial trial;
};

/// Counts over all programs of a run.
struct Tally {
  unsigned programs = 0, right = 0, refused = 0, findings = 0, exportsLeft = 0;
  double seconds = 0;
  std::map<std::string, unsigned> reasons, signatures;
  unsigned features[featureCount] = {};
};
} // namespace

static bool read(int argc, char **argv, Wish &wish) {
  for (int i = 1; i < argc; ++i) {
    StringRef word = argv[i];
    auto value = [&](auto &to) { return i + 1 < argc && !StringRef(argv[++i]).getAsInteger(10, to); };
    auto text = [&] { return i + 1 < argc ? StringRef(argv[++i]) : StringRef(); };
    bool good = true;
    if (word == "--seed")
      good = value(wish.seed);
    else if (word == "--count")
      good = value(wish.count);
    else if (word == "--tries")
      good = value(wish.tries);
    else if (word == "--batches")
      good = value(wish.trial.batches);
    else if (word == "--longest")
      good = value(wish.trial.longest);
    else if (word == "--threads")
      good = value(wish.trial.threads);
    else if (word == "--recurrences")
      wish.trial.recurrences = text();
    else if (word == "--vary")
      wish.vary = true;
    else if (word == "--keep")
      wish.keep = text();
    else if (word == "--reduce")
      wish.reduced = text();
    else if (word == "-o")
      wish.output = text();
    else if (word == "--print")
      wish.print = true;
    else if (word == "--stop")
      wish.stop = true;
    else if (word == "--quiet")
      wish.quiet = true;
    else if (word == "--targets") {
      for (StringRef target : split(text(), ','))
        wish.trial.targets.push_back(target.str());
    } else if (word == "--features") {
      for (StringRef name : split(text(), ',')) {
        auto feature = featureNamed(name);
        if (!(good = feature.has_value()))
          break;
        wish.features.set(static_cast<unsigned>(*feature));
      }
    } else if (word == "--list") {
      for (unsigned i = 0; i < featureCount; ++i)
        outs() << nameOf(static_cast<Feature>(i)) << "\n";
      exit(0);
    } else
      good = false;
    if (!good) {
      errs() << "error: `" << word << "`\n" << usage;
      return false;
    }
  }
  return true;
}

static void keep(const Wish &wish, const std::string &name, const Program &program, const Trial &trial,
                 const Outcome &outcome) {
  if (wish.keep.empty())
    return;
  sys::fs::create_directories(wish.keep);
  for (auto &[end, text] : {std::pair(".rondo", program.text),
                            std::pair(".txt", outcome.signature + "\n" + trial.words() + "\n" + outcome.said)})
    if (Error error = writeBytes(wish.keep + "/" + name + end, text))
      fail(std::move(error));
}

/// How the program of a seed is verified: mostly as it would be without --vary.
static Trial trialOf(const Wish &wish, uint64_t seed) {
  Trial trial = wish.trial;
  if (!wish.vary)
    return trial;
  Random random(~seed);
  static const char *const how[] = {"", "", "examples", "columns"};
  trial.recurrences = how[random.below(4)];
  trial.threads = 2 + (random.below(3) == 0 ? 1 + random.below(3) : 0);
  trial.longest = random.below(8) ? trial.longest : 3 * trial.longest;
  return trial;
}

static volatile std::sig_atomic_t interrupted = 0;

static int tryMany(const Wish &wish) {
  Tally tally;
  Clock clock;
  double said = 0;
  std::signal(SIGINT, [](int) { interrupted = 1; });
  for (unsigned i = 0; i < wish.count && !interrupted; ++i) {
    if (!wish.quiet && clock.seconds() - said > 60) {
      said = clock.seconds();
      errs() << i << " programs in " << clock.text() << ", " << tally.findings << " findings; next is seed "
             << wish.seed + i << "\n";
    }
    uint64_t seed = wish.seed + i;
    Program program = generate(seed, wish.features);
    for (unsigned f = 0; f < featureCount; ++f)
      tally.features[f] += program.features.test(f);
    Trial trial = trialOf(wish, seed);
    Outcome outcome = trial.run(program.text);
    ++tally.programs;
    tally.seconds += outcome.seconds;
    for (const std::string &reason : outcome.refusals)
      ++tally.reasons[reason];
    tally.right += outcome.kind == Outcome::Right;
    tally.refused += outcome.kind == Outcome::Refused;
    if (outcome.kind != Outcome::Finding)
      continue;
    ++tally.findings;
    outs() << "seed " << seed << ": " << outcome.signature << " (" << trial.words() << ")\n";
    if (!tally.signatures[outcome.signature]++ && !wish.quiet)
      outs() << outcome.said << "\n" << program.text << "\n";
    outs().flush();
    keep(wish, "seed" + std::to_string(seed), program, trial, outcome);
    if (wish.stop)
      break;
  }
  outs() << tally.programs << " programs in " << clock.text() << ": " << tally.right << " right, " << tally.refused
         << " refused as not built yet, " << tally.findings << " findings\n";
  outs() << "features (percent of programs):";
  for (unsigned f = 0; f < featureCount; ++f)
    outs() << (f % 7 ? "  " : "\n  ") << nameOf(static_cast<Feature>(f)) << " "
           << 100 * tally.features[f] / std::max(tally.programs, 1u);
  outs() << "\n";
  for (auto &[reason, times] : tally.reasons)
    outs() << format("%6u not built yet: ", times) << reason << "\n";
  for (auto &[signature, times] : tally.signatures)
    outs() << format("%6u finding: ", times) << signature << "\n";
  return tally.findings ? No : Yes;
}

static int reduceFile(const Wish &wish) {
  auto text = readBytes(wish.reduced);
  if (!text)
    return fail(text.takeError());
  Outcome first = wish.trial.run(*text);
  if (first.kind != Outcome::Finding)
    return fail(wish.reduced + ": nothing is wrong with it", No);
  errs() << first.signature << "\n";
  Reduction reduction = reduce(*text, wish.tries, [&](const std::string &candidate) {
    Outcome outcome = wish.trial.run(candidate);
    return outcome.kind == Outcome::Finding && outcome.signature == first.signature;
  });
  errs() << "tried " << reduction.tried << ", took " << reduction.taken << "; " << text->size() << " bytes became "
         << reduction.text.size() << "\n";
  if (Error error = writeBytes(wish.output, reduction.text))
    return fail(std::move(error));
  return Yes;
}

int main(int argc, char **argv) {
  Wish wish;
  if (argc == 2 && StringRef(argv[1]) == "--help") {
    outs() << usage;
    return Yes;
  }
  if (!read(argc, argv, wish))
    return Usage;
  if (wish.print) {
    outs() << generate(wish.seed, wish.features).text;
    return Yes;
  }
  return wish.reduced.empty() ? tryMany(wish) : reduceFile(wish);
}
