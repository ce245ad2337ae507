#!/usr/bin/env bash
# Sets everything up, builds, runs the tests: one line per suite, failures last with the command that runs them again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat << 'TEXT'
usage: scripts/test.sh [options]
  --quick            leave out the tests labelled `slow`
  --all              also the tests that need PyTorch (installs torch, 200 MB, into .venv)
  --sanitizers       build and test with the address and undefined-behaviour sanitizers
  --preset NAME      CMake preset: release (default), dev or sanitizers
  --filter REGEX     only the tests whose name matches
  --help
TEXT
}

preset=release
all=0
select=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) select+=(-LE slow) ;;
    --all) all=1 ;;
    --sanitizers) preset=sanitizers ;;
    --preset) [ $# -gt 1 ] || die "--preset needs a name"; preset="$2"; shift ;;
    --filter) [ $# -gt 1 ] || die "--filter needs a regular expression"; select+=(-R "$2"); shift ;;
    --help|-h) usage; exit 0 ;;
    *) usage >&2; die "unknown option $1" ;;
  esac
  shift
done

"$ROOT/scripts/setup.sh"
venv numpy pytest
if [ $all = 1 ]; then
  venv numpy pytest torch==2.13.0
fi
build "$preset"

say test "ctest, preset $preset"
folder="$ROOT/build/$preset"
mkdir -p "$ROOT/build/logs"
status=0
RONDO_PYTHON="$VENV/bin/python" PATH="$VENV/bin:$PATH" \
  ctest --test-dir "$folder" -j "$(nproc)" --timeout 900 --no-tests=error --output-on-failure \
  --output-junit "$folder/ctest.xml" "${select[@]}" > "$ROOT/build/logs/ctest.log" 2>&1 < /dev/null || status=$?
"$VENV/bin/python" "$ROOT/scripts/summary.py" "$folder/ctest.xml" "$ROOT/build/logs/ctest.log" "$folder"
say done "the whole output is in build/logs/ctest.log"
exit $status
