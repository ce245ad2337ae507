/* See Bare.c. */
#ifndef RONDO_TEST_BARE_H
#define RONDO_TEST_BARE_H
#include "rondo.h"
#ifdef __cplusplus
extern "C" {
#endif
rondo_status bare_add(float *values, int64_t batch, rondo_error *);
rondo_status bare_unbuilt(rondo_error *);
rondo_status bare_unpackable(rondo_error *);
rondo_status bare_best(int32_t level, rondo_error *);
rondo_status bare_cube(int64_t length, rondo_error *);
rondo_status bare_below_nothing(rondo_error *);
int32_t rondo_cpu_level(void);
#ifdef __cplusplus
}
#endif
#endif
