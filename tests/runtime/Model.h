/* The header of a model of two exports, as the compiler would write it, twice: one_* and two_* are the same model under
   two names, in one program. */
#ifndef RONDO_TEST_MODEL_H
#define RONDO_TEST_MODEL_H
#include "rondo.h"
#ifdef __cplusplus
extern "C" {
#endif
/* mean(text: token(8)[T]) -> [3]: mean of the rows of E that text names, plus b (0 rows: b alone; T at most 20)
   dots(x: real[T, 2], y: real[S, 2], gold: token(T)[S], flag: bool) -> [T, S], [S]: x . y (negated if flag), and what
   gold names doubled; both axes at least 1 */
#define RONDO_TEST_MODEL(M)                                                                                            \
  typedef struct M##_model M##_model;                                                                                  \
  typedef struct M##_session M##_session;                                                                              \
  typedef struct {                                                                                                     \
    int64_t batch, T_total, T_longest, S_total, S_longest;                                                             \
  } M##_limits;                                                                                                        \
  typedef struct {                                                                                                     \
    int64_t batch;                                                                                                     \
    const int64_t *T;                                                                                                  \
    const int32_t *text;                                                                                               \
  } M##_mean_in;                                                                                                       \
  typedef struct {                                                                                                     \
    float *mean;                                                                                                       \
    size_t mean_count;                                                                                                 \
  } M##_mean_out;                                                                                                      \
  typedef struct {                                                                                                     \
    int64_t batch;                                                                                                     \
    const int64_t *T, *S;                                                                                              \
    const float *x, *y;                                                                                                \
    const int32_t *gold, *flag;                                                                                        \
  } M##_dots_in;                                                                                                       \
  typedef struct {                                                                                                     \
    float *dots;                                                                                                       \
    size_t dots_count;                                                                                                 \
    int32_t *twice;                                                                                                    \
    size_t twice_count;                                                                                                \
  } M##_dots_out;                                                                                                      \
  uint32_t M##_abi(void);                                                                                              \
  const char *M##_manifest(void);                                                                                      \
  rondo_status M##_open(M##_model **, const char *path, const rondo_config *, rondo_error *);                          \
  rondo_status M##_open_memory(M##_model **, const void *, size_t, const rondo_config *, rondo_error *);               \
  rondo_status M##_save(const M##_model *, const char *path, rondo_error *);                                           \
  void M##_close(M##_model *);                                                                                         \
  rondo_status M##_session_new(M##_session **, M##_model *, const M##_limits *, rondo_error *);                        \
  void M##_session_free(M##_session *);                                                                                \
  rondo_status M##_selftest(M##_session *, rondo_error *);                                                             \
  rondo_status M##_mean(M##_session *, const M##_mean_in *, const M##_mean_out *, rondo_error *);                      \
  rondo_status M##_dots(M##_session *, const M##_dots_in *, const M##_dots_out *, rondo_error *);

RONDO_TEST_MODEL(one)
RONDO_TEST_MODEL(two)
#ifdef __cplusplus
}
#endif
#endif
