"""The rows of bench/run.py: models, inputs, FLOPs, bytes, bars, and the answers they must give."""

import dataclasses
import json
import struct
import zlib

import numpy as np

# Lengths 1 to 512, evenly spread, shuffled so that neighbours differ.
RAGGED = [1 + (511 * ((13 * i) % 32)) // 31 for i in range(32)]

# Token counts of 32 English sentences, drawn once from a log-normal fitted to news text.
SENTENCES = [7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 22, 23, 24, 25, 27, 28, 30, 32, 34, 37, 40, 44, 49, 55, 64, 77, 96]


# How many times as fast as the best of a peer, by threads.
PEER_BARS = {("torch", 1): 1.25} | {(who, n): 1.0 for who in ("onnxruntime", "openvino") for n in (1, 2)}


@dataclasses.dataclass
class Row:
    name: str
    model: str  # file below the repository
    export: str
    inputs: list  # arrays, rows of all examples
    lengths: list  # of the examples, on the one sequence axis
    flops: float
    traffic: float  # bytes: inputs, results and weights, each once
    bar: float = None  # share of the ceiling to be reached
    calls: int = 1  # made by one loop in C, where a call is too short to be made from Python
    most_us: float = None  # the bar of such a row: a call's microseconds, on one thread
    sizes: tuple = ()  # NAME=value for the compiler
    expect: object = None  # weights, inputs -> rows of the result
    also: tuple = ()  # (another way of counting, FLOPs)
    peer_bars: dict = None  # (peer, threads): how many times as fast as its best; None: not compared
    like: str = None  # a row of even lengths, and
    like_bar: float = None  # the least share of its rate that this one's must be


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def random(name, *shape):
    return generator(name).standard_normal(shape, dtype=np.float32)


def weights_for(manifest):
    """Small random numbers for every parameter, seeded by its name: {name: array}."""
    return {
        cell["name"]: random(cell["name"], *cell["shape"]) * np.float32(0.05)
        for cell in manifest["cells"]
        if cell["kind"] == "param"
    }


def safetensors(arrays):
    head, blobs, at = {}, [], 0
    for name, array in arrays.items():
        blob = np.ascontiguousarray(array, dtype="<f4").tobytes()
        head[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(blobs)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def product(M, N, K, bar=None):
    return Row(
        name=f"product {M}x{N}x{K}",
        model="bench/models/product.rondo",
        sizes=(f"N={N}", f"K={K}"),
        export="product",
        inputs=[random("x", M, K)],
        lengths=[M],
        flops=2.0 * M * N * K,
        traffic=4.0 * (M * K + N * K + M * N),
        bar=bar,
        expect=lambda w, x: x @ w["W"].T,
    )


def expect_lstm(w, x, prefix="cell.", peep=False):
    """Examples side by side, all equally long: x [B, T, E]."""
    g = {k: w[prefix + k] for k in ("Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug", "bi", "bf", "bo", "bg")}
    v = [w[prefix + k] if peep else 0 for k in ("vi", "vf", "vo")]
    h = c = np.zeros((x.shape[0], g["Ui"].shape[0]), np.float32)
    rows = []
    for t in range(x.shape[1]):
        pre = {k: x[:, t] @ g["W" + k].T + h @ g["U" + k].T + g["b" + k] for k in "ifog"}
        c, old = sigmoid(pre["f"] + v[1] * c) * c + sigmoid(pre["i"] + v[0] * c) * np.tanh(pre["g"]), c
        h = sigmoid(pre["o"] + v[2] * c) * np.tanh(c)
        rows.append(h)
    return np.stack(rows, 1)


def expect_gru(w, x, prefix="unit."):
    g = {k[len(prefix) :]: a for k, a in w.items() if k.startswith(prefix)}
    h = np.zeros((x.shape[0], g["Uz"].shape[0]), np.float32)
    rows = []
    for t in range(x.shape[1]):
        z = sigmoid(x[:, t] @ g["Wz"].T + h @ g["Uz"].T + g["bz"])
        r = sigmoid(x[:, t] @ g["Wr"].T + h @ g["Ur"].T + g["br"])
        n = np.tanh(x[:, t] @ g["Wn"].T + g["bn"] + r * (h @ g["Un"].T + g["cn"]))
        h = (1 - z) * n + z * h
        rows.append(h)
    return np.stack(rows, 1)


def expect_cells(which):
    def step(g, x, h, s):
        lin = lambda k, y: x @ g["W" + k].T + y @ g["U" + k].T + g["b" + k]
        if which == "two_speeds":
            a, b, n = sigmoid(lin("a", h)), sigmoid(lin("b", h)), np.tanh(lin("n", h))
            quick = a * s[0] + (1 - a) * n
            slow = b * s[1] + (1 - b) * quick
            return np.tanh(quick + slow), (quick, slow)
        if which == "second_thought":
            gate, d = sigmoid(lin("a", h)), np.tanh(lin("b", h))
            return (1 - gate) * h + gate * np.tanh((gate * d) @ g["Un"].T + g["bn"]), s
        p = np.tanh(lin("a", h))
        q = sigmoid(p @ g["Ub"].T + g["bb"])
        return q * h + (1 - q) * np.tanh((q * p) @ g["Un"].T + g["bn"]), s

    def expect(w, x):
        h = np.zeros((x.shape[0], w["Ua"].shape[0]), np.float32)
        state, rows = (h, h), []
        for t in range(x.shape[1]):
            h, state = step(w, x[:, t], h, state)
            rows.append(h)
        return np.stack(rows, 1)

    return expect


def recurrent(name, export, products, expect, T=64, B=32, H=512, model="recurrent", bar=0.75):
    """`products`: matrices [H, H] that an element of the sequence meets, of its input and of the state."""
    return Row(
        name=f"{name} T={T} B={B}",
        model=f"bench/models/{model}.rondo",
        sizes=(f"E={H}", f"H={H}"),
        export=export,
        inputs=[random("x", T * B, H)],
        lengths=[T] * B,
        flops=2.0 * products * H * H * T * B,
        traffic=4.0 * (2 * T * B * H + products * H * H),
        bar=bar,
        expect=lambda w, x: expect(w, x.reshape(B, T, H)).reshape(B * T, H),
    )


def lstm_of(name, lengths, like=None, H=512):
    rows = sum(lengths)
    return Row(
        name=name,
        model="bench/models/recurrent.rondo",
        sizes=(f"E={H}", f"H={H}"),
        export="lstm_layer",
        inputs=[random("x", rows, H)],
        lengths=lengths,
        flops=2.0 * 8 * H * H * rows,
        traffic=4.0 * (2 * rows * H + 8 * H * H),
        like=like,
        like_bar=1 / 1.15 if like else None,
    )


def tiny():
    """A model that has next to nothing to do: what is left is the price of a call."""
    row = recurrent("tiny LSTM,", "lstm_layer", 8, expect_lstm, T=1, B=1, H=16, bar=None)
    return dataclasses.replace(row, name="call of a tiny LSTM", calls=1000, most_us=3.0)


def attention(export, bar, N=1024, A=8, D=64, W=128):
    t, s = np.arange(N)[:, None], np.arange(N)[None]
    allow = {"full": s >= 0, "causal": s <= t, "window": (s <= t) & (s > t - W)}[export] & (t >= 0)

    def expect(w, q, k, v):
        scores = np.where(allow, np.einsum("thi,shi->hts", q, k) / np.sqrt(D), -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        return np.einsum("hts,shi->thi", p / p.sum(-1, keepdims=True), v)

    return Row(
        name=f"attention {export}" + (f" {W}" if export == "window" else ""),
        model="bench/models/attention.rondo",
        sizes=(f"A={A}", f"D={D}", f"W={W}"),
        export=export,
        inputs=[random(name, N, A, D) for name in "qkv"],
        lengths=[N],
        flops=4.0 * A * D * int(allow.sum()),
        traffic=4.0 * 4 * N * A * D,
        bar=bar,
        expect=expect,
        also=() if export == "full" else ("all pairs", 4.0 * A * D * N * N),
    )


def minilm(name="MiniLM, 32 sentences", lengths=SENTENCES, L=6, **more):
    E, F = 384, 1536
    rows, pairs = sum(lengths), sum(n * n for n in lengths)
    matrices = L * (4 * E * E + 2 * E * F)
    return Row(
        name=name,
        model="models/minilm.rondo",
        sizes=(f"L={L}",),
        export="encode",
        inputs=[np.concatenate([generator("sentence").integers(1000, 30000, n) for n in lengths]).astype(np.int32)],
        lengths=lengths,
        flops=2.0 * rows * matrices + 4.0 * L * E * pairs,
        traffic=4.0 * (matrices + 2 * rows * E + rows),
        **more,
    )


def even(lengths):
    """As many examples and rows, all of about one length."""
    n, rows = len(lengths), sum(lengths)
    return [rows * (i + 1) // n - rows * i // n for i in range(n)]


def all_rows():
    return [
        product(512, 2048, 512, 0.88),
        product(1024, 1024, 1024, 0.88),
        product(2048, 768, 768, 0.88),
        product(128, 384, 384, 0.88),
        product(32, 2048, 512),
        product(8, 2048, 512),
        product(1, 2048, 512),
        recurrent("LSTM", "lstm_layer", 8, expect_lstm),
        recurrent("GRU reset-after", "gru_layer", 6, expect_gru),
        recurrent("peephole LSTM", "peephole", 8, lambda w, x: expect_lstm(w, x, "", True)),
        recurrent("LSTM", "lstm_layer", 8, expect_lstm, B=1, bar=None),
        recurrent("cell, 1 product", "two_speeds", 6, expect_cells("two_speeds"), model="cells", bar=0.65),
        recurrent("cell, 2 products", "second_thought", 5, expect_cells("second_thought"), model="cells", bar=0.65),
        recurrent("cell, 3 products", "ladder", 4, expect_cells("ladder"), model="cells", bar=0.65),
        lstm_of("LSTM, even lengths", even(RAGGED)),
        lstm_of("LSTM, lengths 1..512", RAGGED, like="LSTM, even lengths"),
        attention("full", 0.75),
        attention("causal", 0.65),
        attention("window", 0.40),
        minilm(peer_bars=PEER_BARS),
        minilm("encoder, even lengths", even(RAGGED[::2]), L=2),
        minilm("encoder, lengths 1..512", RAGGED[::2], L=2, like="encoder, even lengths", like_bar=1 / 1.15),
        tiny(),
    ]
