/* Weights from a safetensors file: eight bytes with the header's length, the header (JSON: name -> dtype, shape,
   data_offsets), the data. A file from anywhere may be opened, so everything is checked before a tensor is read: the
   header's length, every offset, overlaps, names given twice; then every tensor against the model's. A tensor that the
   model does not have is an error as much as a missing one: it is the sign of another architecture. */
#include "internal.h"
#include "json.h"
#include <string.h>

enum { MAX_RANK = 8, MAX_HEADER = 100 << 20, MIN_ENTRY = 40 /* bytes of the shortest entry, at least */ };

typedef struct {
  const char *name, *type;
  int32_t rank;
  bool used;
  int64_t shape[MAX_RANK], begin, end;
} entry;

typedef struct {
  entry *all;
  int32_t *by; // indices, sorted by name or place
  int64_t count;
} table;

static int64_t bytes_of(const char *type) {
  static const struct {
    const char *name;
    int64_t bytes;
  } known[] = {{"F64", 8}, {"I64", 8}, {"U64", 8}, {"F32", 4}, {"I32", 4},     {"U32", 4},     {"F16", 2}, {"BF16", 2},
               {"I16", 2}, {"U16", 2}, {"I8", 1},  {"U8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"BOOL", 1}};
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
    if (!strcmp(type, known[i].name))
      return known[i].bytes;
  return 0;
}

static rondo_status read_shape(rondo_json *json, entry *e, rondo_error *error) {
  e->rank = 0;
  if (!rondo_json_take(json, '['))
    return RONDO_EFORMAT;
  if (rondo_json_try(json, ']'))
    return RONDO_OK;
  do {
    if (e->rank == MAX_RANK)
      return rondo_fail(error, RONDO_EFORMAT, "weights: %s has more than %d axes", e->name, (int64_t)MAX_RANK);
    if (!rondo_json_int(json, &e->shape[e->rank++]))
      return RONDO_EFORMAT;
  } while (rondo_json_try(json, ','));
  return rondo_json_take(json, ']') ? RONDO_OK : RONDO_EFORMAT;
}

// One "name": {..}, checked by itself. RONDO_EFORMAT without a text: the JSON is wrong.
static rondo_status read_entry(rondo_json *json, entry *e, int64_t data_size, rondo_error *error) {
  int seen_type = 0, seen_shape = 0, seen_offsets = 0;
  if (!rondo_json_take(json, '{'))
    return RONDO_EFORMAT;
  do {
    const char *key = rondo_json_string(json);
    if (!key || !rondo_json_take(json, ':'))
      return RONDO_EFORMAT;
    if (!strcmp(key, "dtype")) {
      ++seen_type;
      if (!(e->type = rondo_json_string(json)))
        return RONDO_EFORMAT;
    } else if (!strcmp(key, "shape")) {
      ++seen_shape;
      rondo_status status = read_shape(json, e, error);
      if (status)
        return status;
    } else if (!strcmp(key, "data_offsets")) {
      ++seen_offsets;
      if (!rondo_json_take(json, '[') || !rondo_json_int(json, &e->begin) || !rondo_json_take(json, ',') ||
          !rondo_json_int(json, &e->end) || !rondo_json_take(json, ']'))
        return RONDO_EFORMAT;
    } else if (!rondo_json_skip(json, 16)) {
      return RONDO_EFORMAT;
    }
  } while (rondo_json_try(json, ','));
  if (!rondo_json_take(json, '}'))
    return RONDO_EFORMAT;
  if (seen_type != 1 || seen_shape != 1 || seen_offsets != 1)
    return rondo_fail(error, RONDO_EFORMAT, "weights: %s needs dtype, shape and data_offsets, each once", e->name);
  if (e->begin > e->end || e->end > data_size)
    return rondo_fail(error, RONDO_EFORMAT, "weights: %s lies outside the file (is it cut off?)", e->name);
  int64_t size = bytes_of(e->type);
  if (!size) // a type of later days: its size cannot be told, and no tensor of the model has it
    return RONDO_OK;
  for (int32_t i = 0; i < e->rank; ++i)
    if (__builtin_mul_overflow(size, e->shape[i], &size))
      return rondo_fail(error, RONDO_EFORMAT, "weights: the shape of %s is too large", e->name);
  if (size != e->end - e->begin)
    return rondo_fail(error, RONDO_EFORMAT, "weights: %s has %d bytes, its shape asks for %d", e->name,
                      e->end - e->begin, size);
  return RONDO_OK;
}

static rondo_status read_header(char *header, int64_t size, int64_t data_size, table *table, int64_t room,
                                rondo_error *error) {
  rondo_json json = {header, header + size, NULL};
  rondo_status status = RONDO_OK;
  if (rondo_json_take(&json, '{') && !rondo_json_try(&json, '}')) {
    do {
      char *name = rondo_json_string(&json);
      if (!name || !rondo_json_take(&json, ':'))
        break;
      if (!strcmp(name, "__metadata__")) {
        if (!rondo_json_skip(&json, 16))
          break;
        continue;
      }
      if (table->count == room) { // cannot be, by MIN_ENTRY; but never trust a file
        json.wrong = "too many tensors";
        break;
      }
      entry *e = &table->all[table->count++];
      memset(e, 0, sizeof *e);
      e->name = name;
      status = read_entry(&json, e, data_size, error);
      if (status)
        break;
    } while (rondo_json_try(&json, ','));
    if (!status && !json.wrong)
      rondo_json_take(&json, '}');
  }
  if (!json.wrong && !status)
    rondo_json_finished(&json);
  if (json.wrong)
    return rondo_fail(error, RONDO_EFORMAT, "weights: the safetensors header is damaged at byte %d: %s",
                      (int64_t)(json.at - header + 8), json.wrong);
  return status;
}

static bool by_name(const void *context, int32_t a, int32_t b) {
  const entry *all = context;
  return strcmp(all[a].name, all[b].name) < 0;
}

static bool by_place(const void *context, int32_t a, int32_t b) {
  const entry *all = context;
  if (all[a].begin != all[b].begin)
    return all[a].begin < all[b].begin;
  return all[a].end != all[b].end ? all[a].end < all[b].end : a < b;
}

// No two tensors share bytes or a name. Leaves `by` sorted by name.
static rondo_status check_apart(table *table, rondo_error *error) {
  for (int64_t i = 0; i < table->count; ++i)
    table->by[i] = (int32_t)i;
  rondo_sort(table->by, table->count, by_place, table->all);
  for (int64_t i = 1; i < table->count; ++i) {
    const entry *a = &table->all[table->by[i - 1]], *b = &table->all[table->by[i]];
    if (b->begin < a->end && b->end > b->begin)
      return rondo_fail(error, RONDO_EFORMAT, "weights: %s and %s overlap", a->name, b->name);
  }
  rondo_sort(table->by, table->count, by_name, table->all);
  for (int64_t i = 1; i < table->count; ++i) {
    const entry *a = &table->all[table->by[i - 1]], *b = &table->all[table->by[i]];
    if (!strcmp(a->name, b->name))
      return rondo_fail(error, RONDO_EFORMAT, "weights: %s is there twice", a->name);
  }
  return RONDO_OK;
}

static entry *find(const table *table, const char *name) {
  int64_t low = 0, high = table->count;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    int order = strcmp(table->all[table->by[middle]].name, name);
    if (!order)
      return &table->all[table->by[middle]];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

static bool same_shape(const entry *e, const rondo_cell *cell) {
  return e->rank == cell->rank && (!e->rank || !memcmp(e->shape, cell->shape, sizeof *e->shape * (size_t)e->rank));
}

static void add_shape(rondo_text *text, const int64_t *shape, int32_t rank) {
  rondo_text_add(text, "[");
  for (int32_t i = 0; i < rank; ++i) {
    if (i)
      rondo_text_add(text, ", ");
    rondo_text_int(text, shape[i]);
  }
  rondo_text_add(text, "]");
}

// What is said of one tensor: into the error's text, and as a line of its own to the log.
enum { MISSING, WRONG_TYPE, WRONG_SHAPE, UNUSED };
static void add_finding(rondo_text *text, int what, const entry *e, const rondo_cell *cell) {
  rondo_text_add(text, cell ? cell->name : e->name);
  if (what == WRONG_TYPE) {
    rondo_text_add(text, " is ");
    rondo_text_add(text, e->type);
    rondo_text_add(text, cell->element == RONDO_F32 ? " (only F32 is read)" : " (only I32 and F32 are read)");
  } else if (what == WRONG_SHAPE) {
    rondo_text_add(text, " is ");
    add_shape(text, e->shape, e->rank);
    rondo_text_add(text, ", expected ");
    add_shape(text, cell->shape, cell->rank);
  }
}

// Tables of integers and truths may be integers in the file, or reals as all else is.
static bool readable(const entry *e, const rondo_cell *cell) {
  return !strcmp(e->type, "F32") || (cell->element != RONDO_F32 && !strcmp(e->type, "I32"));
}

// A table of integers or truths, as it was read: every value whole, and in its range.
static rondo_status make_whole(const entry *e, const rondo_cell *cell, float *values, rondo_error *error) {
  bool real = !strcmp(e->type, "F32");
  int64_t bound = cell->element == RONDO_BOOL ? 2 : cell->bound, count = (e->end - e->begin) / 4;
  for (int64_t i = 0; i < count; ++i) {
    int32_t integer;
    memcpy(&integer, values + i, sizeof integer);
    if (real) {
      float value = values[i];
      if (!(value >= -0x1p31f && value < 0x1p31f) || value != (float)(int32_t)value)
        return rondo_fail(error, RONDO_EFORMAT, "weights: %s[%d] is no integer", e->name, i);
      integer = (int32_t)value;
    }
    if (bound && (integer < 0 || integer >= bound))
      return rondo_fail(error, RONDO_EFORMAT, "weights: %s[%d] is %d; expected 0 to %d", e->name, i, (int64_t)integer,
                        bound - 1);
    memcpy(values + i, &integer, sizeof integer);
  }
  return RONDO_OK;
}

// Compares the file's tensors with the model's; a whole list to the log, as much as fits to the error.
static rondo_status match(const rondo_program *program, table *table, const rondo_config *config, rondo_error *error) {
  static const char *const heading[] = {"missing ", "other type ", "other shape ", "unused "};
  char buffer[sizeof error->text];
  rondo_text text = rondo_text_in(buffer, sizeof buffer);
  bool good = true;
  for (int what = MISSING; what <= UNUSED; ++what) {
    int64_t found = 0, count = 0;
    // Twice over the same list: first counting, then naming.
    for (int naming = 0; naming < 2 && (!naming || count); ++naming) {
      if (naming) {
        rondo_text_add(&text, good ? "weights: " : "; ");
        rondo_text_add(&text, heading[what]);
        rondo_text_int(&text, count);
        rondo_text_add(&text, ": ");
        good = false;
      }
      for (int64_t i = 0; i < (what == UNUSED ? table->count : program->cells); ++i) {
        const rondo_cell *cell = what == UNUSED ? NULL : &program->cell[i];
        entry *e = what == UNUSED ? &table->all[i] : find(table, cell->name);
        if (e && cell)
          e->used = true;
        int is = !cell                  ? (e->used ? -1 : UNUSED)
                 : !e                   ? MISSING
                 : !readable(e, cell)   ? WRONG_TYPE
                 : !same_shape(e, cell) ? WRONG_SHAPE
                                        : -1;
        if (is != what)
          continue;
        if (!naming) {
          ++count;
          continue;
        }
        if (found++)
          rondo_text_add(&text, ", ");
        add_finding(&text, what, e, cell);
        if (config->log) {
          char line[512];
          rondo_text one = rondo_text_in(line, sizeof line);
          rondo_text_add(&one, "weights: ");
          rondo_text_add(&one, heading[what]);
          add_finding(&one, what, e, cell);
          config->log(config->user, 0, line);
        }
      }
    }
  }
  return good ? RONDO_OK : rondo_fail(error, RONDO_EFORMAT, "%s", buffer);
}

static rondo_status read_all(const rondo_program *program, const rondo_source *source, const rondo_config *config,
                             char *header, int64_t size, table *table, int64_t room, float *plain, rondo_error *error) {
  int64_t data = 8 + size;
  if (!rondo_source_read(source, 8, header, size))
    return rondo_fail(error, RONDO_EIO, "cannot read the weights' header");
  rondo_status status = read_header(header, size, source->size - data, table, room, error);
  if (!status)
    status = check_apart(table, error);
  if (!status)
    status = match(program, table, config, error);
  for (int32_t i = 0; i < program->cells && !status; ++i) {
    const entry *e = find(table, program->cell[i].name);
    if (!rondo_source_read(source, data + e->begin, plain + program->cell[i].offset, e->end - e->begin))
      status = rondo_fail(error, RONDO_EIO, "cannot read %s", e->name);
    else if (program->cell[i].element != RONDO_F32)
      status = make_whole(e, &program->cell[i], plain + program->cell[i].offset, error);
  }
  return status;
}

rondo_status rondo_read_safetensors(const rondo_program *program, const rondo_source *source,
                                    const rondo_config *config, float *plain, rondo_error *error) {
  uint64_t length = 0; // little-endian, as every machine that this runs on
  if (source->size < 8 || !rondo_source_read(source, 0, &length, 8) || length > (uint64_t)(source->size - 8) ||
      length < 2)
    return rondo_fail(error, RONDO_EFORMAT, "weights: not a safetensors file, or cut off");
  if (length > MAX_HEADER)
    return rondo_fail(error, RONDO_EFORMAT, "weights: a header of %d bytes is too large", (int64_t)length);
  int64_t room = (int64_t)length / MIN_ENTRY + 1;
  size_t header_size = length, all_size = sizeof(entry) * (size_t)room, by_size = sizeof(int32_t) * (size_t)room;
  char *header = rondo_alloc(config, header_size, RONDO_ALIGN);
  table table = {rondo_alloc(config, all_size, RONDO_ALIGN), rondo_alloc(config, by_size, RONDO_ALIGN), 0};
  rondo_status status = header && table.all && table.by
                            ? read_all(program, source, config, header, (int64_t)length, &table, room, plain, error)
                            : rondo_fail(error, RONDO_ENOMEM, "no memory to read the weights");
  rondo_release(config, header, header_size, RONDO_ALIGN);
  rondo_release(config, table.all, all_size, RONDO_ALIGN);
  rondo_release(config, table.by, by_size, RONDO_ALIGN);
  return status;
}
