// `rondo score`: the numbers that an export gives each example of a data file, one line each: log-probabilities,
// losses.
#include "tools/rondo/Open.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Examples.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <numeric>

using namespace llvm;

namespace rondo {

/// One real number per example, whatever the lengths.
static bool scores(const Signature &fn) {
  return all_of(fn.results, [](const Port &port) { return port.real && port.axes.empty() && port.shape.empty(); });
}

/// Plain text: a line is an example, its bytes the tokens; several inputs stand side by side, between tabs.
static Expected<Ragged> batchFromText(const Signature &fn, ArrayRef<StringRef> lines, size_t firstLine) {
  Ragged batch;
  batch.lengths.resize(fn.given);
  std::vector<std::vector<int32_t>> bytes(fn.inputs.size());
  for (const Port &port : fn.inputs)
    if (port.real || port.bound != 256 || port.axes.size() != 1 || !port.shape.empty())
      return makeError("`%s` is no sequence of bytes (token(256)[T]): give JSON lines, {\"%s\": [..]}",
                       port.name.c_str(), port.name.c_str());
  for (auto [i, line] : enumerate(lines)) {
    SmallVector<StringRef> fields;
    if (fn.inputs.size() == 1)
      fields.push_back(line);
    else
      line.split(fields, '\t');
    if (fields.size() != fn.inputs.size())
      return makeError("line %zu: %zu fields between tabs, and the fn has %zu inputs", firstLine + i, fields.size(),
                       fn.inputs.size());
    std::vector<int64_t> lengths(fn.axes.size(), -1);
    for (auto [port, field, into] : zip_equal(fn.inputs, fields, bytes)) {
      int64_t &length = lengths[port.axes[0]];
      if (length >= 0 && length != static_cast<int64_t>(field.size()))
        return makeError("line %zu: its fields differ in length, and %s is one axis", firstLine + i,
                         fn.axes[port.axes[0]].name.c_str());
      length = field.size();
      for (unsigned char byte : field)
        into.push_back(byte);
    }
    if (auto own = measureExample(fn, lengths); !own)
      return makeError("line %zu: %s", firstLine + i, toString(own.takeError()).c_str());
    for (auto [axis, length] : enumerate(ArrayRef(lengths).take_front(fn.given))) {
      if (length < fn.axes[axis].least || (fn.axes[axis].max && length > fn.axes[axis].max))
        return makeError("line %zu: %lld bytes; %s allows %lld .. %s", firstLine + i, static_cast<long long>(length),
                         fn.axes[axis].name.c_str(), static_cast<long long>(fn.axes[axis].least),
                         fn.axes[axis].max ? std::to_string(fn.axes[axis].max).c_str() : "any");
      batch.lengths[axis].push_back(length);
    }
    ++batch.count;
  }
  for (const std::vector<int32_t> &values : bytes)
    batch.inputs.push_back(Array::ofInts({static_cast<int64_t>(values.size())}, values));
  return batch;
}

int score(const Options &options) {
  int status = Yes;
  const Signature *fn = nullptr;
  std::unique_ptr<CompiledLibrary> library = openExport(options, scores, fn, status);
  if (!library)
    return status;
  if (!scores(*fn))
    return fail("`" + fn->name + "` gives no single number for an example; `rondo run` shows all of its results");
  auto input = readBytes(options.input);
  if (!input)
    return fail(input.takeError());
  SmallVector<StringRef> lines;
  StringRef text = *input;
  text.consume_back("\n");
  if (!text.empty())
    text.split(lines, '\n');
  bool json = !lines.empty() && lines[0].starts_with("{");

  Clock clock;
  std::vector<double> sums(fn->results.size());
  int64_t rows = 0;
  // In batches: the memory of a session grows with the rows in one call, and results do not depend on the batch.
  constexpr size_t most = 64;
  for (size_t first = 0; first < lines.size(); first += most) {
    ArrayRef<StringRef> some = ArrayRef(lines).slice(first, std::min(most, lines.size() - first));
    auto batch = json ? batchFromJson(*fn, some, first + 1) : batchFromText(*fn, some, first + 1);
    if (!batch)
      return fail(shownInput(options) + ": " + toString(batch.takeError()));
    auto results = library->call(*fn, *batch);
    if (!results)
      return fail(shownInput(options) + ", lines " + std::to_string(first + 1) + " to " +
                  std::to_string(first + some.size()) + ": " + toString(results.takeError()));
    for (int64_t i = 0; i < batch->count; ++i) {
      std::string line;
      for (auto [sum, array, port] : zip_equal(sums, *results, fn->results)) {
        sum += array.at(i);
        line += options.json ? (line.empty() ? "{\"" : ", \"") + port.name + "\": " + printNumber("%.7f", array.at(i))
                             : (line.empty() ? "" : "\t") + printNumber("%.4f", array.at(i));
      }
      outs() << line << (options.json ? "}\n" : "\n");
    }
    if (!batch->lengths.empty())
      rows += std::accumulate(batch->lengths[0].begin(), batch->lengths[0].end(), int64_t(0));
  }
  std::string means;
  for (auto [sum, port] : zip_equal(sums, fn->results))
    means += formatv(", {0} {1:f4} a line, {2:f4} a row", port.name, lines.empty() ? 0 : sum / lines.size(),
                     rows ? sum / rows : 0)
                 .str();
  note(options,
       fn->name + ": " + grouped(lines.size()) + " lines, " + grouped(rows) + " rows in " + clock.text() + means);
  return Yes;
}

} // namespace rondo
