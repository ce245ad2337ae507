/* The promise of equal bits, tried on the machine that the library runs on: every export on a small made-up batch,
   together and alone, on all threads and on one; and the weights against their checksum. Not a call: it allocates. */
#include "internal.h"
#include <string.h>

enum { MAX_BATCH = 3, MAX_LENGTH = 37 /* beyond the edges of tiles and vectors */ };

// One try of one export: made-up inputs, and results of the whole batch and of one example.
typedef struct {
  const rondo_export *export_;
  int64_t batch;
  const int64_t *const *offsets; /* per axis, batch + 1; of returned ones those of the whole batch, once it has run */
  int64_t *const *ignored;       /* per axis: what later runs return */
  int32_t known;                 /* axes whose offsets are there */
  void *const *inputs;           /* per input, whole batch */
  void *const *together;         /* per result, whole batch */
  void *const *again;            /* per result, room for the same */
  void **words;                  /* in and out structs are put together here */
} trial;

static uint32_t next(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static rondo_lengths lengths_of(const trial *t) { return (rondo_lengths){t->export_, t->batch, t->offsets, t->known}; }

// False: there are ids to make up, below an axis that has no length here.
static bool make_input(const trial *t, int32_t index, uint32_t *state) {
  const rondo_value *input = &t->export_->input[index];
  const rondo_lengths lengths = lengths_of(t);
  int64_t at = 0;
  for (int64_t i = 0; i < t->batch; ++i) {
    int64_t bound = input->bound ? input->bound : 5;
    if (input->bound < 0)
      bound = rondo_length(&lengths, (int32_t)(-1 - input->bound), i);
    int64_t end = at + rondo_value_rows(&lengths, input, i) * input->width;
    if (at < end && !bound)
      return false;
    for (; at < end; ++at) {
      uint32_t random = next(state);
      if (input->element == RONDO_F32)
        ((float *)t->inputs[index])[at] = (float)random / (1 << 23) - 1;
      else
        ((int32_t *)t->inputs[index])[at] = (int32_t)(random % (uint32_t)(input->element == RONDO_BOOL ? 2 : bound));
    }
  }
  return true;
}

static int64_t start_of(const trial *t, const rondo_value *value, int64_t example) {
  const rondo_lengths lengths = lengths_of(t);
  int64_t rows = 0;
  for (int64_t i = 0; i < example; ++i)
    rows += rondo_value_rows(&lengths, value, i);
  return rows * value->width;
}

// Runs examples first .. first + count - 1 and leaves their results in `results`. Offsets are left as they are: a slice
// of the batch. `threads`: as in rondo_run.
static rondo_status run(const trial *t, rondo_session *session, int64_t first, int64_t count, void *const *results,
                        int32_t threads, rondo_error *error) {
  const rondo_export *e = t->export_;
  const int32_t given = rondo_given(e);
  void **in = t->words, **out = in + 1 + given + e->inputs;
  memcpy(&in[0], &count, sizeof count);
  for (int32_t a = 0; a < given; ++a)
    in[1 + a] = (void *)(t->offsets[a] + first);
  for (int32_t i = 0; i < e->inputs; ++i) {
    bool shared = e->input[i].axes == 1 && e->input[i].axis[0] < given;
    in[1 + given + i] = (char *)t->inputs[i] + 4 * (shared ? 0 : start_of(t, &e->input[i], first));
  }
  for (int32_t r = 0; r < e->results; ++r) {
    out[2 * r] = results[r];
    size_t room = SIZE_MAX / 4;
    memcpy(&out[2 * r + 1], &room, sizeof room);
  }
  for (int32_t a = given; a < e->axes; ++a)
    if (e->axis[a].returned)
      out[2 * e->results + e->axis[a].returned - 1] =
          t->known == e->axes ? t->ignored[a] : (void *)(uintptr_t)t->offsets[a];
  rondo_status status = rondo_check_call(e, session, in, out, error);
  if (!status)
    rondo_run(e, session, in, out, threads);
  return status;
}

static rondo_status compare(const trial *t, int64_t first, int64_t count, const char *how, rondo_error *error) {
  for (int32_t r = 0; r < t->export_->results; ++r) {
    const rondo_value *result = &t->export_->result[r];
    int64_t start = start_of(t, result, first), size = start_of(t, result, first + count) - start;
    if (size && memcmp((char *)t->together[r] + 4 * start, t->again[r], 4 * (size_t)size))
      return rondo_fail(error, RONDO_ETEST, "selftest: %s of %s differs in bits %s", result->name, t->export_->name,
                        how);
  }
  return RONDO_OK;
}

// Lengths that the model computed tell where results stand; other axes follow by their forms.
static int32_t known_after(const trial *t) {
  const rondo_lengths lengths = lengths_of(t);
  for (int32_t a = t->known; a < t->export_->axes; ++a)
    if (!t->export_->axis[a].returned)
      for (int64_t i = 0; i < t->batch; ++i)
        ((int64_t *)(uintptr_t)t->offsets[a])[i + 1] = t->offsets[a][i] + rondo_length(&lengths, a, i);
  return t->export_->axes;
}

static rondo_status try_all(trial *t, rondo_session *session, rondo_error *error) {
  uint32_t state = 12345;
  for (int32_t i = 0; i < t->export_->inputs; ++i)
    if (!make_input(t, i, &state))
      return RONDO_OK; // no such batch is admitted
  rondo_status status = run(t, session, 0, t->batch, t->together, 0, error);
  t->known = known_after(t);
  if (!status && session->team) {
    status = run(t, session, 0, t->batch, t->again, 1, error);
    if (!status)
      status = compare(t, 0, t->batch, "on one thread", error);
  }
  for (int64_t i = 0; i < t->batch && !status; ++i) {
    status = run(t, session, i, 1, t->again, 0, error);
    if (!status)
      status = compare(t, i, 1, "alone and in a batch", error);
  }
  return status;
}

// Length of example i of every axis: different in each, within limits and the model's own maximum. -1: does not fit.
static int64_t trial_length(const rondo_export *e, const rondo_session *session, int64_t batch, int32_t a, int64_t i) {
  const rondo_axis *axis = &e->axis[a];
  int64_t most = session->limit[2 + 2 * axis->limit], share = session->limit[1 + 2 * axis->limit] / batch;
  int64_t length = 1 + (17 * i + 5 * a + 19) % MAX_LENGTH; // 20, 37, 17 of the first axis
  most = axis->max && axis->max < most ? axis->max : most;
  most = share < most ? share : most;
  length = length > axis->least ? length : axis->least;
  most = most < MAX_LENGTH ? most : MAX_LENGTH;
  length = length < most ? length : most;
  return length < 1 || length < axis->least ? -1 : length;
}

// The most that an example of a trial has of an axis.
static size_t longest_of(const rondo_export *e, int32_t a) {
  const int64_t *form = e->axis[a].form;
  if (!form)
    return MAX_LENGTH;
  int64_t sum = form[0] > 0 ? form[0] : 0;
  for (int32_t k = 0; k < a; ++k)
    if (form[2 + k] > 0)
      sum += form[2 + k] * (int64_t)longest_of(e, k);
  return (size_t)(sum / form[1]);
}

// Everything of a trial stands in one block; first measured (block NULL), then placed.
static size_t place(trial *t, char *block, const rondo_session *session) {
  const rondo_export *e = t->export_;
  size_t words = (size_t)(1 + 5 * e->axes + 2 * e->inputs + 4 * e->results), used = sizeof(void *) * words;
  void **at = (void **)block;
  if (block) {
    t->words = at, at += 1 + 2 * e->axes + e->inputs + 2 * e->results;
    t->offsets = (const int64_t *const *)at, at += e->axes;
    t->ignored = (int64_t *const *)at, at += e->axes;
    t->inputs = at, at += e->inputs;
    t->together = at, at += e->results;
    t->again = at;
  }
  for (int32_t a = 0; a < e->axes; ++a, used += 2 * sizeof(int64_t) * (MAX_BATCH + 1)) {
    if (!block)
      continue;
    int64_t *offsets = (int64_t *)(block + used);
    ((int64_t **)t->offsets)[a] = offsets;
    ((int64_t **)t->ignored)[a] = offsets + MAX_BATCH + 1;
    offsets[0] = 0;
    for (int64_t i = 0; a < rondo_given(e) && i < t->batch; ++i)
      offsets[i + 1] = offsets[i] + trial_length(e, session, t->batch, a, i);
  }
  for (int32_t v = 0; v < e->inputs + 2 * e->results; ++v) {
    const rondo_value *value = v < e->inputs ? &e->input[v] : &e->result[(v - e->inputs) % e->results];
    size_t rows = MAX_BATCH;
    for (int32_t a = 0; a < value->axes; ++a)
      rows *= longest_of(e, value->axis[a]);
    if (block)
      ((void **)t->inputs)[v] = block + used; // inputs, together and again adjoin
    used += (4 * rows * (size_t)value->width + 7) & -(size_t)8;
  }
  return used;
}

static rondo_status test_export(const rondo_export *e, rondo_session *session, rondo_error *error) {
  trial t = {
      .export_ = e, .known = rondo_given(e), .batch = session->limit[0] < MAX_BATCH ? session->limit[0] : MAX_BATCH};
  for (int32_t a = 0; a < rondo_given(e) && t.batch; ++a)
    while (t.batch && trial_length(e, session, t.batch, a, 0) < 0)
      --t.batch;
  if (!t.batch) // the session admits nothing to try
    return RONDO_OK;
  size_t size = place(&t, NULL, session);
  const rondo_config *config = &session->model->config;
  char *block = rondo_alloc(config, size, RONDO_ALIGN);
  if (!block)
    return rondo_fail(error, RONDO_ENOMEM, "no memory for the self-test");
  memset(block, 0, size);
  place(&t, block, session);
  rondo_status status = try_all(&t, session, error);
  rondo_release(config, block, size, RONDO_ALIGN);
  return status;
}

rondo_status rondo_selftest(const rondo_program *program, rondo_session *session, rondo_error *error) {
  if (!session)
    return rondo_fail(error, RONDO_EINVAL, "selftest: the session is NULL");
  if (atomic_flag_test_and_set_explicit(&session->busy, memory_order_acquire))
    return rondo_fail(error, RONDO_EINVAL, "selftest: another thread is using this session");
  rondo_status status = rondo_model_check(session->model, error);
  for (int32_t i = 0; i < program->exports && !status; ++i)
    status = test_export(&program->export_[i], session, error);
  atomic_flag_clear_explicit(&session->busy, memory_order_release);
  return status ? status : rondo_ok(error);
}
