/* Whatever bytes are opened as weights, a status comes back, and what was opened computes. */
#include "../runtime/Model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  one_model *model = 0;
  rondo_error error;
  if (one_open_memory(&model, data, size, 0, &error) == RONDO_OK) {
    one_session *session = 0;
    one_limits limits = {2, 8, 4, 8, 4};
    if (one_session_new(&session, model, &limits, &error) == RONDO_OK) {
      int64_t T[] = {0, 1, 4};
      int32_t text[] = {0, 1, 2, 3};
      float result[6];
      one_mean_in in = {2, T, text};
      one_mean_out out = {result, 6};
      if (one_mean(session, &in, &out, &error) != RONDO_OK)
        __builtin_trap();
    }
    one_session_free(session);
  }
  one_close(model);
  return 0;
}
