/* Two models in one program, linked statically: right answers, their own weights, and no allocation in calls. */
#include "left.h"
#include "right.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long allocations;

static void *count_alloc(void *user, size_t size, size_t align) {
  void *p = NULL;
  ++*(long *)user;
  return posix_memalign(&p, align, size) ? NULL : p;
}
static void count_release(void *user, void *p, size_t size, size_t align) {
  (void)user, (void)size, (void)align;
  free(p);
}

static int fail(const char *what, const rondo_error *error) {
  fprintf(stderr, "%s: %s\n", what, error->text);
  return 1;
}

int main(int argc, char **argv) {
  left_model *left = NULL;
  right_model *right = NULL;
  left_session *one = NULL;
  right_session *two = NULL;
  rondo_error error;
  rondo_config config;
  left_limits left_bounds;
  right_limits right_bounds;
  int64_t T[3] = {0, 1, 3};
  float x[3 * 3], y[3 * 3], z[3 * 5], u[3 * 5];
  left_scale_in in;
  left_scale_out out;
  right_moved_in right_in;
  right_moved_out right_out;
  long before;
  int i, round;

  memset(&config, 0, sizeof config);
  config.size = sizeof config;
  config.threads = argc > 2 ? 2 : 1;
  config.user = &allocations;
  config.alloc = count_alloc;
  config.release = count_release;
  if (left_abi() != LEFT_ABI || right_abi() != RIGHT_ABI || left_abi() == right_abi() || LEFT_WIDTH != 3)
    return fputs("abi\n", stderr), 1;
  left_bounds.batch = right_bounds.batch = 2;
  left_bounds.T_total = right_bounds.T_total = 3;
  left_bounds.T_longest = right_bounds.T_longest = 2;
  if (left_open(&left, argv[1], &config, &error) || left_session_new(&one, left, &left_bounds, &error))
    return fail("left", &error);
  /* Weights of its own inside. */
  if (right_open(&right, NULL, &config, &error) || right_session_new(&two, right, &right_bounds, &error))
    return fail("right", &error);
  if (left_selftest(one, &error) || right_selftest(two, &error))
    return fail("selftest", &error);
  for (i = 0; i < 9; ++i)
    x[i] = (float)i;
  for (i = 0; i < 15; ++i)
    z[i] = (float)i;
  in.batch = right_in.batch = 2;
  in.T = right_in.T = T;
  in.x = x;
  out.y = y;
  out.y_count = 9;
  right_in.x = z;
  right_out.y = u;
  right_out.y_count = 15;
  before = allocations;
  for (round = 0; round < 100; ++round)
    if (left_scale(one, &in, &out, &error) || right_moved(two, &right_in, &right_out, &error))
      return fail("call", &error);
  if (allocations != before || before == 0)
    return fputs("a call allocates\n", stderr), 1;
  for (i = 0; i < 9; ++i)
    if (y[i] != 2 * x[i] * (float)(1 + i % 3))
      return fprintf(stderr, "left %d: %g\n", i, y[i]), 1;
  for (i = 0; i < 15; ++i)
    if (u[i] != z[i] * (float)(10 + i % 5) + 7)
      return fprintf(stderr, "right %d: %g\n", i, u[i]), 1;
  in.batch = 3;
  if (left_scale(one, &in, &out, &error) != RONDO_ECAPACITY)
    return fputs("capacity\n", stderr), 1;
  left_session_free(one);
  right_session_free(two);
  left_close(left);
  right_close(right);
  puts("ok");
  return 0;
}
