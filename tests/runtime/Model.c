/* What the compiler emits for the model of Model.h, written by hand: constant tables, entries, wrappers. Compiled with
   -DMODEL=one and -DMODEL=two. With -DBREAK_PROMISE the mean depends on the batch, so that the self-test must say so.
 */
#include "Model.h"
#include "program.h"
#include <string.h>

#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)
#define FN(name) __attribute__((visibility("default"))) PASTE(MODEL, name)

enum { V = 8, D = 3, PADDED = 16 };

// Packed: E padded to 16 columns, then b padded to 16.
static void load(const float *plain, float *packed) {
  for (int v = 0; v < V; ++v)
    memcpy(packed + v * PADDED, plain + v * D, sizeof(float) * D);
  memcpy(packed + V * PADDED, plain + V * D, sizeof(float) * D);
}

// All threads gather rows into slot 0, meet, then each takes examples.
static void mean(const rondo_frame *f, int32_t tid, int32_t threads) {
  const int32_t *text = f->inputs[0];
  float *rows = f->slots[0], *result = f->results[0];
  for (int64_t r = tid; r < f->rows[0]; r += threads)
    memcpy(rows + r * PADDED, f->weights + text[r] * PADDED, sizeof(float) * PADDED);
  rondo_team_wait(f->team, tid);
  // The longest first, as a scan would take them; each thread has scratch of its own.
  float *sum = f->scratch + tid * f->scratch_stride;
  for (int64_t k = tid; k < f->batch; k += threads) {
    int64_t i = f->order[0][k], from = f->offsets[0][i], to = f->offsets[0][i + 1];
    memset(sum, 0, sizeof(float) * PADDED);
    for (int64_t r = from; r < to; ++r)
      for (int j = 0; j < D; ++j)
        sum[j] += f->example_of[0][r] == i ? rows[r * PADDED + j] : 1000.0f;
    for (int j = 0; j < D; ++j)
      result[i * D + j] = (to > from ? sum[j] / (float)(to - from) : 0) + f->weights[V * PADDED + j];
#ifdef BREAK_PROMISE
    result[i * D] += (float)f->batch;
#endif
  }
}

static void dots(const rondo_frame *f, int32_t tid, int32_t threads) {
  const float *x = f->inputs[0], *y = f->inputs[1];
  const int32_t *gold = f->inputs[2], *flag = f->inputs[3];
  float *result = f->results[0];
  int32_t *twice = f->results[1];
  for (int64_t i = tid; i < f->batch; i += threads) {
    int64_t t0 = f->offsets[0][i], tn = f->offsets[0][i + 1] - t0, s0 = f->offsets[1][i],
            sn = f->offsets[1][i + 1] - s0;
    for (int64_t t = 0; t < tn; ++t)
      for (int64_t s = 0; s < sn; ++s) {
        float dot = x[2 * (t0 + t)] * y[2 * (s0 + s)] + x[2 * (t0 + t) + 1] * y[2 * (s0 + s) + 1];
        result[f->offsets[2][i] + t * sn + s] = flag[i] ? -dot : dot;
      }
    for (int64_t s = 0; s < sn; ++s)
      twice[s0 + s] = 2 * gold[s0 + s];
  }
}

static const int64_t shape_e[] = {V, D}, shape_b[] = {D};
static const rondo_cell cells[] = {{"E", 2, RONDO_PARAM, shape_e, 0, RONDO_F32, 0},
                                   {"b", 1, RONDO_PARAM, shape_b, V * D, RONDO_F32, 0}};
static const rondo_axis mean_axes[] = {{"T", 20, 0, 0, NULL, 0, 0}},
                        dots_axes[] = {{"T", 0, 1, 0, NULL, 0, 0}, {"S", 0, 1, 1, NULL, 0, 0}};
static const int32_t over_t[] = {0}, over_s[] = {1}, over_ts[] = {0, 1};
static const rondo_value mean_inputs[] = {{"text", RONDO_I32, 1, over_t, 1, V, 0, 0}},
                         mean_results[] = {{"mean", RONDO_F32, 0, NULL, D, 0, 0, 0}},
                         dots_inputs[] = {{"x", RONDO_F32, 1, over_t, 2, 0, 0, 0},
                                          {"y", RONDO_F32, 1, over_s, 2, 0, 0, 0},
                                          {"gold", RONDO_I32, 1, over_s, 1, -1 - 0, 0, 0},
                                          {"flag", RONDO_BOOL, 0, NULL, 1, 0, 0, 0}},
                         dots_results[] = {{"dots", RONDO_F32, 2, over_ts, 1, 0, 0, 0},
                                           {"twice", RONDO_I32, 1, over_s, 1, 0, 0, 0}};
static const rondo_grid dots_grids[] = {{2, 1, over_ts}};
// terms: 1, B, T rows, longest T; and 1, B, T, S, T x S, longest T, S, T x S
static const int64_t mean_plan[] = {0, 0, PADDED, 0}, mean_scratch[] = {PADDED, 0, 0, 0};
static const int64_t dots_plan[] = {0, 0, 0, 0, 1, 0, 0, 0}, dots_scratch[8] = {0};
static const rondo_export exports[] = {
    {"mean", 1, 1, 1, 1, mean_axes, mean_inputs, mean_results, 4, 0, NULL, 0, 0, mean_plan, mean_scratch,
     {mean, NULL, NULL}},
    {"dots", 2, 4, 2, 1, dots_axes, dots_inputs, dots_results, 8, 1, dots_grids, 0, 0, dots_plan,
     dots_scratch, {dots, NULL, NULL}}};
static const char *const axes[] = {"T", "S"};
static const rondo_program program = {
    TEXT(MODEL), TEXT(MODEL) ".weights", 2,    2, 2, 0, axes, cells, exports, V *D + D, (V + 1) * PADDED,
    7,           {load, NULL, NULL},     NULL, 0};

uint32_t FN(abi)(void) { return 1; }
const char *FN(manifest)(void) {
  return
#include "manifest.inc"
      ;
}
rondo_status FN(open)(PASTE(MODEL, model) * *m, const char *path, const rondo_config *c, rondo_error *e) {
  return rondo_open(&program, (rondo_model **)m, path, c, e);
}
rondo_status FN(open_memory)(PASTE(MODEL, model) * *m, const void *data, size_t size, const rondo_config *c,
                             rondo_error *e) {
  return rondo_open_memory(&program, (rondo_model **)m, data, size, c, e);
}
rondo_status FN(save)(const PASTE(MODEL, model) * m, const char *path, rondo_error *e) {
  return rondo_save(&program, (const rondo_model *)m, path, e);
}
void FN(close)(PASTE(MODEL, model) * m) { rondo_close(&program, (rondo_model *)m); }
rondo_status FN(session_new)(PASTE(MODEL, session) * *s, PASTE(MODEL, model) * m, const PASTE(MODEL, limits) * l,
                             rondo_error *e) {
  return rondo_session_new(&program, (rondo_session **)s, (rondo_model *)m, l, e);
}
void FN(session_free)(PASTE(MODEL, session) * s) { rondo_session_free(&program, (rondo_session *)s); }
rondo_status FN(selftest)(PASTE(MODEL, session) * s, rondo_error *e) {
  return rondo_selftest(&program, (rondo_session *)s, e);
}
rondo_status FN(mean)(PASTE(MODEL, session) * s, const PASTE(MODEL, mean_in) * in, const PASTE(MODEL, mean_out) * out,
                      rondo_error *e) {
  return rondo_call(&exports[0], (rondo_session *)s, in, out, e);
}
rondo_status FN(dots)(PASTE(MODEL, session) * s, const PASTE(MODEL, dots_in) * in, const PASTE(MODEL, dots_out) * out,
                      rondo_error *e) {
  return rondo_call(&exports[1], (rondo_session *)s, in, out, e);
}
