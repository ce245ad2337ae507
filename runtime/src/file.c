/* Bytes of a weights file, from a file or from memory, and a whole file written at once. Nothing here looks at errno.
 */
#include "internal.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

rondo_status rondo_source_open(rondo_source *source, const char *path, rondo_error *error) {
  // O_NONBLOCK: a named pipe must not hang open.
  source->memory = NULL;
  source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (source->fd < 0)
    return rondo_fail(error, RONDO_EIO, "cannot open %s", path);
  source->size = lseek(source->fd, 0, SEEK_END);
  unsigned char byte;
  if (source->size < 0 || (source->size > 0 && pread(source->fd, &byte, 1, 0) != 1)) {
    close(source->fd);
    return rondo_fail(error, RONDO_EIO, "cannot read %s", path);
  }
  return RONDO_OK;
}

void rondo_source_close(rondo_source *source) {
  if (!source->memory)
    close(source->fd);
}

bool rondo_source_read(const rondo_source *source, int64_t offset, void *to, int64_t size) {
  if (source->memory) {
    if (size)
      memcpy(to, source->memory + offset, (size_t)size);
    return true;
  }
  for (int64_t done = 0; done < size;) {
    ssize_t n = pread(source->fd, (char *)to + done, (size_t)(size - done), offset + done);
    if (n <= 0)
      return false;
    done += n;
  }
  return true;
}

static bool write_all(int fd, const char *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t n = write(fd, bytes + done, size - done);
    if (n <= 0)
      return false;
    done += (size_t)n;
  }
  return true;
}

rondo_status rondo_write_file(const char *path, const void *const *part, const size_t *size, int parts,
                              rondo_error *error) {
  char name[4096];
  size_t length = strlen(path);
  if (length + 32 > sizeof name)
    return rondo_fail(error, RONDO_EIO, "the path is too long: %s", path);
  memcpy(name, path, length);
  // Other threads, and processes of the same number on other machines, may write beside it at the same time.
  int fd = -1;
  for (int64_t i = 0; i < 100 && fd < 0; ++i) {
    rondo_text text = rondo_text_in(name + length, sizeof name - length);
    rondo_text_add(&text, ".tmp-");
    rondo_text_int(&text, getpid());
    rondo_text_add(&text, "-");
    rondo_text_int(&text, i);
    fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  if (fd < 0)
    return rondo_fail(error, RONDO_EIO, "cannot create a file beside %s", path);
  bool good = true;
  for (int i = 0; i < parts; ++i)
    good = good && write_all(fd, part[i], size[i]);
  good = good && !fsync(fd);
  good = !close(fd) && good;
  good = good && !rename(name, path);
  if (!good) {
    unlink(name);
    return rondo_fail(error, RONDO_EIO, "cannot write %s", path);
  }
  return RONDO_OK;
}
