"""Embeds sentences with a compiled MiniLM and prints the nearest pairs.

usage: embed.py --library libminilm.so --tokenizer tokenizer.json -- SENTENCE ...

Word pieces come from the `tokenizers` package, embeddings from the library: one ragged batch, no padding anywhere.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "runtime" / "python"))
import rondo


def read_tokenizer(path):
    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    return tokenizer


def load(library, threads=1):
    """Weights too large to embed stand beside the library, in NAME.weights."""
    beside = next(iter(Path(library).parent.glob("*.weights")), None)
    return rondo.load(library, beside, threads=threads)


def main():
    arguments = argparse.ArgumentParser()
    for name in ("library", "tokenizer"):
        arguments.add_argument("--" + name, required=True)
    arguments.add_argument("sentences", nargs="+")
    given = arguments.parse_args()

    tokenizer = read_tokenizer(given.tokenizer)
    start = time.perf_counter()
    model = load(given.library)
    opened = time.perf_counter()
    ids = [np.array(tokenizer.encode(text).ids, np.int32) for text in given.sentences]
    vectors = np.asarray(model.embed(ids))
    done = time.perf_counter()
    print(f"     opened in {1000 * (opened - start):.0f} ms; {len(vectors)} embeddings of {vectors.shape[1]} numbers, "
          f"{sum(map(len, ids))} tokens, in {1000 * (done - opened):.0f} ms", file=sys.stderr)

    near = vectors @ vectors.T
    pairs = sorted(((near[i, j], i, j) for i in range(len(near)) for j in range(i)), reverse=True)
    for score, i, j in pairs[:5]:
        print(f"{score:6.3f}  {given.sentences[j]}  ~  {given.sentences[i]}")


if __name__ == "__main__":
    main()
