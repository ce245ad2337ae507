"""Compiled code against what the language means, said a second time, element by element, by what knows nothing of the
compiler (values.py). `rondo verify` cannot see what the front end makes of a source; this can.

By hand: compare.py FILE.rondo ... [SIZE=number ...] | FIRST-SEED COUNT"""

import itertools
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import language
import scopes

BUILD, SOURCE = os.environ["RONDO_BUILD"], HERE.parents[1]
LIBRARY = [each for path in sorted((SOURCE / "dsl/std").glob("*.rondo")) for each in language.parse(path.read_text())]


def rondo(*words):
    done = subprocess.run([f"{BUILD}/bin/rondo", *map(str, words), "-q"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        array = array.astype("<f4" if array.dtype.kind == "f" else "<i4")
        kind = "F32" if array.dtype.kind == "f" else "I32"
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def draw(random, shape, kind, bound):
    if kind == "bool":
        return random.random(size=shape) < 0.5
    if kind == "int":
        return random.integers(-2, 6, size=shape).astype(np.int32)
    if kind == "token":
        return random.integers(0, bound, size=shape).astype(np.int32)
    return random.normal(size=shape).astype(np.float32)


def inputs_of(program, fn, random):
    """One example: lengths of the sequences, arrays as the language has them, and as an NPZ file has them (sequences first)."""
    look, lengths, bounds = program.model.sizes.get, {}, {}
    args = program.model.fns[fn][1]
    for _, (_, _, axes), _ in args:
        for length, least, most in axes:
            if length.op == "name" and look(length[0]) is None:
                known = bounds.setdefault(length[0], [1, 6])
                known[0] = scopes.constant(least, look) if least else known[0]
                known[1] = min(known[1], scopes.constant(most, look)) if most else max(known)
    for name, (least, most) in bounds.items():
        lengths[name] = int(random.integers(least, most + 1))
    size = lambda name: lengths.get(name, look(name))
    given, stored = {}, {}
    for name, (kind, bound, axes), _ in args:
        shape = [scopes.constant(length, size) for length, _, _ in axes]
        given[name] = np.asarray(draw(random, shape, kind, bound and scopes.constant(bound, size)))
        order = sorted(range(len(axes)), key=lambda k: axes[k][0].op != "name" or axes[k][0][0] not in lengths)
        stored[name] = np.ascontiguousarray(given[name].transpose(order))
    return lengths, given, stored


def differences(text, folder, seed=1, compiled=None, sizes={}):
    """Of every export of a source, for one example: where what is compiled (its own text, if nothing is given) differs.
    `sizes` replace those of the model."""
    random = np.random.default_rng(seed)
    drawn = {}

    def weight(name, shape, kind, bound):
        if name not in drawn:
            drawn[name] = draw(random, shape, kind, bound)
            if kind == "real":
                drawn[name] /= np.float32(np.sqrt(shape[-1]) if len(shape) > 1 else 2)
            if name.endswith(".var"):
                drawn[name] = abs(drawn[name])
        return drawn[name]

    program = scopes.Program(text, LIBRARY, weight, sizes)
    (folder / "m.rondo").write_text(compiled or text)
    write_safetensors(folder / "w.safetensors", drawn)
    rondo(
        "compile",
        folder / "m.rondo",
        *(f"{name}={size}" for name, size in sizes.items()),
        "-o",
        folder,
        "--target",
        "x86-64-v3",
    )
    library = next(folder.glob("lib*.so"))
    wrong = []
    for fn in program.exports:
        lengths, given, stored = inputs_of(program, fn, random)
        np.savez(folder / "in.npz", **stored)
        rondo(
            "run", library, "--fn", fn, "--weights", folder / "w.safetensors", "-i", folder / "in.npz", "-o", folder / "out.npz"
        )
        with np.load(folder / "out.npz") as results:
            for k, (name, axes, get) in enumerate(program.run(fn, lengths, given)):
                found = results[next(key for key in (name, f"{fn}{k}", fn) if key in results)]
                order = sorted(range(len(axes)), key=lambda k: not axes[k].sequence)
                shape = [axis.size for axis in axes]
                if found.size != np.prod(shape):
                    wrong.append(f"{fn}, result {k}: {shape} expected, found {found.shape}; lengths {lengths}")
                    continue
                found = found.reshape([shape[k] for k in order]).transpose(np.argsort(order))
                for at in itertools.product(*map(range, shape)):
                    want, is_ = float(get(at)), float(found[at])
                    if not (np.isclose(is_, want, rtol=1e-3, atol=1e-3, equal_nan=True)):
                        wrong.append(f"{fn}, result {k}, at {at}: {want} expected, found {is_}; lengths {lengths}")
                        break
    return wrong


def of_seed(seed):
    done = subprocess.run(
        [f"{BUILD}/bin/rondo-random", "--print", "--seed", str(seed)], capture_output=True, text=True, check=True
    )
    return done.stdout


def deep(task):
    """Elements ask for others, and those for others: with room for that."""
    sys.setrecursionlimit(1_000_000)
    threading.stack_size(1 << 29)
    out = []
    thread = threading.Thread(target=lambda: out.append(task()))
    thread.start()
    thread.join()
    threading.stack_size(0)
    assert out, "it ended in an exception, see above"
    return out[0]


def main(words):
    sizes = {name: int(size) for name, size in (word.split("=") for word in words if "=" in word)}
    words = [word for word in words if "=" not in word]
    if words[0].endswith(".rondo"):
        programs = ((path, Path(path).read_text(), 1) for path in words)
    else:
        programs = ((f"seed {seed}", of_seed(seed), seed) for seed in range(int(words[0]), int(words[0]) + int(words[1])))
    count = 0
    for name, text, seed in programs:
        with tempfile.TemporaryDirectory() as folder:
            try:
                wrong = differences(text, Path(folder), seed, sizes=sizes)
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
        count += bool(wrong)
        for line in wrong:
            print(f"{name}: {line}", flush=True)
    print(f"{count} differ")
    return count > 0


if __name__ == "__main__":
    sys.exit(deep(lambda: main(sys.argv[1:])))
