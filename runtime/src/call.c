/* One call: fill the frame from the caller's structs, choose the code, run it. Nothing is allocated here. */
#include "internal.h"

rondo_entry rondo_pick_entry(const rondo_export *export_, int32_t level) {
  for (; level >= 0; --level)
    if (export_->entry[level])
      return export_->entry[level];
  return NULL;
}

// Rows of a grid in example i.
static int64_t rows_of(const rondo_grid *grid, const int64_t *const *offsets, int64_t i) {
  int64_t rows = 1;
  for (int32_t k = 0; k < grid->axes; ++k)
    rows *= offsets[grid->axis[k]][i + 1] - offsets[grid->axis[k]][i];
  return rows;
}

// Extent of a checked batch.
static void measure(const rondo_export *export_, const int64_t *const *offsets, rondo_extent *extent) {
  int32_t n = export_->axes;
  int64_t batch = extent->batch;
  for (int32_t a = 0; a < n; ++a) {
    extent->rows[a] = offsets[a][batch] - offsets[a][0];
    extent->longest[a] = 0;
    for (int64_t i = 0; i < batch; ++i)
      if (offsets[a][i + 1] - offsets[a][i] > extent->longest[a])
        extent->longest[a] = offsets[a][i + 1] - offsets[a][i];
  }
  for (int32_t g = 0; g < export_->grids; ++g) {
    int64_t rows = 0, longest = 0;
    for (int64_t i = 0; i < batch; ++i) {
      int64_t own = rows_of(&export_->grid[g], offsets, i);
      rows += own;
      longest = own > longest ? own : longest;
    }
    extent->rows[n + g] = rows;
    extent->longest[n + g] = longest;
  }
}

static bool longer(const void *context, int32_t a, int32_t b) {
  const int64_t *offsets = context;
  int64_t x = offsets[a + 1] - offsets[a], y = offsets[b + 1] - offsets[b];
  return x != y ? x > y : a < b;
}

// The tables of one axis. They lie in the session's arena; the frame shows them to entries as constant.
static void fill_axis(rondo_frame *frame, int32_t a, const int64_t *from) {
  int64_t *offsets = (int64_t *)frame->offsets[a];
  int32_t *owner = (int32_t *)frame->example_of[a], *order = (int32_t *)frame->order[a];
  bool sorted = true;
  for (int64_t i = 0; i <= frame->batch; ++i)
    offsets[i] = from[i] - from[0];
  for (int64_t i = 0; i < frame->batch; ++i) {
    for (int64_t row = offsets[i]; row < offsets[i + 1]; ++row)
      owner[row] = (int32_t)i;
    order[i] = (int32_t)i;
    sorted &= i == 0 || !longer(offsets, (int32_t)i, (int32_t)i - 1);
  }
  if (!sorted)
    rondo_sort(order, frame->batch, longer, offsets);
}

static void fill_grid(rondo_frame *frame, const rondo_export *export_, int32_t g, const int64_t *const *from) {
  int64_t *offsets = (int64_t *)frame->offsets[export_->axes + g];
  int32_t *owner = (int32_t *)frame->example_of[export_->axes + g];
  offsets[0] = 0;
  for (int64_t i = 0; i < frame->batch; ++i) {
    offsets[i + 1] = offsets[i] + rows_of(&export_->grid[g], from, i);
    for (int64_t row = offsets[i]; owner && row < offsets[i + 1]; ++row)
      owner[row] = (int32_t)i;
  }
}

void rondo_run(const rondo_export *export_, rondo_session *session, const void *in, const void *out, int32_t threads) {
  const int64_t batch = *(const int64_t *)in;
  const int64_t *const *offsets = (const int64_t *const *)((const char *)in + 8);
  const void *const *inputs = (const void *const *)(offsets + export_->axes);
  const rondo_result *results = out;
  if (!batch)
    return;
  int32_t n = export_->axes;
  rondo_extent extent = rondo_session_extent(session, export_);
  extent.batch = batch;
  measure(export_, offsets, &extent);
  rondo_frame frame;
  rondo_place(export_, &extent, (int32_t)session->model->config.threads, session->arena, &frame);
  for (int32_t a = 0; a < n; ++a)
    fill_axis(&frame, a, offsets[a]);
  for (int32_t g = 0; g < export_->grids; ++g)
    fill_grid(&frame, export_, g, offsets);
  for (int32_t i = 0; i < export_->inputs; ++i) {
    // A batch may be a slice of longer arrays: its first offset need not be 0.
    const rondo_value *input = &export_->input[i];
    int64_t skipped = input->axes == 1 ? offsets[input->axis[0]][0] * input->width : 0;
    ((const void **)frame.inputs)[i] = inputs[i] ? (const char *)inputs[i] + 4 * skipped : NULL;
  }
  for (int32_t r = 0; r < export_->results; ++r)
    ((void **)frame.results)[r] = results[r].data;
  frame.weights = session->model->weights;
  rondo_entry entry = rondo_pick_entry(export_, session->model->level);
  if (session->team && threads != 1)
    rondo_team_run(session->team, entry, &frame);
  else
    entry(&frame, 0, 1);
}

rondo_status rondo_call(const rondo_export *export_, rondo_session *session, const void *in, const void *out,
                        rondo_error *error) {
  if (!session)
    return rondo_fail(error, RONDO_EINVAL, "%s: the session is NULL", export_->name);
  if (atomic_flag_test_and_set_explicit(&session->busy, memory_order_acquire))
    return rondo_fail(error, RONDO_EINVAL, "%s: another thread is using this session", export_->name);
  rondo_status status = rondo_check_call(export_, session, in, out, error);
  if (!status)
    rondo_run(export_, session, in, out, 0);
  atomic_flag_clear_explicit(&session->busy, memory_order_release);
  return status ? status : rondo_ok(error);
}
