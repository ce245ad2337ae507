#!/usr/bin/env bash
# Compares the compiled MiniLM with PyTorch and transformers on 100 sentences of different lengths, in one ragged batch.
# Installs both (about 250 MB) into .venv. Runs scripts/quickstart.sh first: it makes the library.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
  --help|-h) printf 'usage: scripts/agree.sh\n'; exit 0 ;;
  '') ;;
  *) die "unknown option $1; see --help" ;;
esac
"$ROOT/scripts/quickstart.sh" > /dev/null
venv numpy tokenizers torch==2.13.0 transformers safetensors
say compare "100 sentences, transformers and the library, from the same token ids"
"$VENV/bin/python" "$ROOT/scripts/agree.py" --library "$ROOT/build/quickstart/libminilm.so" --model "$CACHE/minilm"
