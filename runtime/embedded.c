/* See embedded.h. */
#include "embedded.h"

const unsigned char rondo_runtime_object[] = {
#embed "rondo_runtime.o"
};
const size_t rondo_runtime_object_size = sizeof rondo_runtime_object;

const char rondo_header_text[] = {
#embed "rondo.h" suffix(, 0)
};
const size_t rondo_header_text_size = sizeof rondo_header_text - 1;

const char rondo_wrapper_text[] = {
#embed "rondo.hpp" suffix(, 0)
};
const size_t rondo_wrapper_text_size = sizeof rondo_wrapper_text - 1;

const unsigned char rondo_stub_c[] = {
#embed "stub_c.so"
};
const size_t rondo_stub_c_size = sizeof rondo_stub_c;
const unsigned char rondo_stub_m[] = {
#embed "stub_m.so"
};
const size_t rondo_stub_m_size = sizeof rondo_stub_m;
const unsigned char rondo_stub_pthread[] = {
#embed "stub_pthread.so"
};
const size_t rondo_stub_pthread_size = sizeof rondo_stub_pthread;
