/* See image.h. */
#include "image.h"
#include "internal.h"
#include <string.h>

_Static_assert(sizeof(rondo_image) == 64, "what follows the header is 64-byte aligned");

static uint64_t mix(uint64_t h, uint64_t word) {
  h = (h ^ word) * 0x9E3779B97F4A7C15u;
  return h ^ h >> 29;
}

uint64_t rondo_checksum(const void *data, size_t size) {
  const unsigned char *at = data;
  uint64_t lane[4] = {1, 2, 3, 4}, word[4];
  size_t rest = size;
  for (; rest >= sizeof word; rest -= sizeof word, at += sizeof word) {
    memcpy(word, at, sizeof word);
    for (int i = 0; i < 4; ++i)
      lane[i] = mix(lane[i], word[i]);
  }
  memset(word, 0, sizeof word);
  if (rest)
    memcpy(word, at, rest);
  uint64_t sum = size;
  for (int i = 0; i < 4; ++i)
    sum = mix(mix(sum, lane[i]), word[i]);
  return sum;
}

rondo_image rondo_image_header(uint64_t layout, const void *data, uint64_t data_size) {
  rondo_image header = {.version = 1,
                        .header_size = sizeof header,
                        .layout = layout,
                        .data_size = data_size,
                        .data_sum = rondo_checksum(data, data_size)};
  memcpy(header.magic, "RONDOWTS", sizeof header.magic);
  header.header_sum = rondo_checksum(&header, offsetof(rondo_image, header_sum));
  return header;
}

uint64_t rondo_program_layout(const rondo_program *program) {
  uint64_t sum = mix(program->layout, (uint64_t)program->packed_floats);
  for (int32_t i = 0; i < program->cells; ++i) {
    const rondo_cell *cell = &program->cell[i];
    sum = mix(sum, rondo_checksum(cell->name, strlen(cell->name)));
    sum = mix(sum, rondo_checksum(cell->shape, sizeof *cell->shape * (size_t)cell->rank));
    sum = mix(sum, (uint64_t)cell->offset);
  }
  return sum;
}

rondo_status rondo_image_check(const rondo_program *program, const rondo_image *header, int64_t size,
                               rondo_error *error) {
  if (size < (int64_t)sizeof *header ||
      header->header_sum != rondo_checksum(header, offsetof(rondo_image, header_sum)) ||
      memcmp(header->magic, "RONDOWTS", 8))
    return rondo_fail(error, RONDO_EFORMAT, "weights: the image's header is damaged");
  if (header->version != 1 || header->header_size != sizeof *header)
    return rondo_fail(error, RONDO_EVERSION, "weights: image version %d; this library reads 1",
                      (int64_t)header->version);
  if (header->layout != rondo_program_layout(program))
    return rondo_fail(error, RONDO_EVERSION, "weights: the image was packed for another build of %s; pack it again",
                      program->name);
  if (header->data_size != rondo_packed_bytes(program) || (uint64_t)size != sizeof *header + header->data_size)
    return rondo_fail(error, RONDO_EFORMAT, "weights: the image has %d bytes, expected %d", size,
                      (int64_t)(sizeof *header + rondo_packed_bytes(program)));
  return RONDO_OK;
}
