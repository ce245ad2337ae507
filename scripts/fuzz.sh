#!/usr/bin/env bash
# Runs libFuzzer, with the address and undefined-behaviour sanitizers, on everything that reads files of others.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat << 'TEXT'
usage: scripts/fuzz.sh [SECONDS [NAME ...]]
  Each fuzzer for so many seconds (60), or those named: lexer parser check safetensors npz map manifest examples weights.
  What they learn is kept in .cache/fuzz and used the next time; a finding is written there and ends with status 1.
TEXT
}

case "${1:-}" in
  --help|-h) usage; exit 0 ;;
  -*) usage >&2; die "unknown option $1" ;;
esac
seconds="${1:-60}"
names=("${@:2}")
[ ${#names[@]} -gt 0 ] || names=(lexer parser check safetensors npz map manifest examples weights)

"$ROOT/scripts/setup.sh"
venv numpy pytest
build fuzz "${names[@]/%/-fuzz}"
folder="$CACHE/fuzz"
"$VENV/bin/python" "$ROOT/tests/fuzz/seeds.py" "$ROOT" "$folder/seeds"
status=0
for name in "${names[@]}"; do
  mkdir -p "$folder/corpus/$name" "$folder/found"
  log="$ROOT/build/logs/fuzz-$name.log"
  mkdir -p "$(dirname "$log")"
  if "$ROOT/build/fuzz/tests/fuzz/$name-fuzz" -max_len=4096 -timeout=60 \
    -rss_limit_mb=4096 -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$folder/found/$name-" \
    "$folder/corpus/$name" "$folder/seeds/$name" > "$log" 2>&1 < /dev/null; then
    say fuzz "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
  else
    status=1
    grep -E 'ERROR|runtime error|SUMMARY' "$log" | head -n 5 >&2
    say fuzz "$name: FOUND, see $log and ${folder#"$ROOT"/}/found"
  fi
done
exit $status
