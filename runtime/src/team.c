/* Threads of a session: the caller and `threads - 1` of our own, or the host's gang. All of them run one entry together
   and meet at barriers. Own threads wait between calls: they spin as long as the configuration says, then sleep in the
   kernel. A barrier spins for a bounded while, then sleeps too, so that a machine with fewer processors than threads
   gets on; where that happens often it spins less, since a recurrence may meet at several barriers in each step. */
#include "internal.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BARRIER_SPINS = 4000 /* pauses: some 50 to 200 microseconds */, LEAST_SPINS = 64, SPINS_PER_CLOCK = 64 };

typedef struct {
  rondo_team *team;
  pthread_t thread;
  int32_t tid;
} worker;

struct rondo_team {
  uint32_t threads, own; /* own: threads that were started */
  uint32_t spin_us;
  pid_t process; /* threads do not survive a fork; in the child the caller works alone */
  int (*gang)(void *, uint32_t, void (*)(void *, uint32_t), void *);
  void *user;
  rondo_entry entry; /* of the present call */
  const rondo_frame *frame;
  uint32_t float_state; /* the caller's, for every thread: same bits */
  bool stop;
  _Alignas(64) atomic_uint call; /* counts calls; own threads sleep on it */
  atomic_uint idle;              /* how many may be asleep there */
  _Alignas(64) atomic_uint left; /* own threads that have not finished the call; the caller sleeps on it */
  atomic_uint waiting;           /* the caller may be asleep there */
  _Alignas(64) atomic_uint arrived;
  _Alignas(64) atomic_uint phase; /* counts barriers; threads sleep on it */
  atomic_uint asleep;             /* how many may be asleep there */
  atomic_uint spins;              /* before a thread sleeps there: fewer after it had to, again more when it had not */
  _Alignas(64) worker worker[];
};

static void sleep_while(atomic_uint *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(atomic_uint *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0); }

void rondo_team_wait(void *pointer, int32_t tid) {
  rondo_team *team = pointer;
  if (!team)
    return;
  uint32_t phase = atomic_load_explicit(&team->phase, memory_order_acquire);
  if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->threads) {
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_store(&team->phase, phase + 1);
    // Either this sees the sleeper, or the sleeper's system call sees the new phase: both are sequentially consistent.
    if (atomic_load(&team->asleep))
      wake(&team->phase);
    return;
  }
  uint32_t spins = atomic_load_explicit(&team->spins, memory_order_relaxed);
  for (uint32_t i = 0; i < spins; ++i) {
    if (atomic_load_explicit(&team->phase, memory_order_acquire) != phase) {
      if (spins < BARRIER_SPINS)
        atomic_store_explicit(&team->spins, spins + spins / 16, memory_order_relaxed);
      return;
    }
    rondo_pause();
  }
  atomic_store_explicit(&team->spins, spins / 2 > LEAST_SPINS ? spins / 2 : LEAST_SPINS, memory_order_relaxed);
  atomic_fetch_add(&team->asleep, 1);
  while (atomic_load(&team->phase) == phase)
    sleep_while(&team->phase, phase);
  atomic_fetch_sub(&team->asleep, 1);
}

static int64_t microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Returns the number of the next call after `seen`.
static uint32_t next_call(rondo_team *team, uint32_t seen) {
  uint32_t now;
  if (team->spin_us) {
    int64_t until = microseconds() + team->spin_us;
    do
      for (int i = 0; i < SPINS_PER_CLOCK; ++i) {
        if ((now = atomic_load_explicit(&team->call, memory_order_acquire)) != seen)
          return now;
        rondo_pause();
      }
    while (microseconds() < until);
  }
  atomic_fetch_add(&team->idle, 1);
  while ((now = atomic_load(&team->call)) == seen)
    sleep_while(&team->call, seen);
  atomic_fetch_sub(&team->idle, 1);
  return now;
}

static void *work(void *pointer) {
  worker *me = pointer;
  rondo_team *team = me->team;
  for (uint32_t seen = 0;;) {
    seen = next_call(team, seen);
    if (team->stop)
      return NULL;
    rondo_set_float_state(team->float_state);
    team->entry(team->frame, me->tid, (int32_t)team->threads);
    if (atomic_fetch_sub(&team->left, 1) == 1 && atomic_load(&team->waiting))
      wake(&team->left);
  }
}

static void start_call(rondo_team *team) {
  atomic_fetch_add(&team->call, 1);
  if (atomic_load(&team->idle))
    wake(&team->call);
}

static void run_on_own(rondo_team *team) {
  atomic_store_explicit(&team->left, team->own, memory_order_relaxed);
  start_call(team);
  team->entry(team->frame, 0, (int32_t)team->threads);
  uint32_t left;
  for (int i = 0; i < BARRIER_SPINS && atomic_load_explicit(&team->left, memory_order_acquire); ++i)
    rondo_pause();
  atomic_store(&team->waiting, 1);
  while ((left = atomic_load(&team->left)))
    sleep_while(&team->left, left);
  atomic_store_explicit(&team->waiting, 0, memory_order_relaxed);
}

static void run_in_gang(void *pointer, uint32_t i) {
  rondo_team *team = pointer;
  uint32_t before = rondo_float_state();
  rondo_set_float_state(team->float_state);
  team->entry(team->frame, (int32_t)i, (int32_t)team->threads);
  rondo_set_float_state(before);
}

void rondo_team_run(rondo_team *team, rondo_entry entry, rondo_frame *frame) {
  team->entry = entry;
  team->frame = frame;
  team->float_state = rondo_float_state();
  frame->team = team;
  if (team->gang) {
    if (!team->gang(team->user, team->threads, run_in_gang, team))
      return;
  } else if (team->process == getpid()) {
    run_on_own(team);
    return;
  }
  frame->team = NULL;
  entry(frame, 0, 1);
}

size_t rondo_team_size(uint32_t threads) {
  return threads > 1 ? sizeof(rondo_team) + sizeof(worker) * (threads - 1) : 0;
}

rondo_status rondo_team_start(rondo_team *team, uint32_t threads, const rondo_config *config, rondo_error *error) {
  memset(team, 0, rondo_team_size(threads));
  team->threads = threads;
  team->spin_us = config->spin_us;
  team->process = getpid();
  atomic_init(&team->spins, BARRIER_SPINS);
  team->gang = config->gang;
  team->user = config->user;
  if (team->gang)
    return RONDO_OK;
  // The host's signals are the host's threads' business.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  for (uint32_t i = 0; i + 1 < threads; ++i, ++team->own) {
    team->worker[i] = (worker){.team = team, .tid = (int32_t)i + 1};
    if (pthread_create(&team->worker[i].thread, NULL, work, &team->worker[i]))
      break;
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (team->own + 1 == threads)
    return RONDO_OK;
  rondo_team_stop(team);
  return rondo_fail(error, RONDO_ENOMEM, "cannot start %d threads", (int64_t)threads - 1);
}

void rondo_team_stop(rondo_team *team) {
  if (!team->own || team->process != getpid())
    return;
  team->stop = true;
  start_call(team);
  for (uint32_t i = 0; i < team->own; ++i)
    pthread_join(team->worker[i].thread, NULL);
  team->own = 0;
}
