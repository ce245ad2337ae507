/* One call: fill the frame from the caller's structs, choose the code, run it. Nothing is allocated here. */
#include "internal.h"

rondo_entry rondo_pick_entry(const rondo_export *export_, int32_t level) {
  for (; level >= 0; --level)
    if (export_->entry[level])
      return export_->entry[level];
  return NULL;
}

// Rows of a grid in example i.
static int64_t rows_of(const rondo_lengths *lengths, const rondo_grid *grid, int64_t i) {
  int64_t rows = 1;
  for (int32_t k = 0; k < grid->axes; ++k)
    rows *= rondo_length(lengths, grid->axis[k], i);
  return rows;
}

// Extent of a checked batch: of axes made of values, the most they can be.
static void measure(const rondo_lengths *lengths, rondo_extent *extent) {
  const rondo_export *export_ = lengths->export_;
  for (int32_t a = 0; a < rondo_spaces(export_); ++a) {
    int64_t rows = 0, longest = 0;
    for (int64_t i = 0; i < lengths->batch; ++i) {
      int64_t own =
          a < export_->axes ? rondo_length(lengths, a, i) : rows_of(lengths, &export_->grid[a - export_->axes], i);
      rows += own;
      longest = own > longest ? own : longest;
    }
    extent->rows[a] = rows;
    extent->longest[a] = longest;
  }
}

static bool longer(const void *context, int32_t a, int32_t b) {
  const int64_t *offsets = context;
  int64_t x = offsets[a + 1] - offsets[a], y = offsets[b + 1] - offsets[b];
  return x != y ? x > y : a < b;
}

// The tables of one axis, whose offsets are there. They lie in the session's arena; entries see them as constant.
static void fill_axis(const rondo_frame *frame, int32_t a) {
  const int64_t *offsets = frame->offsets[a];
  int32_t *owner = (int32_t *)frame->example_of[a], *order = (int32_t *)frame->order[a];
  bool sorted = true;
  for (int64_t i = 0; i < frame->batch; ++i) {
    for (int64_t row = offsets[i]; row < offsets[i + 1]; ++row)
      owner[row] = (int32_t)i;
    order[i] = (int32_t)i;
    sorted &= i == 0 || !longer(offsets, (int32_t)i, (int32_t)i - 1);
  }
  if (!sorted)
    rondo_sort(order, frame->batch, longer, offsets);
}

// By its form, from the axes before it.
static void fill_made(const rondo_frame *frame, int32_t a) {
  const rondo_lengths lengths = {frame->export_, frame->batch, frame->offsets, a};
  int64_t *offsets = (int64_t *)frame->offsets[a];
  offsets[0] = 0;
  for (int64_t i = 0; i < frame->batch; ++i)
    offsets[i + 1] = offsets[i] + rondo_length(&lengths, a, i);
  fill_axis(frame, a);
}

static void fill_grids(const rondo_frame *frame) {
  const rondo_export *export_ = frame->export_;
  const rondo_lengths lengths = {export_, frame->batch, frame->offsets, export_->axes};
  for (int32_t g = 0; g < export_->grids; ++g) {
    int64_t *offsets = (int64_t *)frame->offsets[export_->axes + g];
    int32_t *owner = (int32_t *)frame->example_of[export_->axes + g];
    offsets[0] = 0;
    for (int64_t i = 0; i < frame->batch; ++i) {
      offsets[i + 1] = offsets[i] + rows_of(&lengths, &export_->grid[g], i);
      for (int64_t row = offsets[i]; owner && row < offsets[i + 1]; ++row)
        owner[row] = (int32_t)i;
    }
  }
}

void rondo_make_axis(const rondo_frame *frame, int32_t axis, const int32_t *length) {
  const rondo_export *export_ = frame->export_;
  const rondo_lengths most = {export_, frame->batch, frame->offsets, axis};
  int64_t *offsets = (int64_t *)frame->offsets[axis];
  for (int64_t i = 0; i < frame->batch; ++i) { // tables have room for the most
    int64_t own = length[i] < 0 ? 0 : length[i], room = rondo_length(&most, axis, i);
    offsets[i + 1] = offsets[i] + (own < room ? own : room);
  }
  fill_axis(frame, axis);
  for (int32_t a = axis + 1; a < export_->axes; ++a)
    if (!export_->axis[a].of_value)
      fill_made(frame, a);
  fill_grids(frame);
  rondo_extent extent = {frame->batch, (int64_t *)frame->rows, (int64_t *)frame->longest};
  const rondo_lengths all = {export_, frame->batch, frame->offsets, export_->axes};
  measure(&all, &extent);
}

void rondo_run(const rondo_export *export_, rondo_session *session, const void *in, const void *out, int32_t threads) {
  const int64_t batch = *(const int64_t *)in;
  const int64_t *const *offsets = (const int64_t *const *)((const char *)in + 8);
  const int32_t n = export_->axes, given = rondo_given(export_);
  const void *const *inputs = (const void *const *)(offsets + given);
  const rondo_result *results = out;
  int64_t *const *returned = (int64_t *const *)(results + export_->results) - 1; // numbered from 1
  if (!batch) {
    for (int32_t a = given; a < n; ++a)
      if (export_->axis[a].returned && returned[export_->axis[a].returned])
        returned[export_->axis[a].returned][0] = 0;
    return;
  }
  rondo_extent extent = rondo_session_extent(session, export_);
  extent.batch = batch;
  const rondo_lengths lengths = {export_, batch, offsets, given};
  measure(&lengths, &extent);
  rondo_frame frame;
  rondo_place(export_, &extent, (int32_t)session->model->config.threads, session->arena, &frame);
  frame.export_ = export_;
  for (int32_t a = 0; a < given; ++a) {
    for (int64_t i = 0; i <= batch; ++i)
      ((int64_t *)frame.offsets[a])[i] = offsets[a][i] - offsets[a][0];
    fill_axis(&frame, a);
  }
  for (int32_t a = given; a < n; ++a)
    fill_made(&frame, a);
  fill_grids(&frame);
  const rondo_lengths all = {export_, batch, frame.offsets, n};
  for (int32_t i = 0; i < export_->inputs; ++i) {
    // A batch may be a slice of longer arrays: its first offset need not be 0.
    const rondo_value *input = &export_->input[i];
    if (!inputs[i] && input->optional) {
      int32_t *filled = (int32_t *)((void **)frame.inputs)[i];
      int64_t count = rondo_value_rows(&all, input, -1) * input->width;
      for (int64_t k = 0; k < count; ++k)
        filled[k] = input->preset;
      continue;
    }
    int64_t skipped = input->axes == 1 && input->axis[0] < given ? offsets[input->axis[0]][0] * input->width : 0;
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
  for (int32_t a = given; a < n; ++a)
    if (export_->axis[a].returned && returned[export_->axis[a].returned])
      for (int64_t i = 0; i <= batch; ++i)
        returned[export_->axis[a].returned][i] = frame.offsets[a][i];
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
