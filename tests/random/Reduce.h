// Makes a program smaller while something stays true of it, which is that it fails as it did.
//
// Works on the text, by the ranges of its syntax tree: declarations, statements and results go; an expression becomes
// one of its parts, 0 or 1; numbers shrink. What comes out is still what somebody could have written.
#pragma once

#include <functional>
#include <string>

namespace rondo::random_programs {

struct Reduction {
  std::string text;
  unsigned tried = 0, taken = 0;
};

/// `still` is called for every candidate, at most `tries` times.
Reduction reduce(std::string text, unsigned tries, std::function<bool(const std::string &)> still);

} // namespace rondo::random_programs
