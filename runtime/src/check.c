/* Everything that can be wrong with a call, before anything is written: a failed call has touched nothing. */
#include "internal.h"

int64_t rondo_length(const rondo_lengths *lengths, int32_t a, int64_t i) {
  if (a < lengths->known)
    return lengths->offsets[a][i + 1] - lengths->offsets[a][i];
  const int64_t *form = lengths->export_->axis[a].form, *factor = form + 2;
  int64_t sum = form[0], divisor = form[1];
  for (int32_t k = 0; k < a; ++k)
    if (factor[k])
      sum += factor[k] * rondo_length(lengths, k, i);
  return sum > 0 ? sum / divisor : 0;
}

int64_t rondo_value_rows(const rondo_lengths *lengths, const rondo_value *value, int64_t i) {
  if (i < 0 && value->axes == 1 && value->axis[0] < lengths->known) {
    const int64_t *offsets = lengths->offsets[value->axis[0]];
    return lengths->batch ? offsets[lengths->batch] - offsets[0] : 0;
  }
  int64_t rows = 0;
  for (int64_t e = i < 0 ? 0 : i; e < (i < 0 ? lengths->batch : i + 1); ++e) {
    int64_t product = 1;
    bool none = false, over = false;
    for (int32_t a = 0; a < value->axes; ++a) {
      int64_t length = rondo_length(lengths, value->axis[a], e);
      none |= !length;
      over |= __builtin_mul_overflow(product, length, &product);
    }
    if (!none && (over || __builtin_add_overflow(rows, product, &rows)))
      return INT64_MAX;
  }
  return rows;
}

// Elements of a whole batch; INT64_MAX, which is more than memory can have, when the number does not fit.
static int64_t elements(const rondo_lengths *lengths, const rondo_value *value) {
  int64_t count;
  return __builtin_mul_overflow(rondo_value_rows(lengths, value, -1), value->width, &count) ? INT64_MAX : count;
}

static rondo_status check_axis(const rondo_export *export_, int32_t a, const rondo_session *session, int64_t batch,
                               const int64_t *offsets, rondo_error *error) {
  const rondo_axis *axis = &export_->axis[a];
  int64_t total = session->limit[1 + 2 * axis->limit], longest = session->limit[2 + 2 * axis->limit];
  if (!offsets)
    return batch ? rondo_fail(error, RONDO_EINVAL, "%s: the offsets of %s are NULL", export_->name, axis->name)
                 : RONDO_OK;
  if (offsets[0] < 0)
    return rondo_fail(error, RONDO_EINVAL, "%s: the first offset of %s is %d", export_->name, axis->name, offsets[0]);
  for (int64_t i = 0; i < batch; ++i) {
    int64_t length;
    if (offsets[i + 1] < offsets[i] || __builtin_sub_overflow(offsets[i + 1], offsets[i], &length))
      return rondo_fail(error, RONDO_EINVAL, "%s: the offsets of %s fall at example %d", export_->name, axis->name, i);
    if (length < axis->least)
      return rondo_fail(error, RONDO_ERANGE, "%s: example %d has %s = %d; at least %d", export_->name, i, axis->name,
                        length, (int64_t)axis->least);
    if (axis->max && length > axis->max)
      return rondo_fail(error, RONDO_ERANGE, "%s: example %d has %s = %d; the model admits %d", export_->name, i,
                        axis->name, length, axis->max);
    if (length > longest)
      return rondo_fail(error, RONDO_ECAPACITY, "%s: example %d has %s = %d; the session's limit is %d", export_->name,
                        i, axis->name, length, longest);
  }
  if (offsets[batch] - offsets[0] > total)
    return rondo_fail(error, RONDO_ECAPACITY, "%s: %d rows of %s in the batch; the session's limit is %d",
                      export_->name, offsets[batch] - offsets[0], axis->name, total);
  return RONDO_OK;
}

// All values of ids `from` .. `from + count - 1` (counted from `data`) are below `bound`.
static rondo_status check_ids(const rondo_export *export_, const rondo_value *input, const int32_t *data, int64_t from,
                              int64_t count, int64_t bound, rondo_error *error) {
  for (int64_t k = from; k < from + count; ++k)
    if (data[k] < 0 || data[k] >= bound)
      return rondo_fail(error, RONDO_ERANGE, "%s: %s[%d] is %d; expected 0 to %d", export_->name, input->name, k,
                        (int64_t)data[k], bound - 1);
  return RONDO_OK;
}

static rondo_status check_input(const rondo_lengths *lengths, const rondo_value *input, const void *data,
                                rondo_error *error) {
  const rondo_export *export_ = lengths->export_;
  const int64_t *const *offsets = lengths->offsets;
  int64_t count = elements(lengths, input), batch = lengths->batch;
  if (!count)
    return RONDO_OK;
  if (count == INT64_MAX)
    return rondo_fail(error, RONDO_EINVAL, "%s: input %s would have more elements than fit in memory", export_->name,
                      input->name);
  if (!data && input->optional)
    return RONDO_OK;
  if (!data)
    return rondo_fail(error, RONDO_EINVAL, "%s: input %s is NULL", export_->name, input->name);
  if (input->element == RONDO_F32 || (input->element == RONDO_I32 && !input->bound))
    return RONDO_OK;
  const int32_t *ids = data;
  // Data over one axis are indexed from its first offset, as the caller sees them.
  int64_t at = input->axes == 1 && input->axis[0] < lengths->known ? offsets[input->axis[0]][0] * input->width : 0;
  if (input->element == RONDO_BOOL || input->bound > 0)
    return check_ids(export_, input, ids, at, count, input->element == RONDO_BOOL ? 2 : input->bound, error);
  for (int64_t i = 0; i < batch; ++i) {
    int64_t own = rondo_value_rows(lengths, input, i) * input->width;
    rondo_status status =
        check_ids(export_, input, ids, at, own, rondo_length(lengths, (int32_t)(-1 - input->bound), i), error);
    if (status)
      return status;
    at += own;
  }
  return RONDO_OK;
}

rondo_status rondo_check_call(const rondo_export *export_, const rondo_session *session, const void *in,
                              const void *out, rondo_error *error) {
  if (!in || !out)
    return rondo_fail(error, RONDO_EINVAL, "%s: %s is NULL", export_->name,
                      in ? "the results' struct" : "the inputs' struct");
  const int64_t batch = *(const int64_t *)in;
  const int64_t *const *offsets = (const int64_t *const *)((const char *)in + 8);
  const int32_t given = rondo_given(export_);
  const void *const *inputs = (const void *const *)(offsets + given);
  const rondo_result *results = out;
  if (batch < 0)
    return rondo_fail(error, RONDO_EINVAL, "%s: batch is %d", export_->name, batch);
  if (batch > session->limit[0])
    return rondo_fail(error, RONDO_ECAPACITY, "%s: batch is %d; the session's limit is %d", export_->name, batch,
                      session->limit[0]);
  for (int32_t a = 0; a < given; ++a) {
    rondo_status status = check_axis(export_, a, session, batch, offsets[a], error);
    if (status)
      return status;
  }
  const rondo_lengths lengths = {export_, batch, offsets, given};
  for (int32_t i = 0; i < export_->inputs; ++i) {
    rondo_status status = check_input(&lengths, &export_->input[i], inputs[i], error);
    if (status)
      return status;
  }
  for (int32_t r = 0; r < export_->results; ++r) {
    const rondo_value *result = &export_->result[r];
    int64_t count = elements(&lengths, result);
    if (count && !results[r].data)
      return rondo_fail(error, RONDO_EINVAL, "%s: result %s is NULL", export_->name, result->name);
    if ((uint64_t)count > results[r].count)
      return rondo_fail(error, RONDO_EINVAL, "%s: result %s needs room for %d elements, has %d", export_->name,
                        result->name, count, (int64_t)results[r].count);
  }
  return RONDO_OK;
}
