// For the runtime's tests: weights files made by hand, an allocator that counts and fails, an opened model.
#ifndef RONDO_TEST_RUNTIME_SUPPORT_H
#define RONDO_TEST_RUNTIME_SUPPORT_H
#include "Model.h"
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

struct TensorText {
  std::string name, type, shape;
  std::vector<float> data;
};

// A safetensors file with these tensors one after another; `header` replaces the JSON when given.
inline std::string safetensors(const std::vector<TensorText> &tensors, std::string header = "") {
  std::string data, json = "{\"__metadata__\": {\"format\": \"pt\"}";
  for (const TensorText &t : tensors) {
    size_t bytes = 4 * t.data.size();
    json += ", \"" + t.name + "\": {\"dtype\": \"" + t.type + "\", \"shape\": " + t.shape + ", \"data_offsets\": [" +
            std::to_string(data.size()) + ", " + std::to_string(data.size() + bytes) + "]}";
    data.append(reinterpret_cast<const char *>(t.data.data()), bytes);
  }
  json += "}";
  if (!header.empty())
    json = header;
  uint64_t length = json.size();
  return std::string(reinterpret_cast<char *>(&length), 8) + json + data;
}

inline TensorText goodE() {
  TensorText e{"E", "F32", "[8, 3]", {}};
  for (int i = 0; i < 24; ++i)
    e.data.push_back(0.25f * i);
  return e;
}
inline TensorText goodB() { return {"b", "F32", "[3]", {100, 200, 300}}; }
inline std::string goodWeights() { return safetensors({goodB(), goodE()}); }

// Counts, remembers what is live with its size and alignment, and fails from the failAt-th call on (0: never).
struct Allocator {
  int calls = 0, failAt = 0;
  std::map<void *, std::pair<size_t, size_t>> live;
  static void *alloc(void *self, size_t size, size_t align) {
    auto *a = static_cast<Allocator *>(self);
    if (++a->calls == a->failAt)
      return nullptr;
    void *p = nullptr;
    if (posix_memalign(&p, align < 8 ? 8 : align, size))
      return nullptr;
    memset(p, 0x7F, size); // memory is not zero
    a->live[p] = {size, align};
    return p;
  }
  static void release(void *self, void *p, size_t size, size_t align) {
    auto *a = static_cast<Allocator *>(self);
    ASSERT_EQ(a->live.count(p), 1u);
    EXPECT_EQ(a->live[p], std::make_pair(size, align));
    a->live.erase(p);
    free(p);
  }
  rondo_config config(uint32_t threads = 1) {
    rondo_config c{};
    c.size = sizeof c;
    c.threads = threads;
    c.user = this;
    c.alloc = alloc;
    c.release = release;
    return c;
  }
};

// Model one, opened from memory, with a session.
struct Opened {
  Allocator memory;
  rondo_error error{};
  one_model *model = nullptr;
  one_session *session = nullptr;
  explicit Opened(one_limits limits = {8, 100, 20, 100, 50}, uint32_t threads = 1, rondo_config extra = {}) {
    rondo_config config = memory.config(threads);
    config.gang = extra.gang;
    config.spin_us = extra.spin_us;
    std::string weights = goodWeights();
    EXPECT_EQ(one_open_memory(&model, weights.data(), weights.size(), &config, &error), RONDO_OK) << error.text;
    EXPECT_EQ(one_session_new(&session, model, &limits, &error), RONDO_OK) << error.text;
  }
  ~Opened() {
    one_close(model); // first, on purpose: the session keeps what it needs
    one_session_free(session);
    EXPECT_TRUE(memory.live.empty());
  }
  rondo_status mean(const std::vector<int64_t> &T, const std::vector<int32_t> &text, std::vector<float> &result) {
    one_mean_in in{int64_t(T.size()) - 1, T.data(), text.data()};
    one_mean_out out{result.data(), result.size()};
    return one_mean(session, &in, &out, &error);
  }
};
#endif
