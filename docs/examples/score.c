/* Log-probabilities of texts under a compiled character model: all texts in one ragged batch.
 *
 *   rondo compile models/lstm_lm.rondo -o out
 *   cc -I out docs/examples/score.c out/libcharlm.a -lm -pthread -o score
 *   ./score charlm.safetensors "In the beginning" "was the word"
 *
 * Nothing here is particular to this model but the names charlm_*: they are in out/charlm.h. */
#include "charlm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc < 3)
    return fputs("usage: score WEIGHTS TEXT ...\n", stderr), 2;
  if (charlm_abi() != CHARLM_ABI)
    return fputs("score: header and library are not of one build\n", stderr), 2;

  /* The batch: tokens of all texts one after another, and where each begins. */
  int64_t batch = argc - 2, longest = 0;
  int64_t *offsets = calloc((size_t)batch + 1, sizeof *offsets);
  for (int64_t i = 0; i < batch; ++i) {
    int64_t length = (int64_t)strlen(argv[2 + i]);
    offsets[i + 1] = offsets[i] + length;
    longest = length > longest ? length : longest;
  }
  int32_t *tokens = calloc((size_t)offsets[batch] + 1, sizeof *tokens);
  for (int64_t i = 0; i < batch; ++i)
    for (int64_t t = offsets[i]; t < offsets[i + 1]; ++t)
      tokens[t] = (unsigned char)argv[2 + i][t - offsets[i]];
  float *scores = calloc((size_t)batch, sizeof *scores);

  /* A model may serve any number of sessions, a session one caller at a time. */
  charlm_model *model = NULL;
  charlm_session *session = NULL;
  rondo_error error = {0};
  rondo_config config = {.size = sizeof config, .threads = 2};
  charlm_limits limits = {.batch = batch, .T_total = offsets[batch], .T_longest = longest};
  charlm_score_in in = {.batch = batch, .T = offsets, .text = tokens};
  charlm_score_out out = {.score = scores, .score_count = (size_t)batch};
  if (charlm_open(&model, argv[1], &config, &error) == RONDO_OK &&
      charlm_session_new(&session, model, &limits, &error) == RONDO_OK &&
      charlm_score(session, &in, &out, &error) == RONDO_OK)
    for (int64_t i = 0; i < batch; ++i)
      printf("%.4f  %s\n", scores[i], argv[2 + i]);
  else
    fprintf(stderr, "score: %s\n", error.text);
  charlm_session_free(session);
  charlm_close(model);
  free(offsets);
  free(tokens);
  free(scores);
  return error.code == RONDO_OK ? 0 : 1;
}
