/* libm.so.6 as a linker sees it; never run. */
.text
.macro function names:vararg
  .irp name, \names
  .globl \name
  .type \name, @function
  \name: ud2
  .size \name, 2
  .endr
.endm
function exp, expf, exp2, exp2f, expm1, expm1f, log, logf
function log2, log2f, log10, log10f, log1p, log1pf, pow, powf
function sqrt, sqrtf, cbrt, cbrtf, sin, sinf, cos, cosf
function tan, tanf, asin, asinf, acos, acosf, atan, atanf
function atan2, atan2f, sinh, sinhf, cosh, coshf, tanh, tanhf
function asinh, asinhf, acosh, acoshf, atanh, atanhf, erf, erff
function erfc, erfcf, tgamma, tgammaf, lgamma, lgammaf, floor, floorf
function ceil, ceilf, trunc, truncf, round, roundf, rint, rintf
function nearbyint, nearbyintf, fmod, fmodf, fma, fmaf, fmax, fmaxf
function fmin, fminf, copysign, copysignf, ldexp, ldexpf
.section .note.GNU-stack,"",@progbits
