#!/usr/bin/env python3
"""Measure compiled models against ceilings of the same run.

    python3 bench/run.py                        every row, 1 and 2 threads
    python3 bench/run.py product attention      rows whose name contains one of the words
    python3 bench/run.py --threads 1 --json out.json
    python3 bench/run.py MiniLM --peers torch,onnxruntime,openvino   these too, in the same rounds
    perf record python3 bench/run.py LSTM --loop 5   one row again and again, for a profiler

`% peak` is the median over rounds of (FLOPs / time / multiply-add ceiling of the same round). One thread: the thread's
own CPU time. Two threads: time on the wall, of rounds in which the process lost no core; `~` marks rows that had too
few of those, whose numbers are only a lower bound. Exit status: 0 all bars held, 1 some not, 2 usage or set-up.
"""

import argparse
import ctypes
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's own threads would count as interruptions
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "runtime" / "python"))

import numpy as np
import peers
import rondo
from rondo._convert import pack_inputs

from measure import Peak, Sample, Trouble, cpu
from rows import all_rows, safetensors, weights_for

FOLDER = ROOT / "build" / "bench"


def say(text):
    print(text, file=sys.stderr, flush=True)


def find_rondo(given):
    found = [pathlib.Path(given)] if given else sorted(ROOT.glob("build/*/bin/rondo"), key=lambda p: -p.stat().st_mtime)
    if not found or not os.access(found[0], os.X_OK):
        raise Trouble(f"{given}: no such program" if given else "no build/*/bin/rondo: build it, or give --rondo PATH")
    return found[0].resolve()


def compile_row(tool, row, level):
    """The library of a row; compiled again when the compiler, the model or the sizes changed."""
    source = ROOT / row.model
    key = hashlib.sha256(f"{tool} {tool.stat().st_mtime_ns} {row.sizes} {level}".encode() + source.read_bytes())
    folder = FOLDER / f"{source.stem}-{key.hexdigest()[:12]}"
    if not list(folder.glob("*.so")):
        say(f"compiling {row.model} {' '.join(row.sizes)}")
        command = [tool, "compile", source, *row.sizes, "-o", folder, "--target", f"x86-64-{level}", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Trouble(f"{' '.join(map(str, command))}\nexit status {done.returncode}\n{done.stderr}{done.stdout}")
    return next(folder.glob("*.so"))


def aligned(array):
    """A copy at a multiple of 64 bytes: large arrays of NumPy begin 16 bytes behind one, and vectors straddle lines."""
    room = np.zeros(array.nbytes + 64, np.uint8)
    skip = -room.ctypes.data % 64
    copy = room[skip : skip + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


class Prepared:
    """One call with everything made beforehand. `model.fn(..)` makes a new result each time, as NumPy users expect, and
    fresh memory from the system would be measured with it; a caller from C keeps its arrays."""

    def __init__(self, path, row, threads, peak=None):
        manifest = rondo._c.Library(path).manifest
        self.weights = weights_for(manifest)
        self.model = rondo.load(path, weights=safetensors(self.weights) if self.weights else None, threads=threads, spin_us=100)
        fn = next(e for e in manifest["exports"] if e["name"] == row.export)
        offsets = np.concatenate([[0], np.cumsum(row.lengths)])
        batch, offsets, arrays = pack_inputs(fn, [rondo.Ragged(x, offsets) for x in row.inputs], {})
        arrays = [aligned(a) for a in arrays]
        result = fn["results"][0]
        rows = int(offsets[result["axes"][0]][-1]) if result["axes"] else batch
        self.result = aligned(np.zeros([rows, *result["shape"]], np.float32))
        self._keep = arrays, offsets
        words = [batch, *(o.ctypes.data for o in offsets.values()), *(a.ctypes.data for a in arrays)]
        self._ins = (ctypes.c_int64 * len(words))(*words)
        self._outs = (ctypes.c_int64 * 2)(self.result.ctypes.data, self.result.size)
        self._session = self.model._take([batch, sum(row.lengths), max(row.lengths)])
        self._name, self._calls, self._peak = row.export, row.calls, peak

    def __call__(self):
        if self._calls == 1:
            return self.model._library.call(self._name, self._session.handle, self._ins, self._outs)
        function = self.model._library._function(self._name)
        self._peak.repeat(function, self._session.handle, self._ins, self._outs, self._calls)


def check(row, prepared):
    """A fast wrong answer is not a result: the largest difference from NumPy, relative to the largest value."""
    prepared()
    if row.expect is None:
        return None
    want = row.expect(prepared.weights, *row.inputs)
    worst = float(np.abs(prepared.result - want).max() / np.abs(want).max())
    if not worst <= 1e-4:
        raise Trouble(f"{row.name}: differs from NumPy by {worst:.1e} of the largest value")
    return worst


def measure(rows, threads, args, facts, peak, libraries):
    """Everything on so many threads: [result]."""
    every = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, every[-threads:])
    samples, owners = [], []
    try:
        for row, path in zip(rows, libraries):
            prepared = Prepared(path, row, threads, peak)
            error = check(row, prepared)
            samples.append(Sample(row.name, row.flops, prepared, threads, calls=row.calls))
            owners.append((row, "rondo", None, error))
            for peer in args.peers if row.peer_bars else ():
                for name, call in peers.minilm(peer, FOLDER, row.inputs[0], row.lengths, threads):
                    samples.append(Sample(name, row.flops, call, threads, wall=True))
                    owners.append((row, name, peer, None))
        for n in range(args.rounds):
            say(f"{threads} thread{'s' * (threads > 1)}: round {n + 1} of {args.rounds}, load {os.getloadavg()[0]:.1f}")
            for sample in samples:
                sample.round(peak)
                if threads > 1:
                    time.sleep(0.02 if args.peers else 0.002)  # a peer's threads go on spinning for a while
    finally:
        os.sched_setaffinity(0, every)
    results = []
    for sample, (row, who, peer, error) in zip(samples, owners):
        result = {"row": row.name, "who": who, "peer": peer, "threads": threads, "flops": row.flops, "bytes": row.traffic, **sample.result()}
        result.update(bar=row.bar if who == "rondo" else None, error=error)
        result.update(most_us=row.most_us if threads == 1 else None)
        if row.also:
            result[f"share, {row.also[0]}"] = result["share"] * row.also[1] / row.flops
        results.append(result)
    for result in results:
        bars = next(r.peer_bars for r in rows if r.name == result["row"])
        for peer in args.peers if bars and result["who"] == "rondo" else ():
            best = min(r["ms"] for r in results if r["row"] == result["row"] and r["peer"] == peer)
            bar = bars.get((peer, threads))
            result.setdefault("against", {})[peer] = {"faster": best / result["ms"], "bar": bar}
    for result, (row, who, *_) in zip(results, owners):
        even = next((r for r in results if r["row"] == row.like), None)
        if even and who == "rondo":
            result.update(of_even=result["share"] / even["share"], even_bar=row.like_bar)
            result["noisy"] = result["noisy"] or even["noisy"]
    for result in results:
        judge(result)
    return results


def judge(result):
    # A disturbed measurement can show that a bar holds, but not that it does not.
    held = [result["share"] >= result["bar"]] if result["bar"] else []
    if "of_even" in result:
        held.append(result["of_even"] >= result["even_bar"])
    if result["noisy"]:
        held = [h for h in held if h]
    if result["most_us"]:
        held.append(result["ms"] * 1e3 <= result["most_us"])
    held += [r["faster"] >= r["bar"] for r in result.get("against", {}).values() if r["bar"]]
    result["ok"] = all(held) if held else None


def table(results):
    head = f"{'work':24} thr {'GFLOP':>7} {'MB':>6} {'ms':>9} {'GB/s':>6} {'% peak':>7} {'best':>6} {'bar':>6}"
    print(head + "\n" + "-" * (len(head) + 5))
    for r in results:
        bar = f"{100 * r['bar']:.0f} %" if r["bar"] else f"{r['most_us']:.0f} us" if r["most_us"] else ""
        name = r["row"] if r["who"] == "rondo" else "  " + r["who"]
        verdict = "" if r["ok"] is None else "ok" if r["ok"] else "NOT OK"
        notes = [f"{100 * v:.1f} % {k[7:]}" for k, v in r.items() if k.startswith("share, ")]
        if "of_even" in r:
            notes.append(f"{100 * r['of_even']:.0f} % of the rate at even lengths, bar {100 * r['even_bar']:.0f} %")
        for peer, found in r.get("against", {}).items():
            notes.append(f"{found['faster']:.2f}x {peer}" + (f" (bar {found['bar']}x)" if found["bar"] else ""))
        if r["ms"] < 0.01:
            notes.append(f"{r['ms'] * 1e3:.2f} us a call")
        if r["noisy"]:
            notes.append(f"~ {r['clean_rounds']} clean rounds of {r['rounds']}")
        print(
            f"{name:24} {r['threads']:>3} {r['flops'] / 1e9:7.3f} {r['bytes'] / 1e6:6.1f} {r['ms']:9.3f} "
            f"{r['bytes'] / r['ms'] / 1e6:6.1f} {100 * r['share']:7.1f} {100 * r['best_share']:6.1f} {bar:>6} {verdict:6} "
            + "; ".join(notes)
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="only rows whose name contains one of these words")
    parser.add_argument("--rondo", metavar="PATH", help="the compiler (default: the newest build/*/bin/rondo)")
    parser.add_argument("--threads", default="1,2", help="1, 2 or 1,2 (default)")
    parser.add_argument("--rounds", type=int, default=11, help="rounds, interleaved over the rows (default 11)")
    parser.add_argument("--level", choices=("v3", "v4"), help="x86-64 level to compile and measure (default: the best here)")
    parser.add_argument("--peers", default="", help=f"other systems in the same rounds (MiniLM only): {','.join(peers.NEEDS)}")
    parser.add_argument("--json", metavar="FILE", help="write everything measured")
    parser.add_argument("--loop", type=float, metavar="SECONDS", help="only call the first row chosen, for a profiler")
    args = parser.parse_args()

    rows = [r for r in all_rows() if not args.rows or any(w.lower() in r.name.lower() for w in args.rows)]
    if not rows:
        parser.error("no row is called that; there are: " + ", ".join(r.name for r in all_rows()))
    if args.rounds < 1 or not set(args.threads.split(",")) <= {"1", "2"}:
        parser.error("--rounds is at least 1, --threads 1, 2 or 1,2")
    args.peers = [p for p in args.peers.split(",") if p]
    if not set(args.peers) <= set(peers.NEEDS):
        parser.error("--peers: there are " + ", ".join(peers.NEEDS))
    facts = cpu()
    level = args.level or facts["level"]
    if level > facts["level"]:
        raise Trouble(f"this processor is x86-64-{facts['level']}: it cannot run {level}")
    tool = find_rondo(args.rondo)
    threads = [n for n in map(int, args.threads.split(",")) if n <= facts["cores"]]
    libraries = [compile_row(tool, row, level) for row in rows]
    peak = Peak(level, FOLDER)
    if args.loop:
        prepared, calls, end = Prepared(libraries[0], rows[0], threads[0], peak), 0, time.time() + args.loop
        while time.time() < end:
            prepared()
            calls += 1
        print(f"{rows[0].name}: {calls} calls")
        return 0
    results = []
    # A peer's pool keeps the number of cores that it first saw: most threads first.
    for count in sorted(threads, reverse=bool(args.peers)):
        results += measure(rows, count, args, facts, peak, libraries)
    ceilings = {n: max(r["peak_gflops"] for r in results if r["threads"] == n) for n in threads}
    print(f"{facts['name']}, family {facts['family']} model {facts['model']}, {facts['cores']} cores, {' '.join(facts['flags'])}")
    print(f"x86-64-{level}; ceiling in GF/s: {', '.join(f'{c:.0f} on {n}' for n, c in ceilings.items())}; load {os.getloadavg()[0]:.1f}\n")
    table(results)
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"cpu": facts, "level": level, "compiler": str(tool), "results": results}, file, indent=1)
    return 0 if all(r["ok"] is not False for r in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Trouble, rondo.Error) as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
