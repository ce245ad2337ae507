#include "tools/support/Random.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace llvm;

namespace rondo {

uint64_t Random::next() {
  uint64_t z = (state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

Arrays randomWeights(const Shapes &cells, uint64_t seed, const std::map<std::string, int64_t> &whole,
                     const std::map<std::string, double> &around) {
  Arrays weights;
  for (auto &[name, shape] : cells) {
    Random random(seed ^ xxh3_64bits(name));
    Array sized{Element::F32, shape, {}};
    std::vector<float> values(sized.count());
    // Uniform in [-1, 1) has variance 1/3; a row of n terms keeps its size with sqrt(3 / n).
    double scale = shape.size() < 2 ? 0.5 : std::min(1.0, std::sqrt(3.0 / static_cast<double>(shape.back())));
    auto centre = around.find(name);
    for (float &value : values) {
      value = scale * random.uniform();
      if (centre != around.end())
        value = centre->second * (1 + value);
    }
    weights[name] = Array::ofFloats(shape, values);
  }
  for (auto &[name, bound] : whole) {
    Random random(seed + weights[name].count());
    std::vector<int32_t> values(weights[name].count());
    for (int32_t &value : values)
      value = bound ? random.below(bound) : random.below(13) - 4;
    weights[name] = Array::ofInts(weights[name].shape, values);
  }
  return weights;
}

static Array randomInput(const Port &value, const Ragged &batch, Random &random) {
  SmallVector<int64_t> shape = {batch.before(value, batch.count)};
  shape.append(value.shape.begin(), value.shape.end());
  if (value.real) {
    std::vector<float> reals(shape[0] * value.width());
    for (float &real : reals)
      real = 1.5 * random.uniform();
    return Array::ofFloats(shape, reals);
  }
  std::vector<int32_t> ints;
  for (int64_t example = 0; example < batch.count; ++example) {
    int64_t bound = value.bound < 0 ? batch.lengths[-1 - value.bound][example] : value.bound;
    for (int64_t i = 0, e = batch.rows(value, example) * value.width(); i < e; ++i)
      ints.push_back(value.isBool ? random.below(2) : bound > 0 ? random.below(bound) : random.below(13) - 4);
  }
  return Array::ofInts(shape, ints);
}

Ragged randomBatch(const Signature &fn, const BatchLimits &limits, uint64_t seed, unsigned number) {
  Random random(seed * 0x100000001B3ull + number);
  random.next();
  Ragged batch;
  bool edge = number < 8;
  batch.count = number == 0 ? 0 : edge && number < 5 ? 1 : random.below(limits.batch + 1);
  batch.count = std::min<int64_t>(batch.count, limits.batch);
  int64_t shared = random.below(std::max<int64_t>(limits.longest, 1));
  for (const PortAxis &axis : ArrayRef(fn.axes).take_front(fn.given)) {
    int64_t most = axis.max ? std::min(axis.max, limits.longest) : limits.longest;
    std::vector<int64_t> &lengths = batch.lengths.emplace_back();
    for (int64_t i = 0; i < batch.count; ++i) {
      int64_t length = axis.least + random.below(std::max<int64_t>(most - axis.least + 1, 1));
      if (number == 1)
        length = axis.least;
      else if (number == 2)
        length = most;
      else if (number == 5)
        length = axis.least + shared; // all the same
      else if (number % 4 == 3)       // around the edges of tiles and blocks
        length = ((length + 8) / 16) * 16 + random.below(3) - 1;
      lengths.push_back(std::clamp(length, axis.least, std::max(most, axis.least)));
    }
  }
  fillBatch(fn, batch, random);
  return batch;
}

void fillBatch(const Signature &fn, Ragged &batch, Random &random) {
  batch.measure(fn);
  for (int64_t i = batch.count; i--;) {
    if (none_of(fn.inputs, [&](const Port &value) {
          return value.bound < 0 && !batch.lengths[-1 - value.bound][i] && batch.rows(value, i);
        }))
      continue;
    for (std::vector<int64_t> &lengths : batch.lengths)
      lengths.erase(lengths.begin() + i);
    --batch.count;
  }
  for (const Port &value : fn.inputs)
    batch.inputs.push_back(randomInput(value, batch, random));
}

Ragged sliceBatch(const Signature &fn, const Ragged &batch, int64_t first, int64_t count, int64_t longest) {
  Ragged slice;
  slice.count = count;
  for (auto [axis, lengths] : zip(ArrayRef(fn.axes).take_front(fn.given), batch.lengths)) {
    std::vector<int64_t> &own = slice.lengths.emplace_back();
    for (int64_t i = first; i < first + count; ++i)
      own.push_back(std::min(lengths[i], std::max(longest, axis.least)));
  }
  slice.measure(fn);
  for (auto [value, input] : zip_equal(fn.inputs, batch.inputs)) {
    SmallVector<int64_t> shape = {slice.before(value, count)};
    shape.append(value.shape.begin(), value.shape.end());
    Array &own = slice.inputs.emplace_back(Array{input.element, shape, {}});
    int64_t width = value.width() * 4;
    for (int64_t i = 0; i < count; ++i) {
      const char *from = input.bytes.data() + batch.before(value, first + i) * width;
      // Each axis is cut within each position of those before it.
      for (int64_t row = 0, rows = slice.rows(value, i); row < rows; ++row) {
        int64_t rest = row, source = 0, stride = 1;
        for (unsigned axis : reverse(value.axes)) {
          source += rest % slice.lengths[axis][i] * stride;
          rest /= slice.lengths[axis][i];
          stride *= batch.lengths[axis][first + i];
        }
        own.bytes.insert(own.bytes.end(), from + source * width, from + (source + 1) * width);
      }
      if (value.bound < 0) {
        int64_t bound = std::max<int64_t>(slice.lengths[-1 - value.bound][i], 1);
        size_t begin = slice.before(value, i) * width;
        for (size_t at = begin; at < own.bytes.size(); at += 4) {
          int32_t id;
          std::memcpy(&id, own.bytes.data() + at, 4);
          id = std::min<int64_t>(id, bound - 1);
          std::memcpy(own.bytes.data() + at, &id, 4);
        }
      }
    }
  }
  return slice;
}

} // namespace rondo
