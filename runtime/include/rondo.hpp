/* What the C++ headers of all models share (C++17): errors as exceptions, batches, ragged results. A model's own
   header, <model>.hpp, has the class. Everything is inline; nothing here is a symbol of a library. */
#ifndef RONDO_HPP
#define RONDO_HPP
#include "rondo.h"
#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

namespace rondo {

/* What a library refused: a status of rondo.h and the reason. */
class Error : public std::runtime_error {
public:
  Error(rondo_status code, const std::string &text) : std::runtime_error(text), code_(code) {}
  rondo_status code() const noexcept { return code_; }

private:
  rondo_status code_;
};

/* Values that another object holds. */
template <typename T>
class View {
public:
  View(const T *data, size_t size) noexcept : data_(data), size_(size) {}
  const T *data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  const T *begin() const noexcept { return data_; }
  const T *end() const noexcept { return data_ + size_; }
  const T &operator[](size_t i) const noexcept { return data_[i]; }

private:
  const T *data_;
  size_t size_;
};

/* A result: the rows of all examples in one block, and for each example where its values begin in it. */
template <typename T>
struct Ragged {
  std::vector<T> data;
  std::vector<size_t> offsets; /* batch + 1, in values */
  size_t width = 1;            /* values in a row */

  size_t size() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  View<T> operator[](size_t i) const & noexcept { return {data.data() + offsets[i], offsets[i + 1] - offsets[i]}; }
  View<T> operator[](size_t i) const && = delete; /* of a result that nobody keeps, the view would outlive it */
};

/* An input: the values of each example, row after row. */
template <typename T>
using Batch = std::vector<std::vector<T>>;

/* The bytes of a text as tokens. */
inline std::vector<int32_t> bytes(const std::string &text) {
  std::vector<int32_t> tokens;
  for (char c : text)
    tokens.push_back(static_cast<unsigned char>(c));
  return tokens;
}

/* For the generated classes. */
namespace detail {

inline void check(rondo_status status, const rondo_error &error) {
  if (status != RONDO_OK)
    throw Error(status, error.text);
}

/* One call: the lengths of its examples, learnt from the inputs, and the packed arrays. */
class Call {
public:
  Call(const char *fn, size_t batch, size_t axes) : fn_(fn), batch_(batch), lengths_(axes) {}

  /* Rows of the examples along an axis, as an input of this axis alone has them. */
  template <typename T>
  void measure(size_t axis, const char *name, const Batch<T> &input, size_t width) {
    std::vector<int64_t> found;
    for (const std::vector<T> &example : input) {
      if (example.size() % width)
        refuse(name, "has " + std::to_string(example.size()) + " values, no multiple of " + std::to_string(width));
      found.push_back(static_cast<int64_t>(example.size() / width));
    }
    measure(axis, name, found);
  }
  void measure(size_t axis, const char *name, const std::vector<int64_t> &found) {
    if (found.size() != batch_)
      refuse(name, "has " + std::to_string(found.size()) + " examples, another input " + std::to_string(batch_));
    if (!lengths_[axis].empty() && lengths_[axis] != found)
      refuse(name, "has other lengths than an input of the same axis");
    lengths_[axis] = found;
  }

  /* An axis that the model makes of those before it: how long it is, or at most. */
  void make(size_t axis, const char *name, int64_t constant, int64_t divisor, std::initializer_list<int64_t> factors) {
    std::vector<int64_t> made;
    for (size_t i = 0; i < batch_; ++i) {
      int64_t sum = constant;
      size_t k = 0;
      for (int64_t factor : factors)
        sum += factor * lengths_[k++][i];
      made.push_back(sum > 0 ? sum / divisor : 0);
    }
    measure(axis, name, made);
  }
  /* How long it is, as the call says. */
  void settle(size_t axis, const std::vector<int64_t> &offsets) {
    for (size_t i = 0; i < batch_; ++i)
      lengths_[axis][i] = offsets[i + 1] - offsets[i];
  }
  /* A result without the room that it did not need. */
  template <typename T>
  void fit(Ragged<T> &result, std::initializer_list<size_t> axes, size_t width) const {
    for (size_t i = 0; i < batch_; ++i)
      result.offsets[i + 1] = result.offsets[i] + values(i, axes, width);
    result.data.resize(result.offsets.back());
  }

  std::vector<int64_t> offsets(size_t axis) const {
    std::vector<int64_t> ends = {0};
    for (int64_t length : lengths_[axis])
      ends.push_back(ends.back() + length);
    return ends;
  }

  /* The batch, then the rows and the longest example of an axis: what a session must have room for. */
  int64_t rows(size_t axis) const {
    int64_t sum = 0;
    for (int64_t length : lengths_[axis])
      sum += length;
    return sum;
  }
  int64_t longest(size_t axis) const {
    return lengths_[axis].empty() ? 0 : *std::max_element(lengths_[axis].begin(), lengths_[axis].end());
  }

  template <typename T>
  std::vector<T> pack(const char *name, const Batch<T> &input, std::initializer_list<size_t> axes, size_t width) const {
    if (input.size() != batch_)
      refuse(name, "has " + std::to_string(input.size()) + " examples, another input " + std::to_string(batch_));
    std::vector<T> packed;
    packed.reserve(1); /* a place also where there are no values */
    for (size_t i = 0; i < batch_; ++i) {
      if (input[i].size() != values(i, axes, width))
        refuse(name, "has " + std::to_string(input[i].size()) + " values in example " + std::to_string(i) + ", not " +
                         std::to_string(values(i, axes, width)));
      packed.insert(packed.end(), input[i].begin(), input[i].end());
    }
    return packed;
  }

  /* Room for a result. */
  template <typename T>
  Ragged<T> room(std::initializer_list<size_t> axes, size_t width) const {
    Ragged<T> result;
    result.width = width;
    result.offsets.push_back(0);
    for (size_t i = 0; i < batch_; ++i)
      result.offsets.push_back(result.offsets.back() + values(i, axes, width));
    result.data.reserve(1);
    result.data.resize(result.offsets.back());
    return result;
  }

private:
  size_t values(size_t example, std::initializer_list<size_t> axes, size_t width) const {
    for (size_t axis : axes)
      width *= static_cast<size_t>(lengths_[axis][example]);
    return width;
  }
  [[noreturn]] void refuse(const char *name, const std::string &why) const {
    throw Error(RONDO_EINVAL, std::string(fn_) + ": " + name + " " + why);
  }

  const char *fn_;
  size_t batch_;
  std::vector<std::vector<int64_t>> lengths_;
};

} // namespace detail
} // namespace rondo
#endif
