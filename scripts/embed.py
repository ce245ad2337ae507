"""Embeds sentences with a compiled MiniLM and prints the nearest pairs.

usage: embed.py --rondo RONDO --library LIB --tokenizer tokenizer.json -- SENTENCE ...

Word pieces come from the `tokenizers` package, embeddings from `rondo run`: one ragged batch, no padding anywhere.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np
from tokenizers import Tokenizer


def embed(rondo, library, sequences):
    lines = "".join(json.dumps({"text": ids}) + "\n" for ids in sequences)
    done = subprocess.run([rondo, "run", library], input=lines, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return np.array([next(iter(json.loads(line).values())) for line in done.stdout.splitlines()], dtype=np.float32)


def main():
    arguments = argparse.ArgumentParser()
    for name in ("rondo", "library", "tokenizer"):
        arguments.add_argument("--" + name, required=True)
    arguments.add_argument("sentences", nargs="+")
    given = arguments.parse_args()

    tokenizer = Tokenizer.from_file(given.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    start = time.perf_counter()
    vectors = embed(given.rondo, given.library, [tokenizer.encode(text).ids for text in given.sentences])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    print(f"{len(vectors)} embeddings of {vectors.shape[1]} numbers in {time.perf_counter() - start:.2f} s", file=sys.stderr)

    near = vectors @ vectors.T
    pairs = sorted(((near[i, j], i, j) for i in range(len(near)) for j in range(i)), reverse=True)
    for score, i, j in pairs[:5]:
        print(f"{score:6.3f}  {given.sentences[j]}  ~  {given.sentences[i]}")


if __name__ == "__main__":
    main()
