// `rondo run`: an exported fn on inputs from a file.
#include "tools/rondo/Build.h"
#include "tools/rondo/Open.h"
#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Examples.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <numeric>

using namespace llvm;

namespace rondo {

static int64_t rowsOf(const Ragged &batch) {
  return batch.lengths.empty() ? batch.count
                               : std::accumulate(batch.lengths[0].begin(), batch.lengths[0].end(), int64_t(0));
}

int run(const Options &options) {
  int status = Yes;
  const Signature *fn = nullptr;
  std::unique_ptr<CompiledLibrary> library = openExport(options, nullptr, fn, status);
  if (!library)
    return status;

  auto input = readBytes(options.input);
  if (!input)
    return fail(input.takeError());
  bool npz = StringRef(*input).starts_with("PK");
  std::string form = options.format;
  if (form.empty())
    form = StringRef(options.output).ends_with(".npz")     ? "npz"
           : StringRef(options.output).ends_with(".jsonl") ? "jsonl"
           : npz                                           ? "npz"
                                                           : "jsonl";
  Ragged batch;
  if (npz) {
    auto arrays = readNpz(*input);
    if (!arrays)
      return fail(shownInput(options) + ": " + toString(arrays.takeError()));
    auto read = batchFromArrays(*fn, *arrays);
    if (!read)
      return fail(shownInput(options) + ": " + toString(read.takeError()));
    batch = std::move(*read);
  } else {
    SmallVector<StringRef> lines;
    StringRef(*input).rtrim().split(lines, '\n');
    if (lines.size() == 1 && lines[0].empty())
      lines.clear();
    auto read = batchFromJson(*fn, lines, 1);
    if (!read)
      return fail(shownInput(options) + ": " + toString(read.takeError()));
    batch = std::move(*read);
  }

  if (Error error = library->session(*fn, batch))
    return fail(std::move(error));
  Clock clock;
  auto results = library->call(*fn, batch);
  if (!results)
    return fail(results.takeError());
  double seconds = clock.seconds();

  std::string bytes;
  if (form == "npz") {
    auto written = writeNpz(arraysFromResults(*fn, batch, *results));
    if (!written)
      return fail("results: " + toString(written.takeError()));
    bytes = std::move(*written);
  } else {
    raw_string_ostream os(bytes);
    printJson(os, *fn, batch, *results);
  }
  if (Error error = writeBytes(options.output.empty() ? "-" : options.output, bytes))
    return fail(std::move(error));
  tell(options, fn->name + ": " + grouped(batch.count) + " examples, " + grouped(rowsOf(batch)) + " rows in " +
                    clock.text() + " (" + grouped(static_cast<int64_t>(rowsOf(batch) / std::max(seconds, 1e-9))) +
                    " rows/s)");
  return Yes;
}

} // namespace rondo
