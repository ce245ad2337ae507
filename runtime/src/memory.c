/* The caller's allocator or the C library's; the caller's configuration; a sort that needs no memory. */
#include "internal.h"
#include <stdlib.h>
#include <string.h>

void *rondo_alloc(const rondo_config *config, size_t size, size_t align) {
  if (config->alloc)
    return config->alloc(config->user, size, align);
  void *p = NULL;
  return posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size) ? NULL : p;
}

void rondo_release(const rondo_config *config, void *p, size_t size, size_t align) {
  if (!p)
    return;
  if (config->alloc)
    config->release(config->user, p, size, align);
  else
    free(p);
}

rondo_status rondo_config_copy(rondo_config *to, const rondo_config *from, rondo_error *error) {
  memset(to, 0, sizeof *to);
  to->size = sizeof *to;
  if (from) {
    // What was never set is likely large, and no later version has so many settings.
    if (from->size < sizeof from->size || from->size > 4096)
      return rondo_fail(error, RONDO_EINVAL, "config.size is %d; set it to sizeof(rondo_config)", (int64_t)from->size);
    // A caller of a newer header may pass more fields; only zeros mean what this library does.
    const unsigned char *bytes = (const unsigned char *)from;
    for (size_t i = sizeof *to; i < from->size; ++i)
      if (bytes[i])
        return rondo_fail(error, RONDO_EVERSION, "config has settings that this library does not know");
    memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
    to->size = sizeof *to;
  }
  if (!to->alloc != !to->release)
    return rondo_fail(error, RONDO_EINVAL, "config.alloc and config.release: give both or neither");
  if (to->threads > RONDO_MAX_THREADS)
    return rondo_fail(error, RONDO_EINVAL, "config.threads is %d; at most %d", (int64_t)to->threads,
                      (int64_t)RONDO_MAX_THREADS);
  if (to->threads == 0)
    to->threads = 1;
  return RONDO_OK;
}

// Heap sort: qsort of the C library may allocate.
void rondo_sort(int32_t *index, int64_t n, bool (*before)(const void *, int32_t, int32_t), const void *context) {
  for (int64_t start = n / 2, end = n; end > 1;) {
    if (start > 0) {
      --start;
    } else {
      int32_t last = index[--end];
      index[end] = index[0];
      index[0] = last;
    }
    int64_t hole = start;
    int32_t moving = index[hole];
    for (int64_t child; (child = 2 * hole + 1) < end; hole = child) {
      if (child + 1 < end && before(context, index[child], index[child + 1]))
        ++child;
      if (!before(context, moving, index[child]))
        break;
      index[hole] = index[child];
    }
    index[hole] = moving;
  }
}
