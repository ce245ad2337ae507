# What the scripts share: where things are, how a step is announced and timed, the virtual environment.
# Sourced, not run.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="${RONDO_CACHE:-$ROOT/.cache}"
VENV="$ROOT/.venv"
STARTED=$SECONDS

# say WORD TEXT: one line on stderr with the time since the start.
say() {
  local past=$((SECONDS - STARTED))
  printf '%d:%02d %-8s %s\n' $((past / 60)) $((past % 60)) "$1" "$2" >&2
}

die() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-2}"
}

# quietly LOG COMMAND...: the output goes to a file, which is shown only when the command fails.
quietly() {
  local log="$1"
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" > "$log" 2>&1 < /dev/null; then
    tail -n 60 "$log" >&2
    die "\`$*\` failed; the whole output is in $log" 1
  fi
}

# venv PACKAGE...: the virtual environment, with these packages. Asks the registry only for what is missing.
venv() {
  [ -x "$VENV/bin/python" ] || quietly "$ROOT/build/logs/venv.log" python3 -m venv "$VENV"
  if ! "$VENV/bin/python" - "$@" << 'PYTHON' 2> /dev/null; then
import sys
from importlib.metadata import version
for wanted in sys.argv[1:]:
    name, _, exact = wanted.partition("==")
    have = version(name)
    assert not exact or have.split("+")[0] == exact
PYTHON
    say python "$*"
    quietly "$ROOT/build/logs/pip.log" "$VENV/bin/pip" install --disable-pip-version-check "$@"
  fi
}

# LLVM's own libraries are not instrumented: they neither keep the marks at the ends of containers nor those of LLVM's
# allocators, which the parts of them in headers set. Leaks are not looked for: it needs ptrace, which many machines forbid.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_container_overflow=0:allow_user_poisoning=0:detect_leaks=0}"

# build PRESET [TARGET ...]: configure (only if needed) and build, with Ninja's own progress on a terminal.
build() {
  local preset="$1" folder="$ROOT/build/$1" targets=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  cd "$ROOT"
  [ -f "$folder/build.ninja" ] || quietly "$ROOT/build/logs/configure.log" cmake --preset "$preset"
  say build "preset $preset, $(nproc) cores, into build/$preset"
  if [ -t 2 ]; then
    cmake --build --preset "$preset" "${targets[@]}" >&2 || die "the build failed; again with: cmake --build --preset $preset" 1
  else
    # No terminal: a line every half minute instead of a moving one.
    local log="$ROOT/build/logs/build.log"
    cmake --build --preset "$preset" "${targets[@]}" > "$log" 2>&1 < /dev/null &
    local job=$! next=$((SECONDS + 30))
    while kill -0 "$job" 2> /dev/null; do
      sleep 0.2
      if [ $SECONDS -ge $next ]; then
        say build "$(grep -o '^\[[0-9/]*\]' "$log" | tail -n 1)"
        next=$((SECONDS + 30))
      fi
    done
    if ! wait "$job"; then
      grep -v '^\[' "$log" | tail -n 80 >&2
      die "the build failed; the whole output is in $log" 1
    fi
  fi
}
