"""Models: exports as methods, sessions behind them."""

import collections
import ctypes
import keyword
import os
import weakref
from ctypes import c_int64, c_void_p

from ._c import LOG, Config, Error, Library, Status
from ._convert import make_results, pack_inputs


class _Session:
    """A C session and the limits it was made for. One call at a time."""

    def __init__(self, model, limits):
        self.limits = limits
        handle = c_void_p()
        words = (c_int64 * len(limits))(*limits)
        model._library.call("session_new", ctypes.byref(handle), model._handle, words)
        self.handle = handle
        self._free = weakref.finalize(self, model._library.release, "session_free", handle.value)
        self._free.atexit = False  # a daemon thread may be in a call when the interpreter ends


class Model:
    """An opened model. Its exports are methods; `exports` names them, `manifest` says everything.

    Calls may come from several threads: each has a session of its own while it lasts. Sessions grow to what calls ask
    for; `reserve` makes room beforehand.
    """

    def __init__(self, library, weights, threads, spin_us):
        self._library = library
        self.name = library.name
        self.manifest = library.manifest
        # What is a word of Python, or already something here, gets an underscore behind.
        taken = {"name", "manifest", "exports", *dir(type(self)), *keyword.kwlist}
        fns = {fn["name"]: fn for fn in self.manifest["exports"]}
        self._fns = {}
        for name, fn in fns.items():
            while name in taken or (name != fn["name"] and name in fns):
                name += "_"
            taken.add(name)
            self._fns[name] = fn
        self.exports = tuple(self._fns)
        self._idle = []  # sessions that no call is using
        self._floor = [0] * (1 + 2 * len(self.manifest["axes"]))
        if not 0 <= threads <= 256:
            raise ValueError(f"threads is {threads}; expected 0 to 256")
        if not 0 <= spin_us < 2**32:
            raise ValueError(f"spin_us is {spin_us}; expected 0 to {2**32 - 1}")
        lines = []
        log = LOG(lambda user, level, text: lines.append(text.decode("utf-8", "replace")))
        config = Config(size=ctypes.sizeof(Config), threads=threads, spin_us=spin_us, log=ctypes.cast(log, c_void_p))
        handle = c_void_p()
        try:
            if isinstance(weights, (bytes, bytearray, memoryview)):
                data = bytes(weights)
                library.call("open_memory", ctypes.byref(handle), data, ctypes.c_size_t(len(data)), ctypes.byref(config))
            else:
                path = None if weights is None else _path(weights)
                library.call("open", ctypes.byref(handle), path, ctypes.byref(config))
        except Error as error:
            # The error's text is short; the whole list of what is wrong with a file came to the log.
            raise Error(error.code, "\n".join([error.text] + lines) if len(lines) > 1 else error.text) from None
        self._handle = handle
        self._log = log  # the library keeps the pointer
        self._free = weakref.finalize(self, library.release, "close", handle.value)
        self._free.atexit = False

    def __getattr__(self, name):
        fn = self.__dict__.get("_fns", {}).get(name)
        if fn is None:
            raise AttributeError(f"{self.__dict__.get('name', 'the model')} has no export {name}")

        def call(*inputs, **named):
            return self._call(name, fn, inputs, named)

        call.__name__ = name
        call.__doc__ = fn.get("signature")
        return call

    def __reduce__(self):
        raise TypeError("a model cannot be copied or pickled; load the library again, where it is needed")

    def __dir__(self):
        return [*super().__dir__(), *self.exports]

    def __repr__(self):
        return f"<rondo model {self.name}: {', '.join(fn.get('signature', name) for name, fn in self._fns.items())}>"

    def reserve(self, batch=0, **axes):
        """Makes room: reserve(8, T=(4096, 512)) for 8 examples, 4096 rows of T together, the longest 512; 0: follows."""
        need = [batch] + [0] * (len(self._floor) - 1)
        for name, (total, longest) in axes.items():
            at = self._axis(name)
            need[at : at + 2] = total or batch * longest, longest or total
        floor = [max(pair) for pair in zip(self._floor, need)]
        self._idle.append(self._take(floor))
        self._floor = floor  # only what could be had

    def save(self, path):
        """Writes the packed weights as a .weights image, which opens at once and is shared between processes."""
        self._library.call("save", self._handle, _path(path))

    def selftest(self):
        """Raises Error where this machine does not keep the library's promise of equal bits."""
        # Three examples as long as the test has them.
        session = self._take([max(pair) for pair in zip(self._floor, [3] + [111, 37] * len(self.manifest["axes"]))])
        try:
            self._library.call("selftest", session.handle)
        finally:
            self._idle.append(session)

    def _axis(self, name):
        names = self.manifest["axes"]
        if name not in names:
            raise ValueError(f"{self.name} has no sequence axis {name}; it has {', '.join(names) or 'none'}")
        return 1 + 2 * names.index(name)

    def _take(self, need):
        try:
            session = self._idle.pop()  # atomic
        except IndexError:
            session = None
        if session is None or any(have < want for have, want in zip(session.limits, need)):
            # A quarter more than asked for, so that slowly growing batches do not make a session each.
            limits = [max(floor, want + want // 4) for floor, want in zip(self._floor, need)]
            if session is not None:
                limits = [max(pair) for pair in zip(limits, session.limits)]
                session._free()
            try:
                session = _Session(self, limits)
            except Error:  # the most of every call so far may be too much together
                session = _Session(self, need)
        return session

    def _call(self, name, fn, inputs, named):
        batch, offsets, arrays = pack_inputs(fn, inputs, named)
        order = [axis["name"] for axis in fn["axes"]]
        missing = [axis for axis in order if axis not in offsets]
        if missing:
            raise Error(Status.EINVAL, f"{fn['name']}: no input gives the lengths of {missing[0]}")
        need = [batch] + [0] * (len(self._floor) - 1)
        for axis in order:
            each = offsets[axis]
            at = self._axis(axis)
            need[at : at + 2] = int(each[-1] - each[0]), int((each[1:] - each[:-1]).max(initial=0))
        outs, finish = make_results(fn, batch, offsets)
        ins = [batch] + [offsets[axis].ctypes.data for axis in order] + [0 if array is None else array.ctypes.data for array in arrays]
        in_words, out_words = (c_int64 * len(ins))(*ins), (c_int64 * max(1, len(outs)))(*outs)
        session = self._take(need)
        try:
            self._library.call(fn["name"], session.handle, in_words, out_words)
        finally:
            self._idle.append(session)
        returned = finish()
        if len(returned) == 1:
            return returned[0]
        names = [port["name"] for port in fn["results"]]
        return collections.namedtuple(name, names, rename=True)(*returned)


def _path(path):
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise ValueError("a path holds no zero byte")
    return raw


def load(library, weights=None, threads=1, spin_us=0):
    """Loads a compiled library and opens its model.

    weights: a safetensors file or a .weights image, or their bytes; None: those inside the library.
    threads: in all, the caller's own included. spin_us: how long idle threads spin before they sleep.
    """
    return Model(Library(library), weights, threads, spin_us)
