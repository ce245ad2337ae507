"""The C side: structs of rondo.h, statuses as exceptions, the symbols of one library."""

import ctypes
import enum
import json
import os
import re
from ctypes import c_char, c_int32, c_size_t, c_uint32, c_void_p


class Status(enum.IntEnum):
    """The numbers of rondo.h."""

    OK = 0
    EINVAL = 1
    ENOMEM = 2
    EIO = 3
    EFORMAT = 4
    EVERSION = 5
    ECPU = 6
    ERANGE = 7
    ECAPACITY = 8
    ESTATE = 9
    ENUMERIC = 10
    ETEST = 11


class Error(Exception):
    """What a library refused: `code` is a Status, `text` the reason."""

    def __init__(self, code, text):
        try:
            code = Status(code)
        except ValueError:  # of a newer library
            pass
        super().__init__(text)
        self.code = code
        self.text = text

    def __reduce__(self):
        return Error, (self.code, self.text)


class Config(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("threads", c_uint32),
        ("spin_us", c_uint32),
        ("user", c_void_p),
        ("alloc", c_void_p),
        ("release", c_void_p),
        ("gang", c_void_p),
        ("log", c_void_p),
    ]


LOG = ctypes.CFUNCTYPE(None, c_void_p, ctypes.c_int, ctypes.c_char_p)


class _CError(ctypes.Structure):
    _fields_ = [("code", c_int32), ("text", c_char * 252)]


_files = {}  # path -> device and inode of each file that was loaded from there, and stays so


def _spelling(path):
    """The path, spelled otherwise for each new file there: the dynamic loader goes by names, and would give the old one."""
    stat = os.stat(path)
    files = _files.setdefault(path, [])
    if (stat.st_dev, stat.st_ino) not in files:
        files.append((stat.st_dev, stat.st_ino))
    folder, name = os.path.split(path)
    return os.path.join(folder, *["."] * files.index((stat.st_dev, stat.st_ino)), name)


class Library:
    """One loaded .so; functions are called by what follows the model's name."""

    def __init__(self, path):
        path = os.path.abspath(os.fspath(path))
        self.path = path
        self._dll = ctypes.CDLL(_spelling(path))  # ctypes lets go of the GIL during each call
        self.name = self._find_name()
        manifest = self._function("manifest")
        manifest.restype = ctypes.c_char_p
        self.manifest = json.loads(manifest().decode())

    def _find_name(self):
        # The model's name is what stands before _manifest among the symbols, if it has sessions: a renamed file works.
        with open(self.path, "rb") as file:
            names = re.findall(rb"\0([A-Za-z_][A-Za-z0-9_]*)_manifest(?=\0)", file.read())
        for name in names:
            if all(hasattr(self._dll, name.decode() + suffix) for suffix in ("_manifest", "_session_new")):
                return name.decode()
        raise Error(Status.EFORMAT, f"{self.path} is not a library compiled by rondo: it exports no manifest")

    def _function(self, suffix):
        return getattr(self._dll, f"{self.name}_{suffix}")

    def call(self, suffix, *arguments):
        """Calls a function that returns a status; its last argument, the error, is added."""
        error = _CError()
        function = self._function(suffix)
        function.restype = c_int32
        if function(*arguments, ctypes.byref(error)):
            raise Error(error.code, error.text.decode("utf-8", "replace"))

    def release(self, suffix, handle):
        function = self._function(suffix)
        function.restype = None
        function(c_void_p(handle))
