#include "tools/support/Examples.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;

namespace rondo {

/// A misspelt name must not pass: where the input may be left out, it would be its default in silence.
static Error unknown(const Signature &fn, StringRef name) {
  std::string names;
  for (const Port &value : fn.inputs)
    names += (names.empty() ? "" : ", ") + value.name;
  return makeError("`%s` is no input of %s, which has: %s", name.str().c_str(), fn.name.c_str(), names.c_str());
}

/// Nor must a real that f32 has no room for become infinite.
static Error tooLarge(const std::string &name, double number) {
  return makeError("%s: %g is more than f32 has", name.c_str(), number);
}

bool fits(const Port &value, const Ragged &batch, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> packed = {batch.before(value, batch.count)}, own;
  packed.append(value.shape.begin(), value.shape.end());
  if (shape == ArrayRef(packed) || batch.count != 1)
    return shape == ArrayRef(packed);
  for (unsigned axis : value.axes)
    own.push_back(batch.lengths[axis][0]);
  own.append(value.shape.begin(), value.shape.end());
  return shape == ArrayRef(own);
}

//===--- NPZ ------------------------------------------------------------===//

static Expected<std::vector<int64_t>> lengthsOf(const std::string &name, const Array &offsets) {
  std::vector<int64_t> ends = offsets.ints(), lengths;
  if (isReal(offsets.element) || offsets.shape.size() != 1 || ends.empty() || ends[0] != 0)
    return makeError("%s: batch + 1 row offsets are expected, the first 0", name.c_str());
  if (ends.back() >= INT32_MAX)
    return makeError("%s: %lld rows are more than a call can have", name.c_str(), static_cast<long long>(ends.back()));
  for (size_t i = 1; i < ends.size(); ++i) {
    if (ends[i] < ends[i - 1])
      return makeError("%s: offsets must not fall", name.c_str());
    lengths.push_back(ends[i] - ends[i - 1]);
  }
  return lengths;
}

/// For a file without offsets: the lengths of the one example, read off the arrays' shapes.
static Error lengthsFromShapes(const Signature &fn, const Arrays &arrays, Ragged &batch) {
  for (auto [a, axis] : enumerate(ArrayRef(fn.axes).take_front(fn.given))) {
    int64_t length = -1;
    for (const Port &value : fn.inputs) {
      auto found = arrays.find(value.name);
      auto place = llvm::find(value.axes, a);
      if (found == arrays.end() || place == value.axes.end())
        continue;
      size_t dim = place - value.axes.begin();
      if (dim >= found->second.shape.size())
        return makeError("%s: %zu axes are expected, and %s has shape %s", value.name.c_str(),
                         value.axes.size() + value.shape.size(), value.name.c_str(),
                         printShape(found->second.shape).c_str());
      length = found->second.shape[dim];
      break;
    }
    if (length < 0)
      return makeError("nothing tells the length of axis %s: give %s.offsets", axis.name.c_str(), axis.name.c_str());
    batch.lengths.push_back({length});
  }
  return Error::success();
}

/// What an input is that a file does not have.
static Array leftOut(const Port &value, const Ragged &batch) {
  SmallVector<int64_t> shape = {batch.before(value, batch.count)};
  shape.append(value.shape.begin(), value.shape.end());
  size_t count = shape[0] * value.width();
  return value.real ? Array::ofFloats(shape, std::vector<float>(count, static_cast<float>(*value.preset)))
                    : Array::ofInts(shape, std::vector<int32_t>(count, static_cast<int32_t>(*value.preset)));
}

Expected<Ragged> batchFromArrays(const Signature &fn, const Arrays &arrays) {
  Ragged batch;
  ArrayRef<PortAxis> given = ArrayRef(fn.axes).take_front(fn.given);
  for (auto &[name, array] : arrays) {
    auto called = [&, &name = name](const auto &one) { return one.name == name; };
    auto placed = [&, &name = name](const PortAxis &axis) { return axis.name + ".offsets" == name; };
    if (none_of(fn.inputs, called) && none_of(fn.results, called) && none_of(fn.axes, placed))
      return unknown(fn, name);
  }
  bool offsets = any_of(given, [&](const PortAxis &axis) { return arrays.count(axis.name + ".offsets"); });
  if (offsets) {
    for (const PortAxis &axis : given) {
      std::string name = axis.name + ".offsets";
      auto found = arrays.find(name);
      if (found == arrays.end())
        return makeError("%s is missing", name.c_str());
      auto lengths = lengthsOf(name, found->second);
      if (!lengths)
        return lengths.takeError();
      if (!batch.lengths.empty() && lengths->size() != batch.lengths[0].size())
        return makeError("%s speaks of %zu examples, %s.offsets of %zu", name.c_str(), lengths->size(),
                         fn.axes[0].name.c_str(), batch.lengths[0].size());
      batch.lengths.push_back(std::move(*lengths));
    }
    batch.count = batch.lengths[0].size();
  } else {
    batch.count = 1;
    // Nor does a value without sequence axes need them: its leading axis is the batch.
    for (const Port &value : fn.inputs)
      if (auto found = arrays.find(value.name);
          fn.axes.empty() && found != arrays.end() && found->second.shape.size() == value.shape.size() + 1)
        batch.count = found->second.shape[0];
    if (Error error = lengthsFromShapes(fn, arrays, batch))
      return std::move(error);
  }
  batch.measure(fn);
  for (const Port &value : fn.inputs) {
    auto found = arrays.find(value.name);
    if (found == arrays.end() && value.preset) {
      batch.inputs.push_back(leftOut(value, batch));
      continue;
    }
    if (found == arrays.end())
      return makeError("input %s is missing", value.name.c_str());
    const Array &array = found->second;
    if (!fits(value, batch, array.shape))
      return makeError("%s has shape %s, and %lld rows of %s are expected", value.name.c_str(),
                       printShape(array.shape).c_str(), static_cast<long long>(batch.before(value, batch.count)),
                       printShape(value.shape).c_str());
    if (!value.real && isReal(array.element))
      return makeError("%s holds %s, and integers are expected", value.name.c_str(), nameOf(array.element).data());
    if (value.real) {
      std::vector<float> numbers = array.floats();
      for (auto [i, number] : enumerate(numbers))
        if (std::isinf(number) && std::isfinite(array.at(i)))
          return tooLarge(value.name, array.at(i));
      batch.inputs.push_back(Array::ofFloats(array.shape, numbers));
    } else {
      std::vector<int64_t> wide = array.ints();
      for (int64_t number : wide)
        if (number != static_cast<int32_t>(number))
          return makeError("%s: %lld is not an integer of 32 bits", value.name.c_str(), static_cast<long long>(number));
      batch.inputs.push_back(Array::ofInts(array.shape, std::vector<int32_t>(wide.begin(), wide.end())));
    }
  }
  return batch;
}

Arrays arraysFromResults(const Signature &fn, const Ragged &batch, ArrayRef<Array> results) {
  Arrays arrays;
  for (auto [value, array] : zip_equal(fn.results, results))
    arrays[value.name] = array;
  for (auto [axis, lengths] : zip_equal(fn.axes, batch.lengths)) {
    if (&axis >= &fn.axes[0] + fn.given && !axis.returned)
      continue;
    std::vector<int64_t> ends = {0};
    for (int64_t length : lengths)
      ends.push_back(ends.back() + length);
    arrays[axis.name + ".offsets"] = Array::ofLongs({static_cast<int64_t>(ends.size())}, ends);
  }
  return arrays;
}

//===--- JSON lines -----------------------------------------------------===//

/// Flattens nested lists; `shape` gets the extents, and every list of one depth must be equally long.
static Error flatten(const json::Value &value, size_t depth, SmallVectorImpl<int64_t> &shape,
                     std::vector<double> &flat) {
  const json::Array *list = value.getAsArray();
  if (!list) {
    std::optional<double> number = value.getAsNumber();
    if (auto truth = value.getAsBoolean())
      number = *truth;
    if (!number || depth < shape.size())
      return makeError("numbers in lists of one depth are expected");
    flat.push_back(*number);
    return Error::success();
  }
  bool first = shape.size() == depth;
  if (first && !flat.empty())
    return makeError("numbers in lists of one depth are expected");
  if (first)
    shape.push_back(list->size());
  if (shape[depth] != static_cast<int64_t>(list->size()))
    return makeError("lists of %lld and of %zu elements stand side by side", static_cast<long long>(shape[depth]),
                     list->size());
  for (const json::Value &element : *list)
    if (Error error = flatten(element, depth + 1, shape, flat))
      return error;
  return Error::success();
}

Expected<Ragged> measureExample(const Signature &fn, ArrayRef<int64_t> shown) {
  Ragged own;
  own.count = 1;
  for (auto [axis, length] : zip(ArrayRef(fn.axes).take_front(fn.given), shown))
    if (length < 0)
      return makeError("nothing tells the length of %s", axis.name.c_str());
    else
      own.lengths.push_back({length});
  own.measure(fn);
  for (auto [axis, length, right] : zip_equal(fn.axes, shown, own.lengths))
    if (length >= 0 && length != right[0])
      return makeError("an input has %lld along %s, and %lld is needed", static_cast<long long>(length),
                       axis.name.c_str(), static_cast<long long>(right[0]));
  return own;
}

static Error readExample(const Signature &fn, const json::Object &object, Ragged &batch,
                         std::vector<std::vector<double>> &flat) {
  std::vector<int64_t> lengths(fn.axes.size(), -1);
  for (auto &[key, value] : object)
    if (none_of(fn.inputs, [&, &key = key](const Port &input) { return StringRef(key) == input.name; }))
      return unknown(fn, key);
  std::vector<std::vector<double>> read(fn.inputs.size());
  for (auto [i, value] : enumerate(fn.inputs)) {
    const json::Value *given = object.get(value.name);
    if (!given && value.preset)
      continue;
    if (!given)
      return makeError("input \"%s\" is missing", value.name.c_str());
    SmallVector<int64_t> shape;
    std::vector<double> numbers;
    if (auto text = given->getAsString(); text && !value.real && value.bound == 256) {
      for (char byte : *text)
        numbers.push_back(static_cast<unsigned char>(byte));
      shape.push_back(numbers.size());
    } else if (Error error = flatten(*given, 0, shape, numbers)) {
      return makeError("\"%s\": %s", value.name.c_str(), toString(std::move(error)).c_str());
    }
    // What an empty list would have held it does not say: others tell the lengths behind it.
    SmallVector<int64_t> rest(ArrayRef(shape).drop_front(std::min(shape.size(), value.axes.size())));
    if (!numbers.empty() && (shape.size() < value.axes.size() || ArrayRef(rest) != ArrayRef(value.shape)))
      return makeError("\"%s\" has shape %s, and the last axes are %s", value.name.c_str(), printShape(shape).c_str(),
                       printShape(value.shape).c_str());
    for (auto [axis, length] : zip(value.axes, shape)) {
      if (lengths[axis] >= 0 && lengths[axis] != length)
        return makeError("\"%s\" has %lld along %s, another input has %lld", value.name.c_str(),
                         static_cast<long long>(length), fn.axes[axis].name.c_str(),
                         static_cast<long long>(lengths[axis]));
      lengths[axis] = length;
    }
    for (double number : numbers)
      if (value.real && !std::isfinite(static_cast<float>(number)))
        return tooLarge("\"" + value.name + "\"", number);
      else if (!value.real && !(number >= INT32_MIN && number <= INT32_MAX && number == std::trunc(number)))
        return makeError("\"%s\": %g is not an integer of 32 bits", value.name.c_str(), number);
    read[i] = std::move(numbers);
  }
  auto own = measureExample(fn, lengths);
  if (!own)
    return own.takeError();
  for (auto [value, numbers, all] : zip_equal(fn.inputs, read, flat)) {
    size_t count = own->rows(value, 0) * value.width();
    if (!object.get(value.name))
      numbers.assign(count, *value.preset);
    if (numbers.size() != count)
      return makeError("\"%s\" has %zu numbers, and %zu are expected", value.name.c_str(), numbers.size(), count);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  for (auto [axis, all] : enumerate(batch.lengths))
    all.push_back(own->lengths[axis][0]);
  ++batch.count;
  return Error::success();
}

Expected<Ragged> batchFromJson(const Signature &fn, ArrayRef<StringRef> lines, size_t firstLine) {
  Ragged batch;
  batch.lengths.resize(fn.given);
  std::vector<std::vector<double>> flat(fn.inputs.size());
  for (auto [i, line] : enumerate(lines)) {
    if (line.trim().empty())
      return makeError("line %zu is empty", firstLine + i);
    auto parsed = parseJson(line);
    if (!parsed)
      return makeError("line %zu: %s", firstLine + i, toString(parsed.takeError()).c_str());
    if (!parsed->getAsObject())
      return makeError("line %zu: an object {\"%s\": ..} is expected", firstLine + i,
                       fn.inputs.empty() ? "" : fn.inputs[0].name.c_str());
    if (Error error = readExample(fn, *parsed->getAsObject(), batch, flat))
      return makeError("line %zu: %s", firstLine + i, toString(std::move(error)).c_str());
  }
  batch.measure(fn);
  for (auto [value, numbers] : zip_equal(fn.inputs, flat)) {
    SmallVector<int64_t> shape = {batch.before(value, batch.count)};
    shape.append(value.shape.begin(), value.shape.end());
    if (value.real)
      batch.inputs.push_back(Array::ofFloats(shape, std::vector<float>(numbers.begin(), numbers.end())));
    else
      batch.inputs.push_back(Array::ofInts(shape, std::vector<int32_t>(numbers.begin(), numbers.end())));
  }
  return batch;
}

std::string printNumber(const char *how, double number) {
  std::string text;
  if (std::isfinite(number))
    raw_string_ostream(text) << format(how, number);
  else
    text = std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
  return text;
}

static void printNested(raw_ostream &os, const Port &value, const Array &array, ArrayRef<int64_t> shape, int64_t &at) {
  if (shape.empty()) {
    double number = array.at(at++);
    if (!value.real)
      os << static_cast<int64_t>(number);
    else
      os << printNumber("%.9g", number);
    return;
  }
  os << '[';
  for (int64_t i = 0; i < shape[0]; ++i) {
    if (i)
      os << ", ";
    printNested(os, value, array, shape.drop_front(), at);
  }
  os << ']';
}

void printJson(raw_ostream &os, const Signature &fn, const Ragged &batch, ArrayRef<Array> results) {
  std::vector<int64_t> places(results.size(), 0); // one example after another
  for (int64_t example = 0; example < batch.count; ++example) {
    os << '{';
    for (auto [i, value] : enumerate(fn.results)) {
      SmallVector<int64_t> shape;
      for (unsigned axis : value.axes)
        shape.push_back(batch.lengths[axis][example]);
      shape.append(value.shape.begin(), value.shape.end());
      os << (i ? ", " : "") << json::Value(value.name) << ": ";
      printNested(os, value, results[i], shape, places[i]);
    }
    os << "}\n";
  }
}

} // namespace rondo
