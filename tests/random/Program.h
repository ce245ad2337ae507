// Random programs in the language: well typed by construction, decided by a seed, readable. What one does not have to
// think of is what nobody thought of.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>

namespace rondo::random_programs {

/// What a program has in it. The names are those of --features.
enum class Feature {
  Forward,        // a recurrence from the beginning
  Backward,       // and one from the end
  Lag,            // a recurrence that reads further back than one step
  Mutual,         // arrays that are defined by each other
  OwnPast,        // a step that reads all steps before it
  NestedScan,     // a recurrence inside a step of another
  Attention,      // softmax weights and a weighted sum, over a sequence
  Reduction,      // a reduction over a sequence
  Binder,         // a reduction inside an expression
  Axes,           // several ragged axes
  Pairs,          // a value over two sequence axes
  Gather,         // a row chosen by data
  DataCondition,  // a condition on ints, bools or tokens
  RealCondition,  // and on reals
  IndexCondition, // a condition on positions
  Shift,          // a neighbour's value, with a boundary or a guard
  Product,        // a contraction of two arrays
  Convolution,    // a contraction over positions nearby
  Loop,           // `for`
  Library,        // a layer of the standard library
  OwnLayer,       // a layer of the program's own
  Function,       // a fn called by others
  Lifting,        // whole arrays as operands
  Concat,
  Integers,   // int or token results
  Empty,      // a sequence that may have no element
  Bounded,    // a sequence of a declared greatest length
  Lengths,    // an axis of computed length
  MadeLength, // of a length that is a value
  Rank,
  Tables,   // of integers, tokens or truths that come with the weights
  Counting, // a recurrence of integers or truths
  Chosen,   // the row that fits best, rows in the order of a key
  Views,    // a part of an array, or an array turned
  Shared,   // a result that other statements read
  Exports,  // more than one export
};
constexpr unsigned featureCount = static_cast<unsigned>(Feature::Exports) + 1;
using Features = std::bitset<featureCount>;

llvm::StringRef nameOf(Feature feature);
std::optional<Feature> featureNamed(llvm::StringRef name);

struct Program {
  std::string text;
  Features features;
};

/// The same program for a seed on every machine (of one compiler: C++ leaves open in which order a sum is evaluated).
Program generate(uint64_t seed);
/// The first of the programs that the seed leads to that has all that is wanted.
Program generate(uint64_t seed, const Features &wanted);

} // namespace rondo::random_programs
