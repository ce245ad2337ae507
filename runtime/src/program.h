/* The agreement between the code generator and the runtime.
 *
 * A compiled model is: this runtime, as bitcode, with everything internal; constant tables of the types below, emitted
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
} rondo_cell;

/* One sequence axis of an export. */
typedef struct {
  const char *name;
  int64_t max;   /* longest example that the model admits; 0: any */
  int32_t least; /* shortest: 0 or 1 */
  int32_t limit; /* index into rondo_program.axis (axes of one name share their limits) */
} rondo_axis;

/* One input or result. A value without sequence axes has one row per example. */
typedef struct {
  const char *name;
  int32_t element;     /* RONDO_F32, RONDO_I32, RONDO_BOOL */
  int32_t axes;        /* 0, 1 or 2 sequence axes */
  const int32_t *axis; /* indices into rondo_export.axis, outermost first */
  int64_t width;       /* elements per row: the product of the static axes */
  int64_t bound; /* inputs of RONDO_I32: 0 any; > 0: 0 <= id < bound; -1-k: 0 <= id < the example's length of axis k */
} rondo_value;

/* What a call computes with. `frame`: see below; tid in 0 .. threads-1. Called once by each thread of the team, all at
   the same time. Never called with batch 0. */
typedef void (*rondo_entry)(const rondo_frame *frame, int32_t tid, int32_t threads);

/* One exported fn.
 *
 * Memory. An affine size is a row of `terms` coefficients, in floats, over the terms
 *     1, B, rows[0..axes-1], pairs[0..axes*(axes+1)/2-1], longest[0..axes-1]
 * where B is the batch, rows[a] the sum of all examples' lengths of axis a, longest[a] their maximum, and pairs stands
 * for (0,0) (0,1) .. (0,n-1) (1,1) (1,2) ..: pair (a,b), a <= b, is the sum over examples of T_a * T_b (also of values
 * whose outer axis is b). So terms = 2 + 2*axes + axes*(axes+1)/2. Coefficients are never negative. The runtime rounds
 * each slot and each thread's scratch up to 16 floats, adds 16 floats of slack behind it, and aligns it to 64 bytes.
 * The contents are undefined when an entry starts. */
typedef struct {
  const char *name;
  int32_t axes, inputs, results, slots;
  const rondo_axis *axis;
  const rondo_value *input, *result;
  int32_t terms;
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
 * of the export.
 *
 * Storage of a value in a slot: rows packed, row of (example i, position t) = offsets[a][i] + t; a value over two axes
 * (a outer, b inner): pair_offsets[pair][i] + t * length_b(i) + s; without sequence axes: i. Then the static axes,
 * row-major, the innermost padded to a multiple of 16 floats (RONDO: product of the outer ones * padded innermost
 * floats per row). A value without static axes: one float per row. Inside a scan: one row per living example, in
 * `order`. Integers and bools in slots are int32_t in the same places. Inputs and results are the caller's, unpadded.
 */
struct rondo_frame {
  int64_t batch;                      /*   0 examples, >= 1 */
  const int64_t *const *offsets;      /*   8 per axis: batch + 1 row offsets, the first is 0 */
  const int64_t *rows;                /*  16 per axis: sum of lengths */
  const int64_t *longest;             /*  24 per axis: greatest length */
  const int64_t *const *pair_offsets; /*  32 per pair: batch + 1 offsets, the first is 0 */
  const int32_t *const *example_of;   /*  40 per axis: row -> example */
  const int32_t *const *order;        /*  48 per axis: examples by length, longest first, equal ones in their order */
  const void *const *inputs;          /*  56 per input: float or int32_t, at its first row */
  void *const *results;               /*  64 per result: float or int32_t, at its first row */
  const float *weights;               /*  72 the packed block */
  float *const *slots;                /*  80 per slot */
  float *scratch;                     /*  88 of thread 0 */
  int64_t scratch_stride;             /*  96 floats from one thread's scratch to the next one's */
  void *team;                         /* 104 for rondo_team_wait */
};
_Static_assert(sizeof(void *) == 8 && sizeof(rondo_frame) == 112, "entries are generated for this layout");

/* Barrier of all threads of the call: what any of them wrote before it, all of them see after it. Every thread must
   come to the same barriers. Returns at once when the call runs on one thread. */
void rondo_team_wait(void *team, int32_t tid);

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
/* `in`:  { int64_t batch; const int64_t *offsets, one per axis; const float or int32_t *data, one per input }
   `out`: { float or int32_t *data; size_t count } per result. `count` is the room there, at least what is needed. */
rondo_status rondo_call(const rondo_export *, rondo_session *, const void *in, const void *out, rondo_error *);
#endif
