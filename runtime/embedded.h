/* What the compiler carries of the runtime, as bytes (target RondoRuntimeEmbedded; sizes do not count a final zero). */
#ifndef RONDO_RUNTIME_EMBEDDED_H
#define RONDO_RUNTIME_EMBEDDED_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
/* The whole runtime as one object of hidden symbols; those it defines are called rondo_*, until a library renames them.
 */
extern const unsigned char rondo_runtime_object[];
extern const size_t rondo_runtime_object_size;
/* rondo.h, to be written beside the model's header. */
extern const char rondo_header_text[];
extern const size_t rondo_header_text_size;
/* rondo.hpp, the same for C++. */
extern const char rondo_wrapper_text[];
extern const size_t rondo_wrapper_text_size;
/* Shared objects to link a model's .so against, in place of the machine's libc.so.6, libm.so.6 and libpthread.so.0:
   they name the oldest symbol versions (runtime/stubs). Written to files for ld.lld with --as-needed. */
extern const unsigned char rondo_stub_c[], rondo_stub_m[], rondo_stub_pthread[];
extern const size_t rondo_stub_c_size, rondo_stub_m_size, rondo_stub_pthread_size;
#ifdef __cplusplus
}
#endif
#endif
