// Eight threads, two models, each call on a gang of three: built by RacesTest.py with every kernel instrumented. The
// gang's own threads are known to the sanitizer. The runtime's barrier is not, since the runtime inside a library is as
// it is shipped: it is told of here (not with -DNO_BARRIERS, when it must complain).
#include "encoder.hpp"
#include "lm.hpp"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

extern "C" {
void __tsan_acquire(void *);
void __tsan_release(void *);
void wait_of_lm(void *, int) __asm__("lm_.rondo_team_wait");
void wait_of_encoder(void *, int) __asm__("encoder_.rondo_team_wait");

static void meet(void (*wait)(void *, int), void *team, int tid) {
#ifndef NO_BARRIERS
  if (team)
    __tsan_release(team);
#endif
  wait(team, tid);
#ifndef NO_BARRIERS
  if (team)
    __tsan_acquire(team);
#endif
}
void told_wait_lm(void *team, int tid) { meet(wait_of_lm, team, tid); }
void told_wait_encoder(void *team, int tid) { meet(wait_of_encoder, team, tid); }
}

static std::atomic<int> gangs{0};

static int gang(void *, uint32_t n, void (*task)(void *, uint32_t), void *arg) {
  ++gangs;
  std::vector<std::thread> threads;
  for (uint32_t i = 1; i < n; ++i)
    threads.emplace_back(task, arg, i);
  task(arg, 0);
  for (std::thread &thread : threads)
    thread.join();
  return 0;
}

static rondo::Batch<int32_t> batch(int seed, int vocabulary) {
  rondo::Batch<int32_t> texts;
  for (int i = 0; i < 5; ++i)
    texts.emplace_back(static_cast<size_t>((i * 7 + seed * 3) % 40 + 1), (i + seed) % vocabulary);
  return texts;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  rondo_config config = {};
  config.size = sizeof config;
  config.threads = 3;
  config.gang = gang;
  lm::Model lm(argv[1], config);
  encoder::Model encoder(argv[2], config);
  std::vector<std::thread> callers;
  for (int k = 0; k < 8; ++k)
    if (k % 2)
      callers.emplace_back([k, own = lm.share()]() mutable {
        for (int round = 0; round < 3; ++round)
          own.logits(batch(k + round, 33));
      });
    else
      callers.emplace_back([k, own = encoder.share()]() mutable {
        for (int round = 0; round < 3; ++round)
          own.embed(batch(k + round, 50));
      });
  for (std::thread &caller : callers)
    caller.join();
  std::printf("%d calls on gangs\n", gangs.load());
}
