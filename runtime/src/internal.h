/* What the runtime's own files share; generated code sees only program.h. Each section names the file that defines it.
 */
#ifndef RONDO_INTERNAL_H
#define RONDO_INTERNAL_H
#include "image.h"
#include "program.h"
#include <stdatomic.h>
#include <stdbool.h>

enum { RONDO_ALIGN = 64, RONDO_SLACK = 16 /* floats */, RONDO_MAX_THREADS = 256 };

/* ---- text.c: messages without stdio, locale or allocation ---- */
typedef struct {
  char *at;
  size_t room, used; /* room counts the final zero */
  bool cut;
} rondo_text;
rondo_text rondo_text_in(char *buffer, size_t room);
void rondo_text_add(rondo_text *, const char *);
void rondo_text_int(rondo_text *, int64_t);
/* %s: const char *; %d: int64_t (nothing else is converted). Both return the code. */
rondo_status rondo_fail(rondo_error *, rondo_status code, const char *format, ...);
rondo_status rondo_ok(rondo_error *);

/* ---- memory.c ---- */
void *rondo_alloc(const rondo_config *, size_t size, size_t align);
void rondo_release(const rondo_config *, void *p, size_t size, size_t align);
rondo_status rondo_config_copy(rondo_config *to, const rondo_config *from, rondo_error *);
/* Sorts indices by before(context, a, b), in place, without memory of its own; n log n at worst. */
void rondo_sort(int32_t *index, int64_t n, bool (*before)(const void *context, int32_t a, int32_t b),
                const void *context);

/* ---- cpu.c ---- */
/* Highest level of x86-64 that processor and system support: RONDO_V2 .. RONDO_V4, or -1. */
int32_t rondo_cpu_level(void);
uint32_t rondo_float_state(void); /* MXCSR: rounding and flush-to-zero, as the caller set them */
void rondo_set_float_state(uint32_t);
static inline void rondo_pause(void) { __builtin_ia32_pause(); }

/* ---- file.c ---- */
typedef struct {
  const unsigned char *memory; /* NULL: the file */
  int fd;
  int64_t size;
} rondo_source;
rondo_status rondo_source_open(rondo_source *, const char *path, rondo_error *);
void rondo_source_close(rondo_source *);
bool rondo_source_read(const rondo_source *, int64_t offset, void *to, int64_t size);
/* Writes parts one after another to a temporary name beside `path`, then renames. */
rondo_status rondo_write_file(const char *path, const void *const *part, const size_t *size, int parts, rondo_error *);

/* ---- safetensors.c ---- */
/* Checks the whole file against the program's cells and fills the plain block. */
rondo_status rondo_read_safetensors(const rondo_program *, const rondo_source *, const rondo_config *, float *plain,
                                    rondo_error *);

/* ---- image.c ---- */
static inline size_t rondo_packed_bytes(const rondo_program *program) {
  return sizeof(float) * ((size_t)program->packed_floats + RONDO_SLACK);
}
/* What an image must have been made for: the program's layout and its cells. */
uint64_t rondo_program_layout(const rondo_program *);
/* `size`: of header and data together. The data is not read. */
rondo_status rondo_image_check(const rondo_program *, const rondo_image *, int64_t size, rondo_error *);

/* ---- model.c ---- */
struct rondo_model {
  const rondo_program *program;
  rondo_config config;
  atomic_int owners; /* the caller and each session */
  int32_t level;
  const float *weights;
  void *block; /* packed here by open, or a copy; else NULL */
  size_t block_size;
  void *mapped; /* the image, when it was mapped; else NULL */
  size_t mapped_size;
  const rondo_image *image; /* the weights stand behind this header; NULL: they were packed here */
};
/* Gives up one owner's share. */
void rondo_model_release(rondo_model *);
/* Compares the weights of an image with their checksum: reads all of them. */
rondo_status rondo_model_check(const rondo_model *, rondo_error *);

/* ---- arena.c ---- */
/* Sizes of a batch over one export's axes, then its grids. */
typedef struct {
  int64_t batch;
  int64_t *rows, *longest;
} rondo_extent;
/* Places the tables and the slots of one call at `base` and points the frame at them. With base NULL only measures.
   Returns the bytes, or -1 when they do not fit a size. */
int64_t rondo_place(const rondo_export *, const rondo_extent *, int32_t threads, char *base, rondo_frame *);
/* Axes and grids of an export. */
static inline int32_t rondo_spaces(const rondo_export *export_) { return export_->axes + export_->grids; }

/* ---- team.c ---- */
typedef struct rondo_team rondo_team;
size_t rondo_team_size(uint32_t threads);
/* `at` has rondo_team_size bytes. Starts threads - 1 threads unless the host has a gang. */
rondo_status rondo_team_start(rondo_team *at, uint32_t threads, const rondo_config *, rondo_error *);
void rondo_team_stop(rondo_team *);
/* Runs the entry on the whole team; on the caller alone when the gang refuses. */
void rondo_team_run(rondo_team *, rondo_entry, rondo_frame *);

/* ---- session.c ---- */
struct rondo_session {
  rondo_model *model;
  size_t size;      /* of the one allocation that holds all of it */
  int64_t *limit;   /* batch, then total and longest per program axis */
  int64_t *extent;  /* room for the rows and longest of any export */
  rondo_team *team; /* NULL: the caller alone */
  char *arena;
  int64_t arena_size;
  atomic_flag busy; /* in a call: a second caller is refused */
};
/* The session's extent, shaped for an export; batch is 0. */
rondo_extent rondo_session_extent(const rondo_session *, const rondo_export *);

/* ---- check.c ---- */
typedef struct {
  void *data;
  size_t count;
} rondo_result;
/* Everything that can be wrong with a call, found before anything is written. */
rondo_status rondo_check_call(const rondo_export *, const rondo_session *, const void *in, const void *out,
                              rondo_error *);
/* What is known of the lengths of a batch: the offsets of the first axes. The others follow by their forms. */
typedef struct {
  const rondo_export *export_;
  int64_t batch;
  const int64_t *const *offsets;
  int32_t known;
} rondo_lengths;
int64_t rondo_length(const rondo_lengths *, int32_t axis, int64_t example);
/* Rows of a value in example i (i < 0: in the whole batch); INT64_MAX when the number does not fit. */
int64_t rondo_value_rows(const rondo_lengths *, const rondo_value *, int64_t i);
static inline int32_t rondo_given(const rondo_export *export_) { return export_->axes - export_->made; }

/* ---- call.c ---- */
/* Runs a checked call; threads: 0 all that the session has, 1 the caller alone. */
void rondo_run(const rondo_export *, rondo_session *, const void *in, const void *out, int32_t threads);
rondo_entry rondo_pick_entry(const rondo_export *, int32_t level);

#endif
