// `rondo bench`: how fast an export is on given lengths, beside the multiply-add ceiling measured in the same rounds
// (bench/peak.c, as bench/run.py does). With --peers it hands over to bench/run.py, where that is at hand.
#include "tools/rondo/Build.h"
#include "tools/rondo/Cost.h"
#include "tools/rondo/Open.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Random.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <numeric>
#include <time.h>

using namespace llvm;

extern "C" {
double peak_thread_v3(long steps);
double peak_pair_v3(long steps);
double peak_thread_v4(long steps);
double peak_pair_v4(long steps);
}

namespace rondo {

static double now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/// FLOPs a second of so many threads, now, in about a millisecond; 0 where nothing is known to compare with.
static double ceiling(unsigned threads) {
  constexpr long steps = 70000;
  if (threads > 2 || !runsHere("x86-64-v3"))
    return 0;
  bool wide = runsHere("x86-64-v4");
  return threads == 1 ? (wide ? peak_thread_v4 : peak_thread_v3)(steps) : (wide ? peak_pair_v4 : peak_pair_v3)(steps);
}

static double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/// `64`, `7,8,10` or `1..512` (spread evenly over the batch). Empty after a message.
static std::vector<int64_t> readLengths(StringRef text, int64_t batch) {
  std::vector<int64_t> lengths;
  int32_t first, last; // a session has no room for more
  auto [from, to] = text.split("..");
  if (from.size() != text.size()) {
    if (from.getAsInteger(10, first) || to.getAsInteger(10, last) || first < 1 || last < first)
      return {};
    // Neighbours differ, as in a batch that nobody sorted.
    for (int64_t i = 0; i < batch; ++i)
      lengths.push_back(first + int64_t(last - first) * ((i * 13) % batch) / std::max<int64_t>(batch - 1, 1));
    return lengths;
  }
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    if (part.getAsInteger(10, first) || first < 1)
      return {};
    lengths.push_back(first);
  }
  if (lengths.size() == 1)
    lengths.assign(batch, lengths[0]);
  return lengths;
}

/// Seeded values for every input, every axis with these lengths.
static Ragged makeBatch(const Signature &fn, ArrayRef<int64_t> lengths, uint64_t seed) {
  Ragged batch;
  batch.count = lengths.size();
  batch.lengths.assign(fn.given, std::vector<int64_t>(lengths.begin(), lengths.end()));
  Random random(seed);
  fillBatch(fn, batch, random);
  return batch;
}

static double evaluate(const Polynomial &cost, const Signature &fn, const Ragged &batch) {
  double total = 0;
  for (auto &[axes, factor] : cost)
    for (int64_t example = 0; example < batch.count; ++example) {
      double term = factor;
      for (const std::string &name : axes)
        for (auto [axis, lengths] : zip(fn.axes, batch.lengths))
          term *= axis.name == name ? lengths[example] : 1;
      total += term;
    }
  return total;
}

namespace {
struct Timing {
  unsigned threads;
  double seconds, best, peak; // medians; peak 0: not measured
  double share;               // median of the rounds' rate / ceiling
};
} // namespace

static Expected<Timing> measure(CompiledLibrary &library, const Signature &fn, Ragged &batch, double flops,
                                unsigned threads, unsigned rounds) {
  clockid_t clock = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  auto sample = [&](int repeat) -> Expected<double> {
    double start = now(clock);
    for (int i = 0; i < repeat; ++i)
      if (auto results = library.call(fn, batch); !results)
        return results.takeError();
    return (now(clock) - start) / repeat;
  };
  if (auto warm = sample(1); !warm)
    return warm.takeError();
  auto once = sample(1);
  if (!once)
    return once.takeError();
  int repeat = std::max(1, static_cast<int>(2e-3 / std::max(*once, 1e-7)));
  std::vector<double> seconds, peaks, shares;
  for (unsigned round = 0; round < rounds; ++round) {
    double before = ceiling(threads);
    auto warm = sample(1);
    auto took = sample(repeat);
    if (!warm || !took)
      return joinErrors(warm.takeError(), took.takeError());
    double peak = std::max(before, ceiling(threads));
    seconds.push_back(*took);
    peaks.push_back(peak);
    shares.push_back(peak ? flops / *took / peak : 0);
  }
  return Timing{threads, median(seconds), *std::min_element(seconds.begin(), seconds.end()), median(peaks),
                median(shares)};
}

/// bench/run.py of the source tree that this compiler was built in.
static int runPeers(const Options &options) {
  SmallString<256> script(sys::fs::getMainExecutable(nullptr, reinterpret_cast<void *>(&runPeers)));
  std::string self = script.str().str();
  sys::path::remove_filename(script);
  sys::path::append(script, "../../../bench/run.py");
  if (!sys::fs::exists(script))
    return fail("--peers needs bench/run.py of Rondo's sources, and this rondo stands alone");
  auto python = sys::findProgramByName("python3");
  if (!python)
    return fail("--peers needs python3 with NumPy and the peer's packages (bench/README.md)");
  StringRef row = sys::path::stem(options.files[0]);
  row.consume_front("lib");
  SmallVector<StringRef> arguments = {*python, script, row, "--peers", options.peers, "--rondo", self};
  std::string rounds = std::to_string(options.rounds);
  arguments.append({"--rounds", rounds});
  return sys::ExecuteAndWait(*python, arguments);
}

/// Random values for a library's cells, as a weights file, where the library has none; else empty.
static std::string seededWeights(const CompiledLibrary &library, uint64_t seed) {
  const json::Object &manifest = *library.manifest.getAsObject();
  const json::Object *own = manifest.getObject("weights");
  if (own && (own->getBoolean("embedded").value_or(false) || own->getString("file")))
    return "";
  Shapes cells;
  std::map<std::string, int64_t> whole;
  for (const json::Value &value : *manifest.getArray("cells")) {
    const json::Object &cell = *value.getAsObject();
    std::string name = cell.getString("name")->str();
    SmallVector<int64_t> shape;
    for (const json::Value &size : *cell.getArray("shape"))
      shape.push_back(*size.getAsInteger());
    cells[name] = shape;
    if (auto element = cell.getString("element"))
      whole[name] = *element == "bool" ? 2 : cell.getInteger("bound").value_or(0);
  }
  return writeSafetensors(randomWeights(cells, seed, whole));
}

static void printRow(const Timing &timing, double flops, int64_t rows) {
  auto column = [](bool known, double value) {
    return known ? formatv("{0,9:f1}", value).str() : std::string("        -");
  };
  outs() << format("%8u %9.3f %9.3f ", timing.threads, timing.seconds * 1e3, timing.best * 1e3)
         << right_justify(grouped(rows / timing.seconds), 12) << column(flops, flops / timing.seconds / 1e9)
         << column(timing.peak, timing.peak / 1e9) << column(flops && timing.peak, 100 * timing.share) << "\n";
}

int bench(const Options &options) {
  if (options.files.size() != 1)
    return fail("one model or library is expected (see `rondo bench --help`)");
  if (!options.peers.empty())
    return runPeers(options);
  const std::string &path = options.files[0];
  TemporaryFolder folder = scratch();
  std::unique_ptr<Model> model;
  std::string file = path;
  int status = Yes;
  if (StringRef(path).ends_with(".rondo")) {
    model = Model::read(options, path, status);
    if (!model || (status = buildBest(options, *model, folder.path, file)))
      return status;
  }
  Options how = options;
  how.files = {file};
  if (model) // which has taken the sizes
    how.settings.clear();
  const Signature *fn = nullptr;
  TemporaryFolder seeded = scratch();
  // Without weights of its own a library is measured with seeded ones: what they are does not change the time.
  auto loaded = CompiledLibrary::load(file);
  if (!loaded)
    return fail(loaded.takeError());
  if (std::string bytes = options.weights.empty() ? seededWeights(**loaded, options.seed) : ""; !bytes.empty()) {
    how.weights = seeded.path + "/weights.safetensors";
    if (Error error = writeBytes(how.weights, bytes))
      return fail(std::move(error));
  }

  json::Array rows;
  for (unsigned threads : options.threadCounts) {
    how.threads = threads;
    std::unique_ptr<CompiledLibrary> library = openExport(how, nullptr, fn, status);
    if (!library)
      return status;
    std::vector<int64_t> lengths = readLengths(options.lengths, options.largestBatch);
    if (lengths.empty())
      return fail("--lengths " + options.lengths + ": a length, a list (7,8,10) or a range (1..512) is expected");
    for (const PortAxis &axis : ArrayRef(fn->axes).take_front(fn->given))
      for (int64_t &length : lengths)
        length = axis.max ? std::min(length, axis.max) : length;
    if (!fn->given) // a row is an example
      lengths.assign(lengths.size(), 1);
    Ragged batch = makeBatch(*fn, lengths, options.seed);
    double flops = model ? evaluate(countFlops(model->function(fn->name)), *fn, batch) : 0;
    auto timing = measure(*library, *fn, batch, flops, threads, options.rounds);
    if (!timing)
      return fail(timing.takeError());
    int64_t total = std::accumulate(lengths.begin(), lengths.end(), int64_t(0));
    if (rows.empty() && !options.json) {
      auto [least, most] = std::minmax_element(lengths.begin(), lengths.end());
      outs() << fn->name << ": " << batch.count << " examples, lengths " << *least << " to " << *most << ", " << total
             << " rows";
      if (flops)
        outs() << formatv(", {0:f3} GFLOP", flops / 1e9);
      outs() << "\n threads        ms      best       rows/s  GFLOP/s  ceiling  % of it\n";
    }
    rows.push_back(json::Object{{"fn", fn->name},
                                {"threads", threads},
                                {"examples", batch.count},
                                {"rows", total},
                                {"flops", flops},
                                {"ms", timing->seconds * 1e3},
                                {"best_ms", timing->best * 1e3},
                                {"peak_gflops", timing->peak / 1e9},
                                {"share", timing->share}});
    if (!options.json)
      printRow(*timing, flops, total);
  }
  if (options.json)
    outs() << formatv("{0:2}", json::Value(json::Object{{"processor", sys::getHostCPUName()},
                                                        {"file", path},
                                                        {"rounds", options.rounds},
                                                        {"results", std::move(rows)}}))
           << "\n";
  return Yes;
}

} // namespace rondo
