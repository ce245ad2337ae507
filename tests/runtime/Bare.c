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
static const rondo_export add_export = {"add", 0, 1,    1, 0, NULL, &x,      &y,
                                        2,     0, NULL, 0, 0, NULL, scratch, {add, NULL, NULL}};
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

// An export without weights, called on one example (lengths: of the given axes) or tested by itself.
static void nothing(const rondo_frame *f, int32_t tid, int32_t threads) {}

static rondo_status try_export(const rondo_export *export_, const char *const *axes, int32_t given,
                               const int64_t *limits, const void *in, const void *out, rondo_error *error) {
  rondo_program program = {.name = "bare", .axes = given, .exports = 1, .axis = axes, .export_ = export_};
  rondo_model *model = NULL;
  rondo_session *session = NULL;
  rondo_status status = rondo_open(&program, &model, NULL, NULL, error);
  if (!status)
    status = rondo_session_new(&program, &session, model, limits, error);
  if (!status)
    status = in ? rondo_call(export_, session, in, out, error) : rondo_selftest(&program, session, error);
  rondo_session_free(&program, session);
  rondo_close(&program, model);
  return status;
}

// A result over three axes, for which there is room for 16 numbers.
rondo_status bare_cube(int64_t length, rondo_error *error) {
  static const char *const names[] = {"A", "B", "C"};
  static const rondo_axis axes[] = {{"A", 0, 0, 0, NULL, 0, 0}, {"B", 0, 0, 1, NULL, 0, 0}, {"C", 0, 0, 2, NULL, 0, 0}};
  static const int32_t over[] = {0, 1, 2};
  static const rondo_value cube = {"cube", RONDO_F32, 3, over, 1, 0, 0, 0};
  static const int64_t none[8] = {0};
  static const rondo_export export_ = {"cube", 3, 0,    1, 0, axes, NULL, &cube,
                                       8,      0, NULL, 0, 0, NULL, none, {nothing, NULL, NULL}};
  int64_t limits[] = {1, length, length, length, length, length, length}, ends[] = {0, length};
  float values[16];
  const void *in[] = {(void *)1, ends, ends, ends}, *out[] = {values, (void *)16};
  return try_export(&export_, names, 3, limits, in, out, error);
}

// Ids below an axis that is made, and too short to have any in what the self-test makes up.
rondo_status bare_below_nothing(rondo_error *error) {
  static const char *const names[] = {"T"};
  static const int64_t form[] = {0, 64, 1, 0};
  static const rondo_axis axes[] = {{"T", 0, 1, 0, NULL, 0, 0}, {"P", 0, 0, -1, form, 0, 0}};
  static const int32_t over[] = {0};
  static const rondo_value at = {"at", RONDO_I32, 1, over, 1, -1 - 1, 0, 0}, y = {"y", RONDO_F32, 1, over, 1, 0, 0, 0};
  static const int64_t none[6] = {0};
  static const rondo_export export_ = {"below", 2, 1,    1, 0, axes, &at,  &y,
                                       6,       0, NULL, 1, 0, NULL, none, {nothing, NULL, NULL}};
  int64_t limits[] = {3, 111, 37};
  return try_export(&export_, names, 1, limits, NULL, NULL, error);
}
