"""Largest difference of normalised sentence embeddings, compiled model against transformers, from the same token ids.

usage: agree.py --library libminilm.so --model FOLDER [--sentences N]    exits with 1 when it is above 2e-6
"""

import argparse
import random
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from embed import load, read_tokenizer

ALLOWED = 2e-6
SIZES = dict(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)


def sentences(count):
    """Seeded nonsense of real words: lengths from one word to the model's limit, as many different ones as there are."""
    words = Path(__file__).read_text().replace("_", " ").split() + "the of and a river ran quietly under seven bridges".split()
    chosen = random.Random(7)
    lengths = [1 + int(300 * (i / count) ** 3) for i in range(count)]
    chosen.shuffle(lengths)
    return [" ".join(chosen.choices(words, k=length)) for length in lengths]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--library", required=True)
    arguments.add_argument("--model", required=True)
    arguments.add_argument("--sentences", type=int, default=100)
    given = arguments.parse_args()

    tokenizer = read_tokenizer(f"{given.model}/tokenizer.json")
    ids = [tokenizer.encode(text).ids for text in sentences(given.sentences)]
    ours = load(given.library, threads=2)
    theirs = BertModel(BertConfig(**SIZES, layer_norm_eps=1e-12, hidden_act="gelu"), add_pooling_layer=True).eval()
    missing, unexpected = theirs.load_state_dict(load_file(f"{given.model}/model.safetensors"), strict=False)
    assert not missing, missing
    with torch.no_grad():
        rows = [theirs(torch.tensor([one])).last_hidden_state[0].mean(0) for one in ids]
        want = torch.nn.functional.normalize(torch.stack(rows), dim=1).numpy()
    got = np.asarray(ours.embed([np.array(one, np.int32) for one in ids]))
    worst = float(np.abs(got - want).max())
    lengths = sorted(map(len, ids))
    print(f"{len(ids)} sentences, {lengths[0]} to {lengths[-1]} tokens, {sum(lengths)} in all; "
          f"largest |difference| {worst:.2e}, allowed {ALLOWED:.0e}  {'ok' if worst <= ALLOWED else 'DIFFERENT'}")
    return 0 if worst <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
