#!/usr/bin/env bash
# Compiles models/g2p.rondo and models/silero_vad.rondo with the trained weights of the PyPI packages g2p-en (Apache-2.0) and
# silero-vad (MIT), and compares them with the packages' own code: NumPy, and ONNX Runtime chunk by chunk.
# onnxruntime goes into an environment of its own, .venv-onnx.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
  --help|-h) printf 'usage: scripts/real-weights.sh [--record]\n  --record: write the recorded answers in tests/models/real anew\n'; exit 0 ;;
  ''|--record) ;;
  *) die "unknown option $1; see --help" ;;
esac

"$ROOT/scripts/setup.sh"
VENV="$ROOT/.venv-onnx"
venv numpy pytest onnxruntime
build release rondo
export RONDO_CACHE="$CACHE" RONDO_BUILD="$ROOT/build/release" RONDO_SOURCE="$ROOT" PYTHONPATH="$ROOT/runtime/python"
OUT="$ROOT/build/real-weights"
mkdir -p "$OUT"
cd "$ROOT/tests/models"
say fetch "g2p-en and silero-vad, 14 MB, from PyPI -> ${CACHE#"$ROOT"/}, unless they are there"
"$VENV/bin/python" real_weights.py fetch
[ "${1:-}" != --record ] || "$VENV/bin/python" real_weights.py record
say compare "recorded answers of both packages"
"$VENV/bin/python" -m pytest -q -rs -s -p no:cacheprovider RealWeightsTest.py
say compile "models/silero_vad.rondo with its weights"
"$VENV/bin/python" -c "import real_weights; real_weights.weights('silero-vad', '$OUT')"
"$RONDO_BUILD/bin/rondo" import -q "$ROOT/models/silero_vad.rondo" "$OUT/silero-vad.npz" --map silero_vad -o "$OUT/silero_vad.safetensors" > /dev/null
"$RONDO_BUILD/bin/rondo" compile -q "$ROOT/models/silero_vad.rondo" --weights "$OUT/silero_vad.safetensors" -o "$OUT"
say compare "20 seconds of sound, live, chunk by chunk with the state passed by hand"
"$VENV/bin/python" real_weights.py compare "$OUT/libsilerovad.so"
