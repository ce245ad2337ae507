/* Types shared by every library that Rondo compiles: statuses, errors, configuration. No functions: those are in the
   model's own header, named <model>_*, so that any number of models live in one program. */
#ifndef RONDO_H
#define RONDO_H
#include <stddef.h>
#include <stdint.h>

typedef int32_t rondo_status; /* numbers are never reused */
enum {
  RONDO_OK = 0,
  RONDO_EINVAL = 1,    /* a call that no data could make right: NULL, a negative count, a result too small */
  RONDO_ENOMEM = 2,    /* the allocator said no */
  RONDO_EIO = 3,       /* a file could not be opened, read, mapped or written */
  RONDO_EFORMAT = 4,   /* a weights file is damaged, or not this model's */
  RONDO_EVERSION = 5,  /* made by a newer version, or for another build of the model */
  RONDO_ECPU = 6,      /* this library has no code that this processor can run */
  RONDO_ERANGE = 7,    /* token or length */
  RONDO_ECAPACITY = 8, /* larger than the session's limits; reserve more */
  RONDO_ESTATE = 9,    /* cannot truncate there; nothing changed */
  RONDO_ENUMERIC = 10, /* loss not finite; parameters unchanged */
  RONDO_ETEST = 11     /* selftest: this machine breaks a promise of the library */
};

/* The caller's; may be NULL. `text` ends with a zero, is cut when too long, and is empty after RONDO_OK. */
typedef struct {
  rondo_status code;
  char text[252];
} rondo_error;

/* Everything zero is the default. Copied by open; `user` and the functions must live until the last close or free. */
typedef struct {
  size_t size;      /* sizeof(rondo_config) */
  uint32_t threads; /* the total, the caller's own counted; 0 and 1: the caller alone */
  uint32_t spin_us; /* how long idle threads of a session spin before they sleep; 0: they sleep at once */
  void *user;       /* first argument of each function below */
  /* Both or neither. `align` is a power of two. NULL is answered with RONDO_ENOMEM. */
  void *(*alloc)(void *user, size_t size, size_t align);
  void (*release)(void *user, void *p, size_t size, size_t align);
  /* Runs task(arg, 0..n-1) simultaneously and returns 0 when all are done, or runs none and returns nonzero (one thread
     then does the work; the answer has the same bits). With a gang a session makes no threads of its own. */
  int (*gang)(void *user, uint32_t n, void (*task)(void *arg, uint32_t i), void *arg);
  /* Lines that do not fit an error's text, as the whole list of missing tensors. level 0: error. NULL: silence. */
  void (*log)(void *user, int level, const char *text);
} rondo_config;
#endif
