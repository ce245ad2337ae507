// One program through `rondo verify`, in a process of its own: whatever happens there is an answer here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rondo::random_programs {

struct Outcome {
  enum Kind { Right, Refused, Finding } kind = Right;
  /// What went wrong without names, numbers and places: the same for the same bug.
  std::string signature;
  std::vector<std::string> refusals; // why exports were left out
  std::string said;                  // everything, as the command printed it
  double seconds = 0;
};

struct Trial {
  unsigned batches = 9, longest = 37, largestBatch = 5;
  uint64_t seed = 1;
  unsigned limit = 60;  // seconds for a program
  unsigned threads = 0; // 0: as verify has it
  std::string recurrences;
  std::vector<std::string> targets;

  /// What `rondo verify` is to be told.
  std::string words() const;

  Outcome run(const std::string &text) const;
};

} // namespace rondo::random_programs
