// Sessions: limits, memory that fails at every place, threads, a host's gang, a fork, two models at once.
#include "Support.h"
#include <cfenv>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

TEST(Session, limits) {
  Opened o;
  one_session *session = nullptr;
  auto text = [&](one_limits limits, rondo_status code) {
    EXPECT_EQ(one_session_new(&session, o.model, &limits, &o.error), code);
    EXPECT_EQ(session, nullptr);
    return std::string(o.error.text);
  };
  EXPECT_EQ(text({-1, 1, 1, 1, 1}, RONDO_EINVAL), "limits.batch is -1");
  EXPECT_EQ(text({1, -5, 1, 1, 1}, RONDO_EINVAL), "limits.T_total is -5");
  EXPECT_EQ(text({1, 1, 1, 1, -2}, RONDO_EINVAL), "limits.S_longest is -2");
  EXPECT_EQ(text({1, int64_t(1) << 40, 1, 1, 1}, RONDO_EINVAL), "limits: more than 2147483647 rows of T");
  EXPECT_EQ(text({INT64_MAX, 0, INT64_MAX, 1, 1}, RONDO_EINVAL),
            "limits: 9223372036854775807 examples of 9223372036854775807 T are too many");
  EXPECT_EQ(text({1, 2000000000, 0, 2000000000, 0}, RONDO_ENOMEM),
            "limits: dots would need more memory than a machine has");
  EXPECT_EQ(one_session_new(&session, o.model, nullptr, &o.error), RONDO_EINVAL);
  EXPECT_EQ(one_session_new(nullptr, o.model, nullptr, &o.error), RONDO_EINVAL);
  one_limits limits{1, 1, 1, 1, 1};
  EXPECT_EQ(one_session_new(&session, nullptr, &limits, &o.error), RONDO_EINVAL);
  one_session_free(nullptr);
}

TEST(Session, zeroLimitsTakeWhatTheOthersImply) {
  Opened longest({4, 0, 5, 0, 0}), total({4, 20, 0, 0, 0});
  std::vector<float> result(12);
  std::vector<int32_t> text(20);
  EXPECT_EQ(longest.mean({0, 5, 10, 15, 20}, text, result), RONDO_OK) << longest.error.text;
  EXPECT_EQ(total.mean({0, 20}, text, result), RONDO_OK) << total.error.text;
}

// The arena's tables and slots do not run into one another at the very limits.
TEST(Session, fullToTheLimits) {
  Opened o({3, 9, 4, 7, 5});
  std::vector<int64_t> T{0, 4, 8, 9}, S{0, 1, 6, 7};
  std::vector<float> x(18, 1), y(14, 1), dots(4 + 20 + 1);
  std::vector<int32_t> gold(7), flag(3), twice(7);
  one_dots_in in{3, T.data(), S.data(), x.data(), y.data(), gold.data(), flag.data()};
  one_dots_out out{dots.data(), dots.size(), twice.data(), twice.size()};
  ASSERT_EQ(one_dots(o.session, &in, &out, &o.error), RONDO_OK) << o.error.text;
  EXPECT_EQ(dots, std::vector<float>(25, 2));
}

TEST(Session, memoryFailsAnywhere) {
  std::string weights = goodWeights();
  for (int failAt = 1;; ++failAt) {
    Allocator memory;
    memory.failAt = failAt;
    rondo_config config = memory.config();
    rondo_error error{};
    one_model *model = nullptr;
    one_session *session = nullptr;
    one_limits limits{8, 100, 20, 100, 50};
    rondo_status status = one_open_memory(&model, weights.data(), weights.size(), &config, &error);
    if (!status)
      status = one_session_new(&session, model, &limits, &error);
    if (!status)
      status = one_selftest(session, &error);
    one_session_free(session);
    one_close(model);
    EXPECT_TRUE(memory.live.empty());
    if (memory.calls < failAt) {
      EXPECT_EQ(status, RONDO_OK);
      EXPECT_GT(failAt, 8);
      break;
    }
    EXPECT_EQ(status, RONDO_ENOMEM) << failAt;
    EXPECT_EQ(error.code, RONDO_ENOMEM);
  }
}

// A batch that keeps several threads busy, and its answer on one.
struct Work {
  std::vector<int64_t> T{0};
  std::vector<int32_t> text;
  std::vector<float> result = std::vector<float>(24);
  explicit Work(int seed) {
    for (int i = 0; i < 8; ++i) {
      T.push_back(T.back() + (i * 5 + seed) % 13);
      while (int64_t(text.size()) < T.back())
        text.push_back(int32_t(text.size() * 7 + seed) % 8);
    }
  }
};

TEST(Session, sameBitsOnAnyThreads) {
  Opened alone;
  for (uint32_t threads : {2u, 3u, 7u}) {
    for (uint32_t spin : {0u, 200u}) {
      rondo_config extra{};
      extra.spin_us = spin;
      Opened team({8, 100, 20, 100, 50}, threads, extra);
      for (int i = 0; i < 200; ++i) {
        Work a(i), b(i);
        ASSERT_EQ(alone.mean(a.T, a.text, a.result), RONDO_OK);
        ASSERT_EQ(team.mean(b.T, b.text, b.result), RONDO_OK);
        ASSERT_EQ(a.result, b.result);
      }
    }
  }
}

int gangs = 0;
int goodGang(void *, uint32_t n, void (*task)(void *, uint32_t), void *arg) {
  ++gangs;
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < n; ++i)
    threads.emplace_back(task, arg, i);
  for (std::thread &t : threads)
    t.join();
  return 0;
}
int busyGang(void *, uint32_t, void (*)(void *, uint32_t), void *) {
  ++gangs;
  return 1;
}

TEST(Session, aHostsGang) {
  Opened alone;
  for (auto *gang : {goodGang, busyGang}) {
    rondo_config extra{};
    extra.gang = gang;
    Opened team({8, 100, 20, 100, 50}, 3, extra);
    gangs = 0;
    Work a(1), b(1);
    ASSERT_EQ(alone.mean(a.T, a.text, a.result), RONDO_OK);
    ASSERT_EQ(team.mean(b.T, b.text, b.result), RONDO_OK);
    EXPECT_EQ(a.result, b.result);
    EXPECT_EQ(gangs, 1);
  }
}

// Threads do not survive a fork: the child works alone, and neither hangs nor leaks.
TEST(Session, fork) {
  Opened team({8, 100, 20, 100, 50}, 2);
  Work a(1), b(1);
  ASSERT_EQ(team.mean(a.T, a.text, a.result), RONDO_OK);
  pid_t child = fork();
  if (!child) {
    alarm(20);
    bool good = team.mean(b.T, b.text, b.result) == RONDO_OK && a.result == b.result;
    one_session_free(team.session);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// The caller's rounding holds on every thread, and is left as it was.
TEST(Session, floatState) {
  Opened alone, team({8, 100, 20, 100, 50}, 2);
  Work a(3), b(3), nearest(3);
  ASSERT_EQ(alone.mean(a.T, a.text, nearest.result), RONDO_OK);
  fesetround(FE_UPWARD);
  EXPECT_EQ(alone.mean(a.T, a.text, a.result), RONDO_OK);
  EXPECT_EQ(team.mean(b.T, b.text, b.result), RONDO_OK);
  EXPECT_EQ(fegetround(), FE_UPWARD);
  fesetround(FE_TONEAREST);
  EXPECT_EQ(a.result, b.result);
  EXPECT_NE(a.result, nearest.result);
}

struct Inside {
  one_session *session;
  rondo_status status;
  char text[252];
};
Inside inside;
int callingGang(void *, uint32_t, void (*)(void *, uint32_t), void *) {
  rondo_error error{};
  int64_t T[] = {0, 0};
  float result[3];
  one_mean_in in{1, T, nullptr};
  one_mean_out out{result, 3};
  inside.status = one_mean(inside.session, &in, &out, &error);
  memcpy(inside.text, error.text, sizeof inside.text);
  return 1;
}

TEST(Session, twoCallersAtOnce) {
  rondo_config extra{};
  extra.gang = callingGang;
  Opened o({8, 100, 20, 100, 50}, 2, extra);
  inside.session = o.session;
  Work a(1);
  ASSERT_EQ(o.mean(a.T, a.text, a.result), RONDO_OK);
  EXPECT_EQ(inside.status, RONDO_EINVAL);
  EXPECT_STREQ(inside.text, "mean: another thread is using this session");
}

TEST(Session, twoModelsOnManyThreads) {
  Opened one;
  std::string weights = goodWeights();
  two_model *model = nullptr;
  ASSERT_EQ(two_open_memory(&model, weights.data(), weights.size(), nullptr, nullptr), RONDO_OK);
  std::vector<std::thread> threads;
  for (int k = 0; k < 8; ++k)
    threads.emplace_back([&, k] {
      rondo_error error{};
      if (k % 2) {
        two_session *session = nullptr;
        two_limits limits{8, 100, 20, 100, 50};
        ASSERT_EQ(two_session_new(&session, model, &limits, &error), RONDO_OK);
        Work w(k);
        two_mean_in in{8, w.T.data(), w.text.data()};
        two_mean_out out{w.result.data(), w.result.size()};
        for (int i = 0; i < 50; ++i)
          ASSERT_EQ(two_mean(session, &in, &out, &error), RONDO_OK);
        two_session_free(session);
      } else {
        Opened own;
        Work w(k);
        for (int i = 0; i < 50; ++i)
          ASSERT_EQ(own.mean(w.T, w.text, w.result), RONDO_OK);
      }
    });
  for (std::thread &t : threads)
    t.join();
  two_close(model);
}

} // namespace
