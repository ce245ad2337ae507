// Seeded weights and ragged batches for an export, the same on every machine: what `rondo verify` feeds both sides.
#pragma once

#include "tools/support/Library.h"
#include "tools/support/WeightMap.h"
#include <map>
#include <string>

namespace rondo {

/// splitmix64: small, and its numbers do not depend on a standard library.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next();
  /// 0 <= value < bound
  int64_t below(int64_t bound) { return static_cast<int64_t>(next() % static_cast<uint64_t>(bound)); }
  /// -1 <= value < 1
  double uniform() { return static_cast<double>(next() >> 11) / static_cast<double>(1ull << 52) - 1; }

private:
  uint64_t state;
};

/// Each tensor depends on the seed and its name only. Products keep the size of what they multiply; vectors (biases,
/// gains) are not zero, so that one left out is seen. Tensors named in `around` stay near their number, on its side of
/// 0; those in `whole` hold integers, from 0 on below the bound where there is one.
Arrays randomWeights(const Shapes &cells, uint64_t seed, const std::map<std::string, int64_t> &whole = {},
                     const std::map<std::string, double> &around = {});

struct BatchLimits {
  int64_t batch = 9, longest = 97;
};

/// Lengths and values of the `number`-th batch. The first few are the edges: batch 0, batch 1 with the shortest and the
/// longest example, equal lengths.
Ragged randomBatch(const Signature &fn, const BatchLimits &limits, uint64_t seed, unsigned number);

/// Seeded values for every input of a batch whose lengths are there. Examples that need ids below a length of 0 go.
void fillBatch(const Signature &fn, Ragged &batch, Random &random);

/// Examples first .. first+count-1 of a batch, each axis cut to at most `longest` (ids stay below what they must).
Ragged sliceBatch(const Signature &fn, const Ragged &batch, int64_t first, int64_t count, int64_t longest = INT64_MAX);

} // namespace rondo
