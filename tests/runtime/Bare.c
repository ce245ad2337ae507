/* A model without tensors, sequence axes or file: what `load` computes is all that its entry reads. Built for levels
   that a test chooses. */
#include "Bare.h"
#include "program.h"

static void load(const float *plain, float *packed) { packed[0] = 42; }
static void load_failing(const float *plain, float *packed) { packed[0] = -1; }
static void add(const rondo_frame *f, int32_t tid, int32_t threads) {
  for (int64_t i = tid; i < f->batch; i += threads)
    ((float *)f->results[0])[i] = ((const float *)f->inputs[0])[i] + f->weights[0];
}

static const rondo_value x = {"x", RONDO_F32, 0, NULL, 1, 0, 0, 0}, y = {"y", RONDO_F32, 0, NULL, 1, 0, 0, 0};
static const int64_t scratch[2] = {0, 0};
static const rondo_export add_export = {"add", 0, 1, 1, 0, NULL, &x, &y, 2, 0, NULL, 0, 0, NULL, scratch,
                                        {add, NULL, NULL}};
static const rondo_program bare = {"bare", NULL, 0, 0, 1, 0, NULL, NULL, &add_export, 0, 1, 0, {load, NULL, NULL},
                                   NULL,   0};

rondo_status bare_add(float *values, int64_t batch, rondo_error *error) {
  rondo_model *model = NULL;
  rondo_session *session = NULL;
  int64_t limits[1] = {8};
  rondo_status status = rondo_open(&bare, &model, NULL, NULL, error);
  if (!status)
    status = rondo_session_new(&bare, &session, model, limits, error);
  if (!status) {
    struct {
      int64_t batch;
      const float *x;
    } in = {batch, values};
    struct {
      float *y;
      size_t count;
    } out = {values, (size_t)batch};
    status = rondo_call(&add_export, session, &in, &out, error);
  }
  if (!status)
    status = rondo_selftest(&bare, session, error);
  rondo_session_free(&bare, session);
  rondo_close(&bare, model);
  return status;
}

// Code for no processor at all, and code that only a better one than any runs.
rondo_status bare_unbuilt(rondo_error *error) {
  rondo_export none = add_export;
  none.entry[RONDO_V2] = NULL;
  rondo_program program = bare;
  program.export_ = &none;
  rondo_model *model = NULL;
  return rondo_open(&program, &model, NULL, NULL, error);
}

rondo_status bare_unpackable(rondo_error *error) {
  rondo_program program = bare;
  program.load[RONDO_V2] = NULL;
  rondo_model *model = NULL;
  return rondo_open(&program, &model, NULL, NULL, error);
}

// The best code that the processor runs is taken: here it is the only right one.
rondo_status bare_best(int32_t level, rondo_error *error) {
  rondo_program program = bare;
  for (int32_t i = 0; i < level; ++i)
    program.load[i] = load_failing;
  program.load[level] = load;
  for (int32_t i = level + 1; i < RONDO_LEVELS; ++i)
    program.load[i] = load_failing;
  rondo_model *model = NULL;
  rondo_session *session = NULL;
  int64_t limits[1] = {1};
  float value = 1;
  rondo_status status = rondo_open(&program, &model, NULL, NULL, error);
  if (!status)
    status = rondo_session_new(&program, &session, model, limits, error);
  if (!status) {
    const void *in[] = {(void *)1, &value};
    const void *out[] = {&value, (void *)1};
    status = rondo_call(&add_export, session, in, out, error);
  }
  rondo_session_free(&program, session);
  rondo_close(&program, model);
  return status ? status : value == 43 ? RONDO_OK : RONDO_ETEST;
}
