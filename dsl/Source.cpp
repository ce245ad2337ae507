// Lines and columns of a source.
#include "dsl/Source.h"

#include <algorithm>

using namespace rondo;

Source::Source(std::string path, std::string text) : path(std::move(path)), text(std::move(text)) {
  starts.push_back(0);
  for (size_t i = 0; i < this->text.size(); ++i)
    if (this->text[i] == '\n')
      starts.push_back(i + 1);
}

unsigned Source::lineOf(uint32_t offset) const {
  return std::upper_bound(starts.begin(), starts.end(), offset) - starts.begin();
}

unsigned Source::columnOf(uint32_t offset) const { return offset - starts[lineOf(offset) - 1] + 1; }

llvm::StringRef Source::line(unsigned n) const {
  uint32_t end = n < starts.size() ? starts[n] : text.size();
  return llvm::StringRef(text).slice(starts[n - 1], end).rtrim("\r\n");
}
