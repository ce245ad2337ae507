// Eight threads, two models: models are shared, sessions are made, used and freed on all of them, some with threads of
// their own, while other models are opened, saved and closed. Built once more with the thread sanitizer, which must be
// silent.
#include "Support.h"
#include <atomic>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace {

// The functions of one model, by type, so that both run through the same test.
#define MODEL_OF(name)                                                                                                 \
  struct name##_of {                                                                                                   \
    using Model = name##_model;                                                                                        \
    using Session = name##_session;                                                                                    \
    using Limits = name##_limits;                                                                                      \
    using In = name##_mean_in;                                                                                         \
    using Out = name##_mean_out;                                                                                       \
    static constexpr auto open = name##_open_memory;                                                                   \
    static constexpr auto save = name##_save;                                                                          \
    static constexpr auto close = name##_close;                                                                        \
    static constexpr auto make = name##_session_new;                                                                   \
    static constexpr auto free = name##_session_free;                                                                  \
    static constexpr auto mean = name##_mean;                                                                          \
  }
MODEL_OF(one);
MODEL_OF(two);

rondo_config threads(uint32_t count) {
  rondo_config config{};
  config.size = sizeof config;
  config.threads = count;
  config.spin_us = count > 1 ? 20 : 0;
  return config;
}

template <typename M>
typename M::Model *opened(uint32_t count) {
  std::string weights = goodWeights();
  rondo_config config = threads(count);
  typename M::Model *model = nullptr;
  EXPECT_EQ(M::open(&model, weights.data(), weights.size(), &config, nullptr), RONDO_OK);
  return model;
}

template <typename M>
void use(typename M::Model *shared, int seed, std::atomic<int> &wrong) {
  for (int round = 0; round < 6; ++round) {
    typename M::Session *session = nullptr;
    typename M::Limits limits{8, 100, 20, 100, 50};
    rondo_error error{};
    if (M::make(&session, shared, &limits, &error)) {
      ++wrong;
      return;
    }
    std::vector<int64_t> T = {0};
    std::vector<int32_t> text;
    for (int i = 0; i < 8; ++i) {
      T.push_back(T.back() + (i * 5 + seed + round) % 13);
      while (int64_t(text.size()) < T.back())
        text.push_back(int32_t(text.size() * 7 + size_t(seed)) % 8);
    }
    std::vector<float> first(24), again(24);
    for (int i = 0; i < 10; ++i) {
      std::vector<float> &result = i ? again : first;
      typename M::In in{8, T.data(), text.data()};
      typename M::Out out{result.data(), result.size()};
      if (M::mean(session, &in, &out, &error) || (i && again != first))
        ++wrong;
    }
    // One more owner of weights comes and goes beside the shared one.
    typename M::Model *own = opened<M>(1);
    std::string path = "/tmp/rondo-threads-" + std::to_string(getpid()) + "-" + std::to_string(seed);
    if (M::save(round % 2 ? own : shared, path.c_str(), &error))
      ++wrong;
    remove(path.c_str());
    M::close(own);
    M::free(session);
  }
}

TEST(Threads, eightWithTwoModels) {
  for (uint32_t team : {1u, 3u}) {
    one_model *a = opened<one_of>(team);
    two_model *b = opened<two_of>(team);
    std::atomic<int> wrong{0};
    std::vector<std::thread> running;
    for (int k = 0; k < 8; ++k)
      running.emplace_back([&, k] {
        if (k % 2)
          use<one_of>(a, k, wrong);
        else
          use<two_of>(b, k, wrong);
      });
    for (std::thread &thread : running)
      thread.join();
    one_close(a);
    two_close(b);
    EXPECT_EQ(wrong, 0);
  }
}

// One session, many callers: all but one at a time are refused, and nothing is harmed.
TEST(Threads, oneSessionManyCallers) {
  Opened o;
  std::atomic<int> good{0}, other{0};
  std::vector<std::thread> running;
  for (int k = 0; k < 8; ++k)
    running.emplace_back([&] {
      int64_t T[] = {0, 3};
      int32_t text[] = {1, 2, 3};
      float result[3];
      one_mean_in in{1, T, text};
      one_mean_out out{result, 3};
      for (int i = 0; i < 200; ++i) {
        rondo_status status = one_mean(o.session, &in, &out, nullptr);
        if (status == RONDO_OK)
          ++good;
        else if (status != RONDO_EINVAL)
          ++other;
      }
    });
  for (std::thread &thread : running)
    thread.join();
  EXPECT_GT(good, 0);
  EXPECT_EQ(other, 0);
}

} // namespace
