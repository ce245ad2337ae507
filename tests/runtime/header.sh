#!/bin/sh
# rondo.h alone and under a model's header, two models in one file: C99 to C17 and C++17, no warning.
set -eu
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#include "rondo.h"\n#include "Model.h"\nint main(void) { return one_abi() == two_abi() ? RONDO_OK : 1; }\n' > "$work/a.c"
sed 's/(void)/()/' "$work/a.c" > "$work/a.cpp"
for cc in gcc "$CLANG"; do
  for std in c99 c11 c17; do
    "$cc" -std=$std -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror -I "$1" -I "$here" -c "$work/a.c" -o "$work/a.o"
  done
done
for cxx in g++ "$CLANG"; do
  "$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror -I "$1" -I "$here" -c "$work/a.cpp" -o "$work/a.o"
done
