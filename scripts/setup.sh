#!/usr/bin/env bash
# Installs what building Rondo needs on Debian 12: only what is missing, from the configured apt sources.
# As root or through sudo. A second run does nothing and takes no time.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=(
  llvm-22-dev libmlir-22-dev mlir-22-tools llvm-22-tools   # the compiler framework, lit, FileCheck
  clang-22 lld-22 libclang-rt-22-dev                       # the compiler, the linker of libraries, sanitizers
  cmake ninja-build ccache
  libgtest-dev libcli11-dev zlib1g-dev pkg-config          # tests, the command line, compressed NPZ, how users find libraries
  python3-venv gcc g++                                     # Python parts; the second compiler that headers are tried with
)

case "${1:-}" in
  --help|-h)
    printf 'usage: scripts/setup.sh [--dry-run]\nInstalls these Debian packages where they are missing:\n'
    printf '  %s\n' "${packages[@]}"
    exit 0 ;;
  ''|--dry-run) ;;
  *) die "unknown option $1; see --help" ;;
esac

missing=()
for package in "${packages[@]}"; do
  state="$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null || true)"
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

say need "${missing[*]}"
[ "${1:-}" != --dry-run ] || exit 0
command -v apt-get > /dev/null || die "this script knows Debian's apt-get only; install the packages above by hand"

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || die "not root, and no sudo: run as root: apt-get install ${missing[*]}"
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
quietly "$ROOT/build/logs/apt-update.log" "${as_root[@]}" apt-get update
say install "${#missing[@]} packages and what they depend on"
quietly "$ROOT/build/logs/apt.log" "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
