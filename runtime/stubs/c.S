/* libc.so.6 as a linker sees it; never run. */
.text
.macro function names:vararg
  .irp name, \names
  .globl \name
  .type \name, @function
  \name: ud2
  .size \name, 2
  .endr
.endm
function memcpy, memmove, memset, memcmp, memchr, bcmp, strlen, strcmp
function strchr, posix_memalign, free, open, lseek, pread, write, close
function fsync, rename, unlink, mmap, munmap, getpid, syscall, sigfillset
function sigprocmask, clock_gettime
.section .note.GNU-stack,"",@progbits
