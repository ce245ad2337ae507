/* The JSON that a safetensors header needs, read in place: strings are decoded over their own bytes. */
#ifndef RONDO_JSON_H
#define RONDO_JSON_H
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  char *at, *end;
  const char *wrong; /* the first thing that was not understood; NULL: nothing yet */
} rondo_json;

/* Each skips white space first. They return false, and set `wrong`, when something else stands there. */
bool rondo_json_take(rondo_json *, char c);
/* Takes `c` if it is there; never wrong. */
bool rondo_json_try(rondo_json *, char c);
/* The string, ended with a zero where its closing quote or an escape was; it holds no zero itself. */
char *rondo_json_string(rondo_json *);
/* A non-negative integer that fits. */
bool rondo_json_int(rondo_json *, int64_t *);
/* Any value, nested at most `depth` deep. */
bool rondo_json_skip(rondo_json *, int depth);
/* Nothing but white space is left. */
bool rondo_json_finished(rondo_json *);
#endif
