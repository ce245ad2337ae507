"""Clocks, ceilings and rounds: what every row of bench/run.py is measured with."""

import ctypes
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
LEVELS = {"v4": (16, ["-mavx512f"]), "v3": (8, ["-mavx2", "-mfma"])}  # lanes of the widest register, how to compile


class Trouble(Exception):
    """What the user should read instead of a traceback."""


def cpu():
    """Name, family, model and best level of this processor."""
    found = {}
    with open("/proc/cpuinfo") as file:
        for line in file:
            key, _, value = line.partition(":")
            if not line.strip():
                break
            found[key.strip()] = value.strip()
    flags = set(found.get("flags", "").split())
    if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
        level = "v4"
    elif {"avx2", "fma", "bmi2", "f16c"} <= flags:
        level = "v3"
    else:
        raise Trouble("this processor has no AVX2 and FMA: the ceilings and bars here are for x86-64-v3 and v4")
    return {
        "name": found.get("model name", "?"),
        "family": int(found.get("cpu family", -1)),
        "model": int(found.get("model", -1)),
        "level": level,
        "cores": len(os.sched_getaffinity(0)),
        "flags": sorted(f for f in flags if f.startswith(("avx", "fma", "amx"))),
    }


class Peak:
    """The multiply-add ceiling, measured anew in every round, so that a wandering clock moves both sides."""

    def __init__(self, level, folder):
        lanes, options = LEVELS[level]
        source, library = HERE / "peak.c", folder / f"peak_{level}.so"
        compiler = next(filter(None, map(shutil.which, ("clang-22", "clang", "gcc"))), None)
        if compiler is None:
            raise Trouble("no C compiler for bench/peak.c: install clang-22")
        if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
            folder.mkdir(parents=True, exist_ok=True)
            command = [compiler, "-O2", *options, f"-DLANES={lanes}", "-shared", "-fPIC", "-pthread", "-o", library, source]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise Trouble(f"{compiler} could not compile bench/peak.c:\n{done.stderr}")
        self._library = ctypes.CDLL(str(library))
        for name in ("peak_thread", "peak_pair"):
            getattr(self._library, name).restype = ctypes.c_double

    def repeat(self, function, session, ins, outs, count):
        """`count` calls of a library's function."""
        error = ctypes.create_string_buffer(256)
        status = self._library.peak_repeat(function, session, ins, outs, error, ctypes.c_long(count))
        if status:
            raise Trouble(error.raw[4:].split(b"\0")[0].decode())

    def measure(self, threads):
        """FLOPs a second, now, in about a millisecond."""
        function = self._library.peak_thread if threads == 1 else self._library.peak_pair
        return function(ctypes.c_long(700_000 // 10))


def thread_seconds():
    return time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)


def lost():
    """Seconds that this process's threads have waited for a core; where the kernel does not count, how often they lost
    one: much, so that none of the rounds in which that happens is clean."""
    waited = 0
    for task in pathlib.Path("/proc/self/task").iterdir():
        try:
            waited += int((task / "schedstat").read_text().split()[1])
        except FileNotFoundError:  # a thread that has ended
            pass
        except (OSError, IndexError):
            return float(resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw)
    return waited * 1e-9


class Sample:
    """One work in one process: how often it is called for a sample, and what the rounds gave."""

    def __init__(self, name, flops, call, threads, wall=False, calls=1):
        self.name, self.flops, self.call, self.threads = name, flops, call, threads
        self.calls = calls  # that `call` makes
        # Some peers work on a thread of their own even where they have only one.
        self.wall = wall or threads > 1
        self.clock = time.perf_counter if self.wall else thread_seconds
        self.seconds, self.shares, self.peaks, self.clean = [], [], [], []
        call()
        call()
        start = self.clock()
        call()
        once = max(self.clock() - start, 1e-7)
        self.repeat = max(1, int(2e-3 / once))  # a sample of at least two milliseconds

    def round(self, peak):
        before = peak.measure(self.threads)
        self.call()  # the ceiling and the other rows have emptied the caches
        before_lost, start = lost(), self.clock()
        for _ in range(self.repeat):
            self.call()
        seconds = self.clock() - start
        clean = lost() - before_lost < 0.01 * seconds
        seconds /= self.repeat * self.calls
        ceiling = max(before, peak.measure(self.threads))
        self.seconds.append(seconds)
        self.peaks.append(ceiling)
        self.shares.append(self.flops / seconds / ceiling)
        self.clean.append(clean)

    def result(self, least=5):
        """Medians. Of what was timed on the wall only of rounds in which nobody took a core away, if there were enough of them."""
        keep = list(range(len(self.seconds)))
        clean = [i for i in keep if self.clean[i]]
        noisy = self.wall and len(clean) < least
        if self.wall and not noisy:
            keep = clean
        # A pair of threads is measured badly when the ceiling itself was disturbed: take the best ceiling of the run.
        ceiling = max(self.peaks) if self.threads > 1 else None
        seconds = statistics.median(self.seconds[i] for i in keep)
        share = self.flops / seconds / ceiling if ceiling else statistics.median(self.shares[i] for i in keep)
        return {
            "ms": seconds * 1e3,
            "best_ms": min(self.seconds) * 1e3,
            "share": share,
            "best_share": max(self.shares) if not ceiling else self.flops / min(self.seconds) / ceiling,
            "peak_gflops": (ceiling or statistics.median(self.peaks)) / 1e9,
            "rounds": len(self.seconds),
            "clean_rounds": len(clean),
            "noisy": noisy,
        }
