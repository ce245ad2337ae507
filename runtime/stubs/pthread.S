/* libpthread.so.0 as a linker sees it; never run. */
.text
.macro function names:vararg
  .irp name, \names
  .globl \name
  .type \name, @function
  \name: ud2
  .size \name, 2
  .endr
.endm
function pthread_create, pthread_join
.section .note.GNU-stack,"",@progbits
