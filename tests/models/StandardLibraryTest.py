"""The standard library's cells, norms, attentions and convolutions, compiled, against the same written with NumPy loops."""

import json
import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rondo

BUILD, HERE = os.environ["RONDO_BUILD"], Path(__file__).resolve().parent
LENGTHS = [1, 2, 7, 23]


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        array = np.asarray(array, "<f4")
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def build(folder, model, name, *sizes):
    """A compiled model with drawn weights, and those by name, as float64."""
    command = [f"{BUILD}/bin/rondo", "compile", model, *sizes, "--target", "x86-64-v3", "-o", folder]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    draw = np.random.default_rng(3)
    tensors = {}
    for cell in json.loads((folder / f"{name}.json").read_text())["cells"]:
        values = draw.normal(0, 0.5, cell["shape"])
        tensors[cell["name"]] = (abs(values) if cell["name"].endswith(".var") else values).astype(np.float32)
    write_safetensors(folder / "w.safetensors", tensors)
    library = rondo.load(folder / f"lib{name}.so", folder / "w.safetensors")
    return library, {key: value.astype(np.float64) for key, value in tensors.items()}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return build(tmp_path_factory.mktemp("parts"), HERE / "standard_library.rondo", "parts")


def rows(width, seed=0):
    draw = np.random.default_rng(seed)
    return [draw.normal(size=(length, width)).astype(np.float32) for length in LENGTHS]


def of(weights, layer):
    return {name.split(".")[1]: value for name, value in weights.items() if name.startswith(layer + ".")}


def close(got, want):
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def recur(x, state, step):
    out = []
    for row in x.astype(np.float64):
        y, state = step(row, state)
        out.append(y)
    return np.array(out)


def test_jordan(parts):
    library, weights = parts
    w, x = of(weights, "a_jordan"), rows(6)
    first = np.random.default_rng(1).normal(size=(len(x), 4)).astype(np.float32)

    def step(row, y):
        y = sigmoid(w["V"] @ np.tanh(w["W"] @ row + w["U"] @ y + w["b"]) + w["c"])
        return y, y

    close(library.jordan_rows(x, first), [recur(one, begin, step) for one, begin in zip(x, first)])


def test_gru_with_one_gate(parts):
    library, weights = parts
    w, x = of(weights, "a_simple"), rows(6)

    def step(row, h):
        u = sigmoid(w["Wu"] @ row + w["Uu"] @ h + w["bu"])
        h = u * np.tanh(w["Wn"] @ row + w["Un"] @ h + w["bn"]) + (1 - u) * h
        return h, h

    close(library.simple_rows(x), [recur(one, np.zeros(5), step) for one in x])


def test_peepholes(parts):
    library, weights = parts
    w, x = of(weights, "a_peephole"), rows(6)

    def step(row, state):
        h, c = state
        i = sigmoid(w["Wi"] @ row + w["Ui"] @ h + w["vi"] * c + w["bi"])
        f = sigmoid(w["Wf"] @ row + w["Uf"] @ h + w["vf"] * c + w["bf"])
        c = f * c + i * np.tanh(w["Wg"] @ row + w["Ug"] @ h + w["bg"])
        h = sigmoid(w["Wo"] @ row + w["Uo"] @ h + w["vo"] * c + w["bo"]) * np.tanh(c)
        return h, (h, c)

    close(library.peephole_rows(x), [recur(one, (np.zeros(5), np.zeros(5)), step) for one in x])


def test_norms_and_highway(parts):
    library, weights = parts
    x = rows(6)
    w = of(weights, "a_rms")
    close(library.rms(x), [one / np.sqrt((one**2).mean(1, keepdims=True) + 1e-6) * w["g"] for one in x])
    w = of(weights, "a_batch")
    close(library.batch_norm(x), [(one - w["mu"]) / np.sqrt(w["var"] + 1e-5) * w["g"] + w["b"] for one in x])
    w = of(weights, "a_highway")
    want = []
    for one in x:
        gate = sigmoid(one @ w["Wt"].T + w["bt"])
        want.append(gate * np.maximum(one @ w["Wh"].T + w["bh"], 0) + (1 - gate) * one)
    close(library.gated(x), want)


def attend(q, k, v, allow, extra=0):
    """Of one head: rows q over rows k, v."""
    scores = np.where(allow, (q @ k.T + extra) / np.sqrt(q.shape[1]), -np.inf)
    return softmax(scores) @ v


def test_grouped_attention(parts):
    library, weights = parts
    w, x, m = of(weights, "a_grouped"), rows(8), rows(8, seed=5)[::-1]
    want = []
    for one, other in zip(x, m):
        out = 0
        for head in range(4):
            g, r = divmod(head, 2)
            y = attend(one @ w["Wq"][g, r].T, other @ w["Wk"][g].T, other @ w["Wv"][g].T, True)
            out = out + y @ w["Wo"][:, g, r].T
        want.append(out)
    close(library.grouped(x, m), want)


def test_multi_query_attention(parts):
    library, weights = parts
    w, x = of(weights, "a_single"), rows(8)
    want = []
    for one in x:
        past = np.tril(np.ones((len(one), len(one)), bool))
        heads = [attend(one @ w["Wq"][h].T, one @ w["Wk"].T, one @ w["Wv"].T, past) @ w["Wo"][:, h].T for h in range(4)]
        want.append(sum(heads))
    close(library.single(x), want)


def test_relative_attention(parts):
    library, weights = parts
    w, x, reach = of(weights, "a_relative"), rows(8), 2
    want = []
    for one in x:
        distance = np.arange(len(one))[None, :] - np.arange(len(one))[:, None]
        place, allow, out = np.clip(distance, -reach, reach) + reach, abs(distance) <= 3, 0
        for h in range(4):
            q, k, v = (one @ w[name][h].T for name in ("Wq", "Wk", "Wv"))
            scores = np.einsum("ti,tsi->ts", q, k[None] + w["Pk"][place]) / np.sqrt(2)
            a = softmax(np.where(allow, scores, -np.inf))
            out = out + np.einsum("ts,tsi->ti", a, v[None] + w["Pv"][place]) @ w["Wo"][:, h].T
        want.append(out)
    close(library.relative(x), want)


def test_rotary_positions(parts):
    library, _ = parts
    x = rows(6)
    want = []
    for one in x:
        pairs = one[:, 0::2] + 1j * one[:, 1::2]
        turned = pairs * np.exp(1j * np.arange(len(one))[:, None] * 10000.0 ** (-np.arange(3) * 2 / 6))
        want.append(np.stack([turned.real, turned.imag], axis=2).reshape(len(one), 6))
    close(library.turned(x), want)


def test_rotary_products_know_distances_only(parts):
    """The product of a turned query and a turned key is the same wherever the two stand, at the same distance."""
    library, _ = parts
    q, k = np.random.default_rng(2).normal(size=(2, 6)).astype(np.float32)
    turned_q, turned_k = (np.asarray(library.turned([np.tile(one, (40, 1))])[0]) for one in (q, k))
    products = [turned_q[t + 5] @ turned_k[t] for t in range(35)]
    np.testing.assert_allclose(products, products[0], atol=1e-5)


def test_convolutions(parts):
    library, weights = parts
    x = rows(6)
    for layer, fn, at in (("a_conv", library.centred, lambda t, k: t + k - 2),
                          ("a_causal", library.causal, lambda t, k: t - 2 * (2 - k))):
        w = of(weights, layer)
        want = []
        for one in x:
            y = np.tile(w["b"], (len(one), 1))
            for t in range(len(one)):
                for k in range(w["W"].shape[2]):
                    if 0 <= at(t, k) < len(one):
                        y[t] += w["W"][:, :, k] @ one[at(t, k)]
            want.append(y)
        close(fn(x), want)


def test_convolution_is_attention_that_sees_one_neighbour(tmp_path):
    model = Path(os.environ["RONDO_SOURCE"]) / "models" / "conv_tagger.rondo"
    library, _ = build(tmp_path, model, "convtagger", "V=30", "C=6", "E=12", "K=5")
    texts = [np.random.default_rng(length).integers(0, 30, length) for length in LENGTHS]
    close(library.convolution(texts), library.attention(texts))


def test_pooling(parts):
    library, _ = parts
    x = rows(6)
    near = [[one[max(t - 1, 0) : t + 2].max(0) for t in range(len(one))] for one in x]
    largest, whole = library.largest(x)
    close(largest, [np.array(one) for one in near])
    close(whole, [one.max(0) for one in x])
    close(library.means(x), [np.array([one[max(t - 2, 0) : t + 2].mean(0) for t in range(len(one))]) for one in x])


def test_results_of_other_lengths(parts):
    library, weights = parts
    x, w = rows(6), of(weights, "a_strided")
    want = []
    for one in x:
        padded = np.pad(one.astype(np.float64), ((1, 2), (0, 0)))
        want.append(np.array([np.einsum("fek,ke->f", w["W"], padded[u : u + 3]) + w["b"] for u in range(0, len(one), 2)]))
    close(library.every_second(x), want)
    close(library.blocks(x), [np.array([one[u : u + 4].max(0) for u in range(0, len(one), 4)]) for one in x])
    close(library.block_means(x), [np.array([one[u : u + 3].mean(0) for u in range(0, len(one), 3)]) for one in x])
    close(library.fronted(x), [np.concatenate([weights["a_front.W"], one]) for one in x])


def test_translating_at_once_is_filling_as_many_places_as_the_length_says(tmp_path):
    """nat.rondo: `translate` against `lengths` and `logits`, which it consists of."""
    model = Path(os.environ["RONDO_SOURCE"]) / "models" / "nat.rondo"
    library, _ = build(tmp_path, model, "nat", "A=30", "B=31", "E=8", "N=2", "F=12", "L=1", "M=20")
    texts = [np.array([word]) for word in range(30)] + [np.arange(length) for length in (2, 5, 13, 30)]
    lengths = np.asarray(library.lengths(texts)).argmax(1)
    said = library.translate(texts)
    assert [len(one) for one in said] == lengths.tolist()
    some = [i for i, length in enumerate(lengths) if length]
    scores = library.logits([texts[i] for i in some], [np.zeros(lengths[i], int) for i in some])
    for i, one in zip(some, scores):
        np.testing.assert_array_equal(said[i], one.argmax(1))
