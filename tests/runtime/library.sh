#!/bin/sh
# A library shows only its model's symbols, and needs only old versions of the C library's.
set -eu
symbols=$(nm -D --defined-only "$1" | awk '{print $3}')
echo "$symbols" | grep -q '^one_open$' || { echo "one_open is not exported"; exit 1; }
shown=$(echo "$symbols" | grep -v '^one_' || true)
[ -z "$shown" ] || { echo "also exported: $shown"; exit 1; }
needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
[ "$needed" = "libc.so.6 libpthread.so.0 " ] || { echo "needs: $needed"; exit 1; }
versions=$(nm -D --undefined-only "$1" | sed -n 's/.*@//p' | sort -u | tr '\n' ' ')
[ "$versions" = "GLIBC_2.17 GLIBC_2.2.5 " ] || { echo "versions: $versions"; exit 1; }
# Nothing that prints, aborts, or lets the world change what is computed.
for word in printf abort exit getenv setlocale errno malloc; do
  ! nm -D --undefined-only "$1" | grep -q " _*$word" || { echo "uses $word"; exit 1; }
done
# No writable data of its own (relocated tables are read-only once loaded), no constructors.
[ -z "$(readelf -SW "$1" | awk '$2 ~ /^\.(data|bss|init_array|ctors)$/ || $3 ~ /^\.(data|bss|init_array|ctors)$/ {print}')" ] ||
  { readelf -SW "$1"; exit 1; }
