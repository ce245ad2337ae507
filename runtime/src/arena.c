/* Where the tables and the slots of a call lie. The same walk measures a session's limits and places each call's actual
   sizes, so that what was measured always suffices: every size grows with the extent. */
#include "internal.h"

typedef struct {
  char *base; /* NULL: measure only */
  int64_t used;
  bool over;
} cursor;

static void *take(cursor *c, int64_t count, int64_t size) {
  int64_t bytes, start = c->used;
  if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(start, bytes, &c->used) ||
      __builtin_add_overflow(c->used, (int64_t)(RONDO_ALIGN - 1), &c->used)) {
    c->over = true;
    c->used = 0;
    return NULL;
  }
  c->used &= -(int64_t)RONDO_ALIGN;
  return c->base ? c->base + start : NULL;
}

static void add(const int64_t *factor, int64_t term, int64_t *size, bool *over) {
  int64_t product;
  *over |= __builtin_mul_overflow(*factor, term, &product) || __builtin_add_overflow(*size, product, size);
}

// One affine size in floats, rounded up to 16, with 16 of slack.
static int64_t size_of(const rondo_export *export_, const int64_t *factor, const rondo_extent *extent, bool *over) {
  int32_t spaces = rondo_spaces(export_);
  int64_t size = *factor++;
  add(factor++, extent->batch, &size, over);
  for (int32_t a = 0; a < spaces; ++a)
    add(factor++, extent->rows[a], &size, over);
  for (int32_t a = 0; a < spaces; ++a)
    add(factor++, extent->longest[a], &size, over);
  *over |= __builtin_add_overflow(size, (int64_t)(2 * RONDO_SLACK - 1), &size);
  return size & -(int64_t)RONDO_SLACK;
}

// The most rows that a value can have: all of its first axis, each with the longest of the others.
static int64_t most_rows(const rondo_value *value, const rondo_extent *extent, bool *over) {
  int64_t rows = value->axes ? extent->rows[value->axis[0]] : extent->batch;
  for (int32_t a = 1; a < value->axes; ++a)
    *over |= __builtin_mul_overflow(rows, extent->longest[value->axis[a]], &rows);
  return rows;
}

int64_t rondo_place(const rondo_export *export_, const rondo_extent *extent, int32_t threads, char *base,
                    rondo_frame *frame) {
  int32_t n = export_->axes, spaces = rondo_spaces(export_);
  cursor c = {base, 0, false};
  const int64_t **offsets = take(&c, spaces, sizeof *offsets);
  const int32_t **example_of = take(&c, spaces, sizeof *example_of);
  const int32_t **order = take(&c, n, sizeof *order);
  const void **inputs = take(&c, export_->inputs, sizeof *inputs);
  void **results = take(&c, export_->results, sizeof *results);
  float **slots = take(&c, export_->slots, sizeof *slots);
  for (int32_t a = 0; a < n; ++a) {
    void *table = take(&c, extent->batch + 1, sizeof(int64_t));
    void *owner = take(&c, extent->rows[a], sizeof(int32_t));
    void *sorted = take(&c, extent->batch, sizeof(int32_t));
    if (base)
      offsets[a] = table, example_of[a] = owner, order[a] = sorted;
  }
  for (int32_t g = 0; g < export_->grids; ++g) {
    void *table = take(&c, extent->batch + 1, sizeof(int64_t));
    void *owner = export_->grid[g].owners ? take(&c, extent->rows[n + g], sizeof(int32_t)) : NULL;
    if (base)
      offsets[n + g] = table, example_of[n + g] = owner;
  }
  for (int32_t i = 0; i < export_->inputs; ++i) {
    const rondo_value *input = &export_->input[i];
    int64_t count;
    if (!input->optional)
      continue;
    c.over |= __builtin_mul_overflow(most_rows(input, extent, &c.over), input->width, &count);
    void *filled = c.over ? NULL : take(&c, count, sizeof(float));
    if (base)
      inputs[i] = filled;
  }
  for (int32_t s = 0; s < export_->slots; ++s) {
    void *slot =
        take(&c, size_of(export_, export_->plan + (int64_t)s * export_->terms, extent, &c.over), sizeof(float));
    if (base)
      slots[s] = slot;
  }
  int64_t stride = size_of(export_, export_->scratch, extent, &c.over), all;
  c.over |= __builtin_mul_overflow(stride, (int64_t)threads, &all);
  float *scratch = c.over ? NULL : take(&c, all, sizeof(float));
  if (c.over)
    return -1;
  if (base)
    *frame = (rondo_frame){.batch = extent->batch,
                           .offsets = offsets,
                           .rows = extent->rows,
                           .longest = extent->longest,
                           .example_of = example_of,
                           .order = order,
                           .inputs = inputs,
                           .results = results,
                           .slots = slots,
                           .scratch = scratch,
                           .scratch_stride = stride};
  return c.used;
}
