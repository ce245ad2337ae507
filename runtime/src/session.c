/* Sessions: limits, and one allocation that holds everything which calls within them need. */
#include "internal.h"
#include <string.h>

// Limits as they are used: a zero takes what the others imply, a model's own maximum cuts.
static rondo_status read_limits(const rondo_program *program, const int64_t *from, int64_t *limit, rondo_error *error) {
  int64_t batch = limit[0] = from[0];
  if (batch < 0)
    return rondo_fail(error, RONDO_EINVAL, "limits.batch is %d", batch);
  for (int32_t a = 0; a < program->axes; ++a) {
    int64_t total = from[1 + 2 * a], longest = from[2 + 2 * a];
    if (total < 0 || longest < 0)
      return rondo_fail(error, RONDO_EINVAL, "limits.%s_%s is %d", program->axis[a], total < 0 ? "total" : "longest",
                        total < 0 ? total : longest);
    if (!longest)
      longest = total;
    if (!total && __builtin_mul_overflow(batch, longest, &total))
      return rondo_fail(error, RONDO_EINVAL, "limits: %d examples of %d %s are too many", batch, longest,
                        program->axis[a]);
    if (total >= INT32_MAX || batch >= INT32_MAX)
      return rondo_fail(error, RONDO_EINVAL, "limits: more than %d rows of %s", (int64_t)INT32_MAX, program->axis[a]);
    limit[1 + 2 * a] = total;
    limit[2 + 2 * a] = longest < total ? longest : total;
  }
  return RONDO_OK;
}

static int64_t capped_product(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t capped_sum(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// The most that a made axis can have under the extents of those before it. What is subtracted may be nothing.
static void largest_made(const int64_t *form, int32_t a, rondo_extent *extent) {
  int64_t constant = form[0] > 0 ? form[0] : 0, divisor = form[1];
  int64_t longest = constant, rows = capped_product(constant, extent->batch);
  for (int32_t k = 0; k < a; ++k)
    if (form[2 + k] > 0) {
      longest = capped_sum(longest, capped_product(form[2 + k], extent->longest[k]));
      rows = capped_sum(rows, capped_product(form[2 + k], extent->rows[k]));
    }
  extent->longest[a] = longest / divisor;
  int64_t most = capped_product(extent->batch, extent->longest[a]);
  extent->rows[a] = rows / divisor < most ? rows / divisor : most;
}

// The largest extent of one export that the limits admit.
static void largest(const rondo_export *export_, const int64_t *limit, rondo_extent *extent) {
  int32_t n = export_->axes;
  int64_t batch = extent->batch = limit[0];
  for (int32_t a = 0; a < n; ++a) {
    const rondo_axis *axis = &export_->axis[a];
    if (axis->form) {
      largest_made(axis->form, a, extent);
      continue;
    }
    int64_t longest = limit[2 + 2 * axis->limit], total = limit[1 + 2 * axis->limit];
    if (axis->max && axis->max < longest)
      longest = axis->max;
    int64_t most = capped_product(batch, longest);
    extent->longest[a] = longest;
    extent->rows[a] = most < total ? most : total;
  }
  for (int32_t g = 0; g < export_->grids; ++g) {
    const rondo_grid *grid = &export_->grid[g];
    // All rows of one axis, each with the longest of the others: whichever axis that bounds best.
    int64_t most = INT64_MAX, longest = 1;
    for (int32_t k = 0; k < grid->axes; ++k) {
      int64_t rows = extent->rows[grid->axis[k]];
      for (int32_t other = 0; other < grid->axes; ++other)
        if (other != k)
          rows = capped_product(rows, extent->longest[grid->axis[other]]);
      most = rows < most ? rows : most;
      longest = capped_product(longest, extent->longest[grid->axis[k]]);
    }
    extent->rows[n + g] = most;
    extent->longest[n + g] = longest < most ? longest : most;
  }
}

// Bytes of the arrays of an extent that precede the arena: rows, longest.
static size_t extent_size(int32_t spaces) { return sizeof(int64_t) * (size_t)(2 * spaces); }

rondo_extent rondo_session_extent(const rondo_session *session, const rondo_export *export_) {
  return (rondo_extent){0, session->extent, session->extent + rondo_spaces(export_)};
}

static size_t round_up(size_t size) { return (size + RONDO_ALIGN - 1) & -(size_t)RONDO_ALIGN; }

static rondo_status measure(const rondo_program *program, rondo_session *session, int32_t threads, rondo_error *error) {
  for (int32_t i = 0; i < program->exports; ++i) {
    const rondo_export *export_ = &program->export_[i];
    rondo_extent extent = rondo_session_extent(session, export_);
    largest(export_, session->limit, &extent);
    for (int32_t a = rondo_given(export_); a < export_->axes; ++a)
      if (extent.rows[a] >= INT32_MAX)
        return rondo_fail(error, RONDO_EINVAL, "limits: more than %d rows of %s", (int64_t)INT32_MAX,
                          export_->axis[a].name);
    int64_t size = rondo_place(export_, &extent, threads, NULL, NULL);
    if (size < 0 || size > (int64_t)1 << 46)
      return rondo_fail(error, RONDO_ENOMEM, "limits: %s would need more memory than a machine has", export_->name);
    if (size > session->arena_size)
      session->arena_size = size;
  }
  return RONDO_OK;
}

rondo_status rondo_session_new(const rondo_program *program, rondo_session **result, rondo_model *model,
                               const void *limits, rondo_error *error) {
  if (!result || !model || !limits)
    return rondo_fail(error, RONDO_EINVAL, "session_new: %s is NULL",
                      !result  ? "the result"
                      : !model ? "the model"
                               : "limits");
  *result = NULL;
  const rondo_config *config = &model->config;
  int32_t spaces = 0;
  for (int32_t i = 0; i < program->exports; ++i) {
    int32_t own = rondo_spaces(&program->export_[i]);
    spaces = own > spaces ? own : spaces;
  }

  // A session without an arena first, to measure with.
  size_t head = round_up(sizeof(rondo_session)),
         limit_size = round_up(sizeof(int64_t) * (size_t)(1 + 2 * program->axes));
  size_t small = head + limit_size + round_up(extent_size(spaces));
  rondo_session *measured = rondo_alloc(config, small, RONDO_ALIGN);
  if (!measured)
    return rondo_fail(error, RONDO_ENOMEM, "no memory for a session");
  memset(measured, 0, small);
  measured->limit = (int64_t *)((char *)measured + head);
  measured->extent = (int64_t *)((char *)measured + head + limit_size);
  rondo_status status = read_limits(program, limits, measured->limit, error);
  if (!status)
    status = measure(program, measured, (int32_t)config->threads, error);
  size_t team = round_up(rondo_team_size(config->threads)), size = small + team + (size_t)measured->arena_size;
  rondo_session *session = status ? NULL : rondo_alloc(config, size, RONDO_ALIGN);
  if (session) {
    memcpy(session, measured, small);
    session->model = model;
    session->size = size;
    session->limit = (int64_t *)((char *)session + head);
    session->extent = (int64_t *)((char *)session + head + limit_size);
    session->arena = (char *)session + small + team;
    atomic_flag_clear(&session->busy);
    if (team) {
      session->team = (rondo_team *)((char *)session + small);
      status = rondo_team_start(session->team, config->threads, config, error);
    }
  } else if (!status) {
    status = rondo_fail(error, RONDO_ENOMEM, "no memory for a session of %d bytes", (int64_t)size);
  }
  rondo_release(config, measured, small, RONDO_ALIGN);
  if (status) {
    rondo_release(config, session, size, RONDO_ALIGN);
    return status;
  }
  atomic_fetch_add_explicit(&model->owners, 1, memory_order_relaxed);
  *result = session;
  return rondo_ok(error);
}

void rondo_session_free(const rondo_program *program, rondo_session *session) {
  if (!session)
    return;
  if (session->team)
    rondo_team_stop(session->team);
  rondo_model *model = session->model;
  rondo_release(&model->config, session, session->size, RONDO_ALIGN);
  rondo_model_release(model);
}
