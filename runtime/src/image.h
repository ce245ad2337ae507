/* The .weights image: the packed block of one model as entries read it, so that open need only map it. The same bytes
   are embedded in a library. Also for the compiler, which writes images: include it from C or C++.

   64 bytes of header, then the packed block with its slack: data at 64 in a mapped file is 64-byte aligned. */
#ifndef RONDO_IMAGE_H
#define RONDO_IMAGE_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char magic[8];        /* "RONDOWTS" */
  uint32_t version;     /* 1 */
  uint32_t header_size; /* 64 */
  uint64_t layout;      /* rondo_image_layout of the program */
  uint64_t data_size;   /* bytes behind the header */
  uint64_t data_sum;    /* rondo_checksum of them */
  uint64_t zero[2];
  uint64_t header_sum; /* rondo_checksum of the 56 bytes before it */
} rondo_image;         /* 64 bytes: image.c asserts it */

/* 64-bit sum of any bytes; about as fast as memory. Not a defence against forgery. */
uint64_t rondo_checksum(const void *data, size_t size);
/* Header for a block of data_size bytes. */
rondo_image rondo_image_header(uint64_t layout, const void *data, uint64_t data_size);

#ifdef __cplusplus
}
#endif
#endif
