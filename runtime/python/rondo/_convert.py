"""From what people hold (lists, bytes, arrays, tensors) to packed rows of the right type, and back."""

import numpy as np

from ._ragged import Ragged

_TYPES = {"f32": np.float32, "i32": np.int32, "bool": np.int32}


def _typed(values, port, where):
    """An array of the element's C type; says what is wrong in the caller's words."""
    if isinstance(values, (bytes, bytearray, memoryview)):
        values = np.frombuffer(values, dtype=np.uint8)
    elif isinstance(values, str):
        raise TypeError(f"{where}: text must be encoded first; pass bytes or token numbers")
    elif isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{where}: masks are not read; give only the rows that there are")
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of different lengths side by side
        raise ValueError(f"{where}: {error}") from None
    if array.size == 0 or port["element"] == "f32":
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{where}: expected numbers, got {array.dtype}")
    elif array.dtype.kind not in "iub":
        raise TypeError(f"{where}: expected whole numbers, got {array.dtype}")
    elif array.dtype.itemsize > 2 and array.dtype != np.int32:
        low, high = int(array.min()), int(array.max())
        if low < -(2**31) or high >= 2**31:
            raise ValueError(f"{where}: {low if low < -(2**31) else high} does not fit an int32")
    # Not ascontiguousarray, which makes one number a row.
    return np.asarray(array, dtype=_TYPES[port["element"]], order="C")


def _rows(values, port, lead, where):
    """Checks the static axes: `lead` sequence (or batch) axes stand before them. Returns leading shape and flat rows."""
    array = _typed(values, port, where)
    static = tuple(port["shape"])
    if array.size == 0 and array.ndim == 1 and lead + len(static) > 1:
        array = array.reshape((0,) * lead + static)
    if array.ndim != lead + len(static) or array.shape[lead:] != static:
        want = ", ".join(["n"] * lead + [str(size) for size in static])
        raise ValueError(f"{where}: expected the shape [{want}], got {list(array.shape)}")
    return array.shape[:lead], array.reshape((-1,) + static)


class Packed:
    """One input, ready for C: rows, and the offsets of its axes where it has them."""

    def __init__(self, values, port, fn):
        where = f"{fn}: {port['name']}"
        axes = port["axes"]
        self.lengths = {}  # axis -> lengths of the examples
        self.offsets = None  # one sequence axis: as given, so that slices of longer arrays are not copied
        if not axes:
            shape, self.data = _rows(values, port, 1, where)
            self.batch = shape[0]
            return
        if isinstance(values, Ragged) and len(axes) == 1:
            values = Ragged(values.data, values.offsets)  # anew: its arrays may have changed, and C reads what they say
            _, self.data = _rows(values.data, port, 1, where)
            self.batch, self.offsets = len(values), values.offsets
            self.lengths[axes[0]] = values.lengths
            return
        if isinstance(values, (str, bytes, bytearray)) or not hasattr(values, "__iter__"):
            raise TypeError(f"{where}: expected a list with one sequence per example")
        examples = [_rows(example, port, len(axes), f"{where}[{i}]") for i, example in enumerate(values)]
        self.batch = len(examples)
        for k, axis in enumerate(axes):
            lengths = np.array([shape[k] for shape, _ in examples], dtype=np.int64)
            if np.any(self.lengths.setdefault(axis, lengths) != lengths):
                raise ValueError(f"{where}: axes of it are both {axis} and must be equally long")
        rows = [rows for _, rows in examples]
        self.data = np.concatenate(rows) if len(rows) > 1 else rows[0] if rows else _typed([], port, where)
        if len(axes) == 1:
            self.offsets = np.concatenate([[0], np.cumsum(self.lengths[axes[0]])]).astype(np.int64)


def _check_made(fn, batch, offsets):
    """Inputs over an axis that is made of others must be as long as these say."""
    names = [axis["name"] for axis in fn["axes"]]
    if any(name not in offsets for name in names):
        return  # said by the caller
    for name, each in _with_made(fn, batch, offsets)[0].items():
        if name in offsets and name not in names and not np.array_equal(np.diff(offsets[name]), np.diff(each)):
            i = int(np.argmax(np.diff(offsets[name]) != np.diff(each)))
            raise ValueError(
                f"{fn['name']}: example {i} has {name} = {np.diff(offsets[name])[i]}, but {np.diff(each)[i]} is needed"
            )


def pack_inputs(fn, arguments, named):
    """Arguments of a call -> (batch, offsets per axis, arrays per input)."""
    ports, name = fn["inputs"], fn["name"]
    if len(arguments) > len(ports):
        raise TypeError(f"{name} takes {len(ports)} inputs, got {len(arguments)}")
    given = dict(zip((port["name"] for port in ports), arguments))
    count = None if any(port["name"] == "batch" for port in ports) else named.pop("batch", None)
    for key, value in named.items():
        if key in given or all(port["name"] != key for port in ports):
            raise TypeError(f"{name}: {'two values for' if key in given else 'no input called'} {key}")
        given[key] = value
    missing = [port["name"] for port in ports if port["name"] not in given and "default" not in port]
    if missing:
        raise TypeError(f"{name} needs {', '.join(missing)}")
    every, ports = ports, [port for port in ports if given.get(port["name"]) is not None or "default" not in port]
    packed = [Packed(given[port["name"]], port, name) for port in ports]
    if bool(packed) == (count is not None):
        wrong = "the inputs tell how many examples there are, not batch" if packed else "no input tells how many examples there are; say batch=N"
        raise TypeError(f"{name}: {wrong}")
    batch = packed[0].batch if packed else count
    offsets = {}
    for port, one in zip(ports, packed):
        if one.batch != batch:
            raise ValueError(f"{name}: {port['name']} has {one.batch} examples, {ports[0]['name']} {batch}")
        for axis, lengths in one.lengths.items():
            if axis not in offsets:
                offsets[axis] = one.offsets if one.offsets is not None else np.concatenate([[0], np.cumsum(lengths)])
            elif not np.array_equal(np.diff(offsets[axis]), lengths):
                i = int(np.argmax(np.diff(offsets[axis]) != lengths))
                raise ValueError(
                    f"{name}: example {i} has {axis} = {np.diff(offsets[axis])[i]}, but {lengths[i]} in {port['name']}"
                )
    _check_made(fn, batch, offsets)
    names = [axis["name"] for axis in fn["axes"]]
    arrays = []
    for port, one in zip(ports, packed):
        data = one.data
        if one.offsets is not None and port["axes"][0] not in names:
            data = data[one.offsets[0] : one.offsets[-1]]  # over an axis that is made: from its first row
        elif one.offsets is not None and one.offsets[0] != offsets[port["axes"][0]][0]:
            # Two slices of the same axis that begin at different places: both must be read from one offset.
            shared = offsets[port["axes"][0]]
            moved = np.zeros((int(shared[-1]),) + data.shape[1:], dtype=data.dtype)
            moved[shared[0] :] = data[one.offsets[0] : one.offsets[-1]]
            data = moved
        arrays.append(data)
    found = dict(zip((port["name"] for port in ports), arrays))
    arrays = [found.get(port["name"]) for port in every]  # None: left out
    return batch, {axis: np.ascontiguousarray(each, dtype=np.int64) for axis, each in offsets.items()}, arrays


def _with_made(fn, batch, offsets):
    """Offsets per axis of a batch, those that the model makes included, and the names of the returned ones.

    Of an axis made of values they are the most it can be; a call overwrites them with what it is.
    """
    every = {axis["name"]: offsets[axis["name"]] for axis in fn["axes"]}
    made = fn.get("made_axes", ())
    for axis in made:
        total = np.full(batch, axis["constant"], dtype=np.int64)
        for factor, each in zip(axis["factors"], list(every.values())):
            total += factor * np.diff(each)
        own = np.maximum(total, 0) // axis["divisor"]
        every[axis["name"]] = np.concatenate([[0], np.cumsum(own)]).astype(np.int64)
    return every, [axis["name"] for axis in made if axis["returned"]]


def make_results(fn, batch, offsets):
    """Room for results: (words of the C struct, a function that gives what the caller sees once the call is done)."""
    every, returned = _with_made(fn, batch, offsets)
    arrays = []
    for port in fn["results"]:
        sizes = np.ones(batch, dtype=np.int64)
        for axis in port["axes"]:
            sizes = sizes * np.diff(every[axis])
        arrays.append(np.empty((int(sizes.sum()),) + tuple(port["shape"]), dtype=_TYPES[port["element"]]))
    words = [word for array in arrays for word in (array.ctypes.data, array.size)]
    words += [every[axis].ctypes.data for axis in returned]

    def finish():
        results = []
        for port, data in zip(fn["results"], arrays):
            lengths = [np.diff(every[axis]) for axis in port["axes"]]
            if not lengths:
                results.append(data)
                continue
            ends = np.concatenate([[0], np.cumsum(np.prod(lengths, axis=0, dtype=np.int64))]).astype(np.int64)
            results.append(Ragged(data[: int(ends[-1])], ends, list(zip(*lengths)) if len(lengths) > 1 else None))
        return results

    return words, finish
