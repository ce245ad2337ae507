/* Which instructions may be used. By cpuid and xgetbv, since __builtin_cpu_supports needs a constructor and symbols of
   the compiler's own library. */
#include "internal.h"
#include <cpuid.h>

static bool has(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

int32_t rondo_cpu_level(void) {
  uint32_t a, b, c, d, c1, b7, ignored;
  if (!__get_cpuid(1, &a, &b, &c1, &d))
    return -1;
  uint32_t extended = 0;
  if (!__get_cpuid(0x80000001u, &a, &b, &extended, &d))
    return -1;
  // sse3 ssse3 cx16 sse4.1 sse4.2 popcnt; lahf
  if (!has(c1, bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT) || !has(extended, 1))
    return -1;
  // avx f16c fma movbe osxsave; lzcnt
  if (!has(c1, bit_AVX | bit_F16C | bit_FMA | bit_MOVBE | bit_OSXSAVE) || !has(extended, 1u << 5))
    return RONDO_V2;
  uint32_t enabled, high;
  __asm__("xgetbv" : "=a"(enabled), "=d"(high) : "c"(0));
  if (!has(enabled, 0x6)) // the system saves xmm and ymm
    return RONDO_V2;
  if (!__get_cpuid_count(7, 0, &ignored, &b7, &c, &d) || !has(b7, bit_AVX2 | bit_BMI | bit_BMI2))
    return RONDO_V2;
  if (!has(enabled, 0xE6)) // and mask registers and zmm
    return RONDO_V3;
  if (!has(b7, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL))
    return RONDO_V3;
  return RONDO_V4;
}

uint32_t rondo_float_state(void) { return __builtin_ia32_stmxcsr(); }
void rondo_set_float_state(uint32_t state) { __builtin_ia32_ldmxcsr(state); }
