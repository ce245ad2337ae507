/* The agreement between the code generator and the runtime.
 *
 * A compiled model is: this runtime, its symbols hidden and named after the model; constant tables of the types below, emitted
 * by the compiler; one entry function per export and target; and thin exported wrappers <model>_* which put the
 * descriptor before their own arguments and call the functions at the end of this file.
 *
 * Words. A *row* is one position of one example. A *count* is in elements, never in bytes. A *float* is 4 bytes.
 * The batch is packed: the rows of example 0, then those of example 1, without gaps.
 *
 * Everything here is 64-bit Linux: pointers and int64_t are 8 bytes, so that the generated structs <model>_<export>_in
 * and _out are arrays of 8-byte words (see rondo_call). Offsets of the frame's fields are asserted below.
 */
#ifndef RONDO_PROGRAM_H
#define RONDO_PROGRAM_H
#include "../include/rondo.h"

/* ---- constant tables -------------------------------------------------------------------------------------------- */

enum { RONDO_PARAM = 0, RONDO_CONST = 1 };             /* rondo_cell.kind: both come from the weights file */
enum { RONDO_F32 = 0, RONDO_I32 = 1, RONDO_BOOL = 2 }; /* rondo_value.element: bools are int32_t 0 or 1 outside */
enum { RONDO_V2 = 0, RONDO_V3 = 1, RONDO_V4 = 2, RONDO_LEVELS = 3 }; /* x86-64-v2, -v3, -v4 */

typedef struct rondo_frame rondo_frame;

/* One tensor of the weights file. The runtime reads it to plain + offset, row-major, unpadded. */
typedef struct {
  const char *name;     /* as in the safetensors file */
  int32_t rank;         /* 0: one number */
  int32_t kind;         /* RONDO_PARAM, RONDO_CONST */
  const int64_t *shape; /* rank entries, positive */
  int64_t offset;       /* floats from the start of the plain block */
  int64_t element;      /* RONDO_F32; of tables also RONDO_I32, RONDO_BOOL: int32_t in the block */
  int64_t bound;        /* > 0: of tables of tokens, their values are below it */
} rondo_cell;

/* One sequence axis of an export. The caller gives the lengths of the first ones. The others are made: an example's
   length is (constant + sum of factor[k] * length of axis k) div divisor, k before the axis itself, and at least 0; or
   that is the most it can be, and the model computes it (rondo_make_axis). */
typedef struct {
  const char *name;
  int64_t max;         /* longest example that the model admits; 0: any */
  int32_t least;       /* shortest */
  int32_t limit;       /* index into rondo_program.axis (axes of one name share their limits); -1: made */
  const int64_t *form; /* constant, divisor, factors; NULL: given */
  int32_t of_value;    /* 1: made of values */
  int32_t returned;    /* n: its offsets are the nth that results return; 0: they are not */
} rondo_axis;

/* Several sequence axes together. An example has as many of its rows as the product of its lengths of them; the position
   along the last axis runs fastest. Values of the same axes in another order share it. */
typedef struct {
  int32_t axes;        /* at least 2 */
  int32_t owners;      /* whether example_of is wanted */
  const int32_t *axis; /* indices into rondo_export.axis, rising */
} rondo_grid;

/* One input or result. A value without sequence axes has one row per example. */
typedef struct {
  const char *name;
  int32_t element;     /* RONDO_F32, RONDO_I32, RONDO_BOOL */
  int32_t axes;        /* how many sequence axes */
  const int32_t *axis; /* indices into rondo_export.axis, outermost first */
  int64_t width;       /* elements per row: the product of the static axes */
  int64_t bound; /* inputs of RONDO_I32: 0 any; > 0: 0 <= id < bound; -1-k: 0 <= id < the example's length of axis k */
  int32_t optional; /* inputs: 1: may be left out (NULL), */
  int32_t preset;   /* and then has these bits in every element */
} rondo_value;

/* What a call computes with. `frame`: see below; tid in 0 .. threads-1. Called once by each thread of the team, all at
   the same time. Never called with batch 0. */
typedef void (*rondo_entry)(const rondo_frame *frame, int32_t tid, int32_t threads);

/* One exported fn.
 *
 * Memory. An affine size is a row of `terms` coefficients, in floats, over the terms
 *     1, B, rows[0..axes+grids-1], longest[0..axes+grids-1]
 * where B is the batch, rows[a] the sum of all examples' lengths of axis a, longest[a] their maximum, and what follows
 * the axes are the grids. So terms = 2 + 2 * (axes + grids). Coefficients are never negative. The runtime rounds each
 * slot and each thread's scratch up to 16 floats, adds 16 floats of slack behind it, and aligns it to 64 bytes. The
 * contents are undefined when an entry starts. */
typedef struct {
  const char *name;
  int32_t axes, inputs, results, slots;
  const rondo_axis *axis;
  const rondo_value *input, *result;
  int32_t terms;
  int32_t grids;
  const rondo_grid *grid;
  int32_t made;                    /* the last so many axes are made */
  int32_t reserved;                /* 0 */
  const int64_t *plan;             /* [slots][terms] */
  const int64_t *scratch;          /* [terms], for each thread */
  rondo_entry entry[RONDO_LEVELS]; /* NULL: not built */
} rondo_export;

/* The model. */
typedef struct {
  const char *name;    /* "charlm" */
  const char *weights; /* file to name when open is given NULL and nothing is embedded; NULL: "<name>.safetensors" */
  int32_t axes, cells, exports, reserved;
  const char *const *axis; /* names of the axes of all exports, each once: the limits struct is
                              { batch, <axis 0>_total, <axis 0>_longest, <axis 1>_total, .. }, all int64_t */
  const rondo_cell *cell;
  const rondo_export *export_;
  int64_t plain_floats;  /* size of the plain block; it lives only while open packs */
  int64_t packed_floats; /* size of the packed block: all that entries read; 16 floats of slack are added */
  uint64_t layout;       /* hash of what `load` does: a .weights image made for another layout is refused */
  /* plain block -> packed block, both 64-byte aligned, the packed one zeroed. Also copies what entries read unpacked
     (biases, embeddings), so that an image needs nothing else. One thread. NULL: not built. */
  void (*load[RONDO_LEVELS])(const float *plain, float *packed);
  const void *embedded;  /* a whole image (image.h), 64-byte aligned; NULL: none */
  int64_t embedded_size; /* bytes */
} rondo_program;

/* ---- what an entry sees ----------------------------------------------------------------------------------------- */

/* Filled by the runtime for each call, read-only, the same for all threads. Arrays "per axis" are indexed by the axes
 * of the export, then by its grids.
 *
 * Storage of a value in a slot: rows packed, row of (example i, position t) = offsets[a][i] + t; a value over several
 * axes (a outer, b inner): offsets[axes + grid][i] + t * length_b(i) + s; without sequence axes: i. Then the static
 * axes, row-major, the innermost padded to a multiple of 16 floats (RONDO: product of the outer ones * padded innermost
 * floats per row). A value without static axes: one float per row. Inside a scan: one row per living example, in
 * `order`. Integers and bools in slots are int32_t in the same places. Inputs and results are the caller's, unpadded.
 */
struct rondo_frame {
  int64_t batch;                    /*   0 examples, >= 1 */
  const int64_t *const *offsets;    /*   8 per axis: batch + 1 row offsets, the first is 0 */
  const int64_t *rows;              /*  16 per axis: sum of lengths */
  const int64_t *longest;           /*  24 per axis: greatest length */
  const int32_t *const *example_of; /*  32 per axis, and per grid that has owners: row -> example */
  const int32_t *const *order;      /*  40 per axis, not grids: examples by length, longest first, equal in their order */
  const void *const *inputs;        /*  48 per input: float or int32_t, at its first row */
  void *const *results;             /*  56 per result: float or int32_t, at its first row */
  const float *weights;             /*  64 the packed block */
  float *const *slots;              /*  72 per slot */
  float *scratch;                   /*  80 of thread 0 */
  int64_t scratch_stride;           /*  88 floats from one thread's scratch to the next one's */
  void *team;                       /*  96 for rondo_team_wait */
  const rondo_export *export_;      /* 104 for rondo_make_axis */
};
_Static_assert(sizeof(void *) == 8 && sizeof(rondo_frame) == 112, "entries are generated for this layout");

/* Barrier of all threads of the call: what any of them wrote before it, all of them see after it. Every thread must
   come to the same barriers. Returns at once when the call runs on one thread. */
void rondo_team_wait(void *team, int32_t tid);

/* Example i has `length[i]` of an axis made of values. One thread calls it, between two barriers; from then on the frame
   shows the axis, and those made of it, as they are. Before, it shows the most they can be. */
void rondo_make_axis(const rondo_frame *frame, int32_t axis, const int32_t *length);

/* ---- what the exported wrappers call ---------------------------------------------------------------------------- */

typedef struct rondo_model rondo_model;     /* <model>_model */
typedef struct rondo_session rondo_session; /* <model>_session */

/* `path` names a safetensors file or a .weights image; NULL: the embedded weights. */
rondo_status rondo_open(const rondo_program *, rondo_model **, const char *path, const rondo_config *, rondo_error *);
/* The same from memory, which is copied and may be released afterwards. */
rondo_status rondo_open_memory(const rondo_program *, rondo_model **, const void *, size_t, const rondo_config *,
                               rondo_error *);
/* Writes the opened model's packed weights as a .weights image, under a temporary name that is then renamed. */
rondo_status rondo_save(const rondo_program *, const rondo_model *, const char *path, rondo_error *);
/* NULL does nothing. Sessions keep what they need: close and session_free may come in any order. */
void rondo_close(const rondo_program *, rondo_model *);
/* `limits`: the generated <model>_limits, 1 + 2 * axes words. */
rondo_status rondo_session_new(const rondo_program *, rondo_session **, rondo_model *, const void *limits,
                               rondo_error *);
void rondo_session_free(const rondo_program *, rondo_session *);
rondo_status rondo_selftest(const rondo_program *, rondo_session *, rondo_error *);
/* `in`:  { int64_t batch; const int64_t *offsets, one per given axis; const float or int32_t *data, one per input }
   `out`: { float or int32_t *data; size_t count } per result. `count` is the room there, at least what is needed (at
          most, over an axis made of values). Then int64_t *offsets, batch + 1, of each returned axis; may be NULL. */
rondo_status rondo_call(const rondo_export *, rondo_session *, const void *in, const void *out, rondo_error *);
#endif
