// `rondo import`: weights under another system's names become a model's, by a map file, with every tensor accounted
// for.
//
// Names and shapes cannot see which gate is which, nor an equation that differs: only --reference, recorded inputs and
// outputs of the other system, lets this command say "ok".
#include "tools/rondo/Build.h"
#include "tools/rondo/Model.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Examples.h"
#include "tools/support/WeightMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;

namespace rondo {

static std::string mapIn(SmallString<128> folder, StringRef given) {
  sys::path::append(folder, "maps", given);
  if (!folder.ends_with(".map"))
    folder += ".map";
  return sys::fs::exists(folder) ? folder.str().str() : std::string();
}

/// `--map torch_lstm` is maps/torch_lstm.map beside the model or one folder up, or one of those installed with this
/// command; a file that exists is itself. Empty: there is none.
static std::string findMap(StringRef given, StringRef model) {
  if (sys::fs::exists(given) && !sys::fs::is_directory(given))
    return given.str();
  SmallString<128> folder(model);
  sys::fs::make_absolute(folder);
  for (int up = 0; up < 2; ++up) {
    sys::path::remove_filename(folder);
    if (std::string found = mapIn(folder, given); !found.empty())
      return found;
  }
  // PREFIX/bin/rondo, PREFIX/share/rondo/models.
  SmallString<128> installed(sys::fs::getMainExecutable(nullptr, nullptr));
  sys::path::remove_filename(installed);
  sys::path::append(installed, "..", "share", "rondo", "models");
  return mapIn(installed, given);
}

static void list(StringRef heading, ArrayRef<std::string> entries) {
  for (const std::string &entry : entries)
    outs() << heading << printable(entry) << "\n";
}

/// Runs the model with the imported weights on the recorded inputs. `worst`: max|a - b| / max|b| over the outputs.
static int compareWithReference(const Options &options, Model &model, const Arrays &weights, double &worst) {
  auto reference = readArrays(options.reference);
  if (!reference)
    return fail(reference.takeError());
  int status = Yes;
  TemporaryFolder folder = scratch();
  std::string file;
  if ((status = buildBest(options, model, folder.path, file)))
    return status;
  auto library = CompiledLibrary::load(file);
  if (!library)
    return fail(library.takeError());
  const Signature *fn = (*library)->find(options.fn);
  if (!fn)
    return fail(options.fn.empty() ? "which fn did the reference record? --fn NAME" : "no export `" + options.fn + "`");
  if (Error error = (*library)->openMemory(writeSafetensors(weights)))
    return fail(std::move(error));
  auto batch = batchFromArrays(*fn, *reference);
  if (!batch)
    return fail(options.reference + ": " + toString(batch.takeError()));
  if (!batch->count)
    return fail(options.reference + ": it holds no example, so nothing is compared");
  auto results = (*library)->call(*fn, *batch);
  if (!results)
    return fail(options.reference + ": " + toString(results.takeError()));
  bool any = false;
  for (auto [port, got] : zip_equal(fn->results, *results)) {
    auto found = reference->find(port.name);
    if (found == reference->end())
      continue;
    any = true;
    const Array &want = found->second;
    if (!fits(port, *batch, want.shape))
      return fail(formatv("{0}: {1} has shape {2}, the model gives {3}", options.reference, port.name,
                          printShape(want.shape), printShape(got.shape)),
                  No);
    double difference = 0, largest = 0;
    for (int64_t i = 0, e = got.count(); i < e; ++i) {
      double a = got.at(i), b = want.at(i), one = a == b ? 0 : std::fabs(a - b); // equal infinities agree
      difference = std::isnan(one) ? INFINITY : std::max(difference, one);
      if (std::isfinite(b))
        largest = std::max(largest, std::fabs(b));
    }
    double relative = difference / std::max(largest, 1e-30);
    worst = std::max(worst, relative);
    tell(options, formatv("{0}: max|a-b| / max|b| = {1:e}", port.name, relative).str());
  }
  if (!any)
    return fail(options.reference + ": it has none of the results of " + fn->name);
  return Yes;
}

int importCommand(const Options &options) {
  if (options.files.size() != 2)
    return fail("a model and a weights file are expected (see `rondo import --help`)");
  const std::string &path = options.files[0], &from = options.files[1];
  int status = Yes;
  std::unique_ptr<Model> model = Model::read(options, path, status);
  if (!model)
    return status;
  std::string mapPath = findMap(options.map, path);
  if (mapPath.empty())
    return fail("no map `" + options.map +
                "`: neither a file, nor in `maps` beside the model or one folder up, nor among the installed ones");
  auto text = readBytes(mapPath);
  if (!text)
    return fail(text.takeError());
  auto map = WeightMap::parse(mapPath, *text);
  if (!map)
    return fail(map.takeError());
  auto source = readArrays(from);
  if (!source)
    return fail(source.takeError());

  Import import = importWeights(*map, *source, model->cells(), model->whole());
  if (!options.quiet)
    list("", import.done);
  list("shape error: ", import.wrong);
  list("missing: ", import.missing);
  list("unused: ", import.unused);
  std::string counts = formatv("unused {0}  missing {1}  shape errors {2}", import.unused.size(), import.missing.size(),
                               import.wrong.size());
  if (!import.complete()) {
    outs() << counts << "\n";
    return fail("nothing written: the map and the model do not account for every tensor (`ignore NAME` in the map "
                "leaves one out)",
                No);
  }
  if (!options.reference.empty()) {
    double worst = 0, allowed = options.tolerance;
    if ((status = compareWithReference(options, *model, import.weights, worst)))
      return status;
    bool right = worst <= allowed;
    outs() << counts
           << format("   outputs vs %s: %.1e  %s\n", sys::path::filename(options.reference).str().c_str(), worst,
                     right ? "ok" : "DIFFERENT");
    if (!right)
      return fail(
          formatv("nothing written: the outputs differ by more than {0:e1} of the largest; gates in another order, "
                  "or equations that are not the other system's",
                  allowed),
          No);
  } else {
    outs() << counts << "   equations not compared (--reference)\n";
  }

  std::string to = options.output;
  if (to.empty()) {
    SmallString<128> name(from);
    sys::path::replace_extension(name, "rondo.safetensors");
    to = name.str().str();
  }
  if (Error error = writeBytes(to, writeSafetensors(import.weights)))
    return fail(std::move(error));
  note(options, "wrote " + to);
  return Yes;
}

} // namespace rondo
