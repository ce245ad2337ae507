/* Ceilings of this processor, for bench/measure.py: independent chains of fused multiply-adds, in zmm or ymm registers
   (LANES is given on the command line), on one thread or on several at once. And calls in a loop, for what takes a
   microsecond: a call from Python costs more than that. */
#include <pthread.h>
#include <time.h>

typedef float lanes __attribute__((vector_size(4 * LANES)));

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* In assembly, since compilers shuffle or spill the chains, and then the ceiling is too low. */
static float chains(long steps) {
  volatile float half = 0.5f;
  lanes x = half - (lanes){0}, s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x, s8 = x, s9 = x;
  for (long step = 0; step < steps; ++step)
    __asm__ volatile("vfmadd213ps %10, %10, %0\n vfmadd213ps %10, %10, %1\n vfmadd213ps %10, %10, %2\n"
                     "vfmadd213ps %10, %10, %3\n vfmadd213ps %10, %10, %4\n vfmadd213ps %10, %10, %5\n"
                     "vfmadd213ps %10, %10, %6\n vfmadd213ps %10, %10, %7\n vfmadd213ps %10, %10, %8\n"
                     "vfmadd213ps %10, %10, %9\n"
                     : "+v"(s0), "+v"(s1), "+v"(s2), "+v"(s3), "+v"(s4), "+v"(s5), "+v"(s6), "+v"(s7), "+v"(s8),
                       "+v"(s9)
                     : "v"(x));
  lanes sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9;
  return sum[0];
}

static const double flops_a_step = 2.0 * LANES * 10;
volatile float peak_sink;

/* FLOPs a second of this thread's own time. */
double peak_thread(long steps) {
  double start = now(CLOCK_THREAD_CPUTIME_ID);
  peak_sink = chains(steps);
  return flops_a_step * (double)steps / (now(CLOCK_THREAD_CPUTIME_ID) - start);
}

struct run {
  pthread_barrier_t *begin;
  long steps;
  double start, end;
};

static void *run(void *data) {
  struct run *r = data;
  pthread_barrier_wait(r->begin);
  r->start = now(CLOCK_MONOTONIC);
  peak_sink = chains(r->steps);
  r->end = now(CLOCK_MONOTONIC);
  return 0;
}

/* FLOPs a second of two threads together, by the clock on the wall. */
double peak_pair(long steps) {
  pthread_barrier_t begin;
  pthread_barrier_init(&begin, 0, 2);
  struct run runs[2] = {{&begin, steps, 0, 0}, {&begin, steps, 0, 0}};
  pthread_t other;
  if (pthread_create(&other, 0, run, &runs[1]))
    return 0;
  run(&runs[0]);
  pthread_join(other, 0);
  pthread_barrier_destroy(&begin);
  double start = runs[0].start < runs[1].start ? runs[0].start : runs[1].start;
  double end = runs[0].end > runs[1].end ? runs[0].end : runs[1].end;
  return 2 * flops_a_step * (double)steps / (end - start);
}

/* A library's function again and again; the first status that is not 0. */
int peak_repeat(int (*call)(void *, const void *, const void *, void *), void *session, const void *in, const void *out,
                void *error, long count) {
  int status = 0;
  for (long i = 0; i < count && !status; ++i)
    status = call(session, in, out, error);
  return status;
}
