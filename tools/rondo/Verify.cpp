// `rondo verify`: compiled code against the float64 interpreter, through the library's public interface.
//
// Both sides get the same seeded weights and the same random ragged batches. An element is right when it differs by at
// most k * eps * scale, where the scale is the interpreter's, and, where the scale is large, by no more than 1e-4 of
// its result's largest. Beside that every example must have the same bits alone, in its batch, and on several threads.
#include "ir/Axes.h"
#include "tools/rondo/Build.h"
#include "tools/rondo/Model.h"
#include "tools/rondo/Oracle.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Random.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <numeric>

using namespace llvm;

namespace rondo {

static constexpr double gross = 1e-4; // of a result's largest value

namespace {
/// One build of the model, opened twice: the caller alone, and several threads.
struct Subject {
  std::string label;
  std::unique_ptr<CompiledLibrary> one, several;
  double worst = 0, relative = 0;
};

/// The verification of one export of one model.
class Verifying {
public:
  Verifying(const Options &options, Model &model, std::vector<Subject> &subjects, const Cells &cells,
            const Signature &fn)
      : options(options), model(model), subjects(subjects), cells(cells), fn(fn), function(model.function(fn.name)),
        bound(options.bound), threads(std::max(options.threads, 2u)) {}

  int run();

private:
  int oneBatch(Ragged &batch);
  int invariance(Subject &subject, Ragged &batch, ArrayRef<Array> results);
  int call(CompiledLibrary &library, Ragged &batch, std::vector<Array> &results);
  bool fails(Subject &subject, Ragged &batch, int64_t &example, Comparison &comparison);
  void describe(Subject &subject, Ragged &batch, int64_t example);
  std::string lengths(const Ragged &batch) const;
  std::string place(const Ragged &batch, int64_t example, const Comparison &comparison) const;

  const Options &options;
  Model &model;
  std::vector<Subject> &subjects;
  const Cells &cells;
  const Signature &fn;
  mlir::func::FuncOp function;
  double bound;
  unsigned threads;
  int64_t examples = 0, elements = 0, undecided = 0;
  std::vector<std::pair<int64_t, int64_t>> range; // of the lengths seen, per axis
};
} // namespace

//===--- Reporting ------------------------------------------------------===//

std::string Verifying::lengths(const Ragged &batch) const {
  std::string text = formatv("batch {0}", batch.count);
  for (auto [axis, own] : zip_equal(fn.axes, batch.lengths)) {
    text += ", " + axis.name + " =";
    for (int64_t length : own)
      text += " " + std::to_string(length);
  }
  return text;
}

std::string Verifying::place(const Ragged &batch, int64_t example, const Comparison &comparison) const {
  const Port &port = fn.results[comparison.result];
  SmallVector<int64_t> shape, index;
  for (unsigned axis : port.axes)
    shape.push_back(batch.lengths[axis][example]);
  shape.append(port.shape.begin(), port.shape.end());
  int64_t rest = comparison.element;
  for (int64_t size : reverse(shape)) {
    index.insert(index.begin(), size ? rest % size : 0);
    rest = size ? rest / size : 0;
  }
  return port.name + (index.empty() ? "" : printShape(index));
}

//===--- Comparing ------------------------------------------------------===//

int Verifying::call(CompiledLibrary &library, Ragged &batch, std::vector<Array> &results) {
  auto called = library.call(fn, batch);
  if (!called)
    return fail(model.path + ": " + toString(called.takeError()) + " (" + lengths(batch) + ")", No);
  results = std::move(*called);
  return Yes;
}

/// Whether some example of the batch is wrong, and which one. Trouble of the interpreter counts as no failure here.
bool Verifying::fails(Subject &subject, Ragged &batch, int64_t &example, Comparison &comparison) {
  std::vector<Array> results;
  auto expected = interpretBatch(function, cells, fn, batch);
  if (mlir::failed(expected) || call(*subject.one, batch, results))
    return false;
  for (example = 0; example < batch.count; ++example) {
    comparison = {};
    compare(fn, batch, example, results, (*expected)[example], bound, gross, comparison);
    if (comparison.failed)
      return true;
  }
  return false;
}

/// Says where the failure is, in the smallest case that still shows it: the example alone, then shorter.
void Verifying::describe(Subject &subject, Ragged &batch, int64_t example) {
  Ragged smallest = batch;
  int64_t at = example;
  Comparison comparison;
  int64_t failing;
  Ragged alone = sliceBatch(fn, batch, example, 1);
  if (fails(subject, alone, failing, comparison)) {
    smallest = alone;
    for (int64_t longest = 0; longest <= options.longest; longest += longest < 20 ? 1 : 5) {
      Ragged shorter = sliceBatch(fn, alone, 0, 1, longest);
      if (fails(subject, shorter, failing, comparison)) {
        smallest = shorter;
        break;
      }
    }
  }
  if (!fails(subject, smallest, at, comparison))
    return;
  outs() << formatv("  smallest case found: {0}; example {1}\n", lengths(smallest), at);
  outs() << format(
      "  %s is %.9g, should be %.9g: difference %.3g = %.3g * eps * scale; allowed %g, and %g of the largest\n",
      place(smallest, at, comparison).c_str(), comparison.got, comparison.want,
      std::fabs(comparison.got - comparison.want),
      std::fabs(comparison.got - comparison.want) / (kEpsilon * comparison.scale), bound, gross);
}

int Verifying::invariance(Subject &subject, Ragged &batch, ArrayRef<Array> results) {
  std::vector<Array> other;
  if (int status = call(*subject.several, batch, other))
    return status;
  for (auto [port, a, b] : zip_equal(fn.results, results, other))
    if (a.bytes != b.bytes) {
      outs() << formatv("{0} {1} {2}: result {3} has other bits on {4} threads ({5})\n", model.path, fn.name,
                        subject.label, port.name, threads, lengths(batch));
      return No;
    }
  if (batch.count < 2)
    return Yes;
  for (int64_t example = 0; example < batch.count; ++example) {
    Ragged alone = sliceBatch(fn, batch, example, 1);
    if (int status = call(*subject.one, alone, other))
      return status;
    for (auto [port, a, b] : zip_equal(fn.results, results, other)) {
      size_t first = batch.before(port, example) * port.width() * 4;
      if (std::memcmp(a.bytes.data() + first, b.bytes.data(), b.bytes.size())) {
        outs() << formatv("{0} {1} {2}: result {3} of example {4} has other bits alone than in its batch ({5})\n",
                          model.path, fn.name, subject.label, port.name, example, lengths(batch));
        return No;
      }
    }
  }
  return Yes;
}

int Verifying::oneBatch(Ragged &batch) {
  auto expected = interpretBatch(function, cells, fn, batch);
  if (mlir::failed(expected))
    return bug("the interpreter refuses " + fn.name + " (" + lengths(batch) + ")");
  for (Subject &subject : subjects) {
    std::vector<Array> results;
    if (int status = call(*subject.one, batch, results))
      return status;
    for (int64_t example = 0; example < batch.count; ++example) {
      Comparison comparison;
      compare(fn, batch, example, results, (*expected)[example], bound, gross, comparison);
      subject.worst = std::max(subject.worst, comparison.worst);
      subject.relative = std::max(subject.relative, comparison.relative);
      elements += comparison.elements;
      undecided += comparison.undecided;
      if (comparison.failed) {
        outs() << formatv("{0} {1} {2}: differs from the interpreter\n", model.path, fn.name, subject.label);
        outs() << formatv("  first seen: {0}; example {1}, {2}\n", lengths(batch), example,
                          place(batch, example, comparison));
        describe(subject, batch, example);
        return No;
      }
    }
    if (int status = invariance(subject, batch, results))
      return status;
  }
  return Yes;
}

/// Whether `port` has this type. Made axes may be called otherwise in a library.
static bool suits(const Signature &fn, const Port &port, mlir::Type type) {
  auto tensor = cast<mlir::RankedTensorType>(type);
  SmallVector<int64_t> shape;
  size_t axes = 0;
  for (int64_t d = 0; d < tensor.getRank(); ++d) {
    if (!tensor.isDynamicDim(d)) {
      shape.push_back(tensor.getDimSize(d));
      continue;
    }
    if (axes == port.axes.size())
      return false;
    unsigned axis = port.axes[axes++];
    if (axis < fn.given && fn.axes[axis].name != axisOf(tensor, d))
      return false;
  }
  mlir::Type element = tensor.getElementType();
  return axes == port.axes.size() && shape == port.shape && port.real == element.isF32() &&
         port.isBool == element.isInteger(1);
}

static bool suit(const Signature &fn, ArrayRef<Port> ports, mlir::TypeRange types) {
  return ports.size() == types.size() &&
         all_of_zip(ports, types, [&](const Port &port, mlir::Type type) { return suits(fn, port, type); });
}

int Verifying::run() {
  if (!function)
    return fail(model.path + ": the library exports " + fn.name + ", the model does not");
  // The interpreter reads what the model says: values of other types would be read beyond their end.
  if (!suit(fn, fn.inputs, function.getArgumentTypes()) || !suit(fn, fn.results, function.getResultTypes()))
    return fail(model.path + ": " + fn.name + " of the library has other inputs or results than the model's", No);
  for (Subject &subject : subjects)
    subject.worst = subject.relative = 0;
  range.assign(fn.axes.size(), {INT64_MAX, 0});
  Clock clock;
  double said = 0;
  for (unsigned n = 0; n < options.count; ++n) {
    Ragged batch = randomBatch(fn, {options.largestBatch, options.longest}, options.seed, n);
    examples += batch.count;
    if (int status = oneBatch(batch))
      return status;
    for (auto [seen, own] : zip_equal(range, batch.lengths))
      for (int64_t length : own)
        seen = {std::min(seen.first, length), std::max(seen.second, length)};
    if (clock.seconds() - said > 10) {
      said = clock.seconds();
      note(options,
           formatv("{0} {1}: {2}/{3} batches, {4}", model.path, fn.name, n + 1, options.count, clock.text()).str());
    }
  }
  if (!examples) {
    outs() << formatv("{0} {1}: no batch had an example, so nothing was compared; the first one is empty on purpose: "
                      "more --inputs, or a larger --longest\n",
                      model.path, fn.name);
    return No;
  }
  if (elements && undecided == elements) {
    outs() << formatv("{0} {1}: every result hangs on a choice too near a tie, so nothing was compared; make the sizes "
                      "or --longest smaller\n",
                      model.path, fn.name);
    return No;
  }
  std::string axes;
  for (auto [axis, seen] : zip_equal(fn.axes, range))
    axes += formatv(", {0} {1}..{2}", axis.name, seen.first, seen.second);
  outs() << formatv("{0} {1}: {2} batches, {3} examples{4}; worst", model.path, fn.name, options.count, examples, axes);
  for (Subject &subject : subjects)
    outs() << format(" %.2g", subject.worst) << (subject.label.empty() ? "" : " (" + subject.label + ")");
  outs() << format(" of %g eps*scale,", bound);
  for (Subject &subject : subjects)
    outs() << format(" %.1e", subject.relative);
  outs() << format(" of %g relative", gross);
  if (undecided)
    outs() << formatv(", {0} of {1} undecided", undecided, elements);
  outs() << formatv("; alone = batched = {0} threads  ok\n", threads);
  return Yes;
}

//===--- The command ----------------------------------------------------===//

/// Swaps two matrices of one shape (without such a pair: negates one) on the library's side only. Verify must then
/// fail, or it checks nothing.
static void injectSwap(Arrays &weights) {
  for (auto a = weights.begin(); a != weights.end(); ++a)
    for (auto b = std::next(a); b != weights.end(); ++b)
      if (a->second.shape == b->second.shape && a->second.shape.size() >= 2) {
        std::swap(a->second, b->second);
        return;
      }
  for (auto &[name, array] : weights)
    if (array.shape.size() >= 2) {
      std::vector<float> values = array.floats();
      for (float &value : values)
        value = -value;
      array = Array::ofFloats(array.shape, values);
      return;
    }
}

static int verifyModel(const Options &options, const std::string &path) {
  int status = Yes;
  std::unique_ptr<Model> model = Model::read(options, path, status);
  if (!model)
    return status;
  for (const ExportInfo &info : model->checked().exports)
    if (!info.built)
      note(options, path + ": left out " + info.name + ": " + info.reason);
  std::optional<TemporaryFolder> folder(scratch());
  std::vector<Subject> subjects;
  std::vector<std::pair<std::string, std::string>> builds; // label, library
  if (!options.against.empty())
    builds.push_back({"", options.against});
  else if ((status = buildEach(options, *model, folder->path, builds)))
    return status;
  Arrays weights = randomWeights(model->cells(), options.seed, model->whole(), model->positive());
  Cells cells = cellsOf(weights);
  if (!options.inject.empty())
    injectSwap(weights);
  std::string bytes = writeSafetensors(weights);
  for (auto &[label, file] : builds) {
    Subject &subject = subjects.emplace_back();
    subject.label = label;
    for (auto [place, threads] :
         {std::pair(&subject.one, 1u), std::pair(&subject.several, std::max(options.threads, 2u))}) {
      auto library = CompiledLibrary::load(file);
      if (!library)
        return fail(library.takeError());
      *place = std::move(*library);
      (*place)->poison = true;
      if (Error error = (*place)->openMemory(bytes, threads))
        return fail(path + ": " + toString(std::move(error)), No);
    }
  }
  folder.reset(); // loaded libraries live on: an interrupt leaves nothing behind
  bool any = false;
  for (const Signature &fn : subjects[0].one->exports) {
    if (!options.only.empty() && options.only != fn.name)
      continue;
    any = true;
    if ((status = Verifying(options, *model, subjects, cells, fn).run()))
      return status;
  }
  return any ? Yes : fail(path + ": no export `" + options.only + "`");
}

int verify(const Options &options) {
  if (options.files.empty())
    return fail("which model? (see `rondo verify --help`)");
  if (!options.against.empty() && options.files.size() > 1)
    return fail("--against takes one model");
  int worst = Yes;
  for (const std::string &path : options.files)
    if (int status = verifyModel(options, path)) {
      if (status != No)
        return status;
      worst = No;
    }
  return worst;
}

} // namespace rondo
