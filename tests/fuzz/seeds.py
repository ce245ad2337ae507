"""Writes what the fuzzers begin with: seeds.py SOURCE_DIR FOLDER makes FOLDER/<fuzzer>/<file>. Models, sources with
mistakes, map files and recorded arrays are those of the other tests; the rest is small enough to be made here."""

import json
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np

source, to = Path(sys.argv[1]), Path(sys.argv[2])


def folder(fuzzer):
    made = to / fuzzer
    made.mkdir(parents=True, exist_ok=True)
    return made


def safetensors(tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        kind = {"f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "b1": "BOOL", "f8": "F64"}[array.dtype.str[1:]]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


for fuzzer in ("lexer", "parser", "check"):
    for pattern in ("models/**/*.rondo", "dsl/std/*.rondo", "tests/dsl/**/*.rondo"):
        for path in sorted(source.glob(pattern)):
            shutil.copy(path, folder(fuzzer) / "_".join(path.relative_to(source).parts))
for path in sorted(source.glob("tests/fuzz/found/*/*")):  # what fuzzing found, so that it stays mended
    shutil.copy(path, folder(path.parent.name) / path.name)
for path in sorted(source.glob("models/maps/*.map")):
    shutil.copy(path, folder("map") / path.name)
(folder("map") / "every.map").write_text("a{n} + b{n} -> x.{n}: P _ Q\nc[0] -> y transposed\nd -> z reshaped\n0.5 -> w\nignore e*\n")

plain = {"b": np.arange(3, dtype="<f4"), "E": np.arange(24, dtype="<f4").reshape(8, 3)}
mixed = dict(plain, half=np.ones(2, "<f2"), ids=np.arange(4, dtype="<i8"), yes=np.ones(2, "?"), none=np.zeros((0, 5), "<f8"))
(folder("weights") / "good").write_bytes(safetensors(plain))
(folder("weights") / "odd").write_bytes(safetensors(mixed))
shutil.copytree(folder("weights"), folder("safetensors"), dirs_exist_ok=True)

np.savez(folder("npz") / "stored.npz", **mixed)
np.savez_compressed(folder("npz") / "deflated.npz", **mixed)
np.savez(folder("npz") / "columns.npz", a=np.asfortranarray(mixed["E"]), scalar=np.float32(3))
with zipfile.ZipFile(folder("npz") / "other.npz", "w") as files:
    files.writestr("notes.txt", "not an array")

manifest = {
    "abi": 1, "name": "mt", "axes": ["S", "T"], "targets": ["x86-64-v3"],
    "exports": [{
        "name": "logits", "axes": [{"name": "S", "least": 1, "max": 0}, {"name": "T", "least": 1, "max": 512}],
        "inputs": [{"name": "src", "element": "i32", "axes": ["S"], "shape": [], "bound": 8000},
                   {"name": "at", "element": "i32", "axes": ["T"], "shape": [], "bound": "S"},
                   {"name": "x", "element": "f32", "axes": ["T"], "shape": [2], "bound": 0},
                   {"name": "m", "element": "bool", "axes": ["T", "S"], "shape": []}],
        "results": [{"name": "logits", "element": "f32", "axes": ["T"], "shape": [8000]}]}]}
(folder("manifest") / "mt.json").write_text(json.dumps(manifest))
(folder("manifest") / "one.json").write_text((source / "tests/runtime/manifest.inc").read_text())
(folder("examples") / "lines").write_text('{"src": [1, 2], "at": "ab", "x": [[1, 2], [3.5, -4]], "m": [[true, false], [0, 1]], "y": [1, 2, 3, 4]}\n')
