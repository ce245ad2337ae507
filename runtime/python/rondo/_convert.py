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
    array = np.asarray(values)
    if array.size == 0 or port["element"] == "f32":
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{where}: expected numbers, got {array.dtype}")
    elif array.dtype.kind not in "iub":
        raise TypeError(f"{where}: expected whole numbers, got {array.dtype}")
    elif array.dtype.itemsize > 2 and array.dtype != np.int32:
        low, high = int(array.min()), int(array.max())
        if low < -(2**31) or high >= 2**31:
            raise ValueError(f"{where}: {low if low < -(2**31) else high} does not fit an int32")
    return np.ascontiguousarray(array, dtype=_TYPES[port["element"]])


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
            _, self.data = _rows(values.data, port, 1, where)
            self.batch, self.offsets = len(values), values.offsets
            self.lengths[axes[0]] = values.lengths
            return
        if isinstance(values, (str, bytes, bytearray)):
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


def pack_inputs(fn, arguments, named):
    """Arguments of a call -> (batch, offsets per axis, arrays per input)."""
    ports, name = fn["inputs"], fn["name"]
    if len(arguments) > len(ports):
        raise TypeError(f"{name} takes {len(ports)} inputs, got {len(arguments)}")
    given = dict(zip((port["name"] for port in ports), arguments))
    for key, value in named.items():
        if key in given or all(port["name"] != key for port in ports):
            raise TypeError(f"{name}: {'two values for' if key in given else 'no input called'} {key}")
        given[key] = value
    missing = [port["name"] for port in ports if port["name"] not in given]
    if missing:
        raise TypeError(f"{name} needs {', '.join(missing)}")
    packed = [Packed(given[port["name"]], port, name) for port in ports]
    batch = packed[0].batch if packed else 0
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
    arrays = []
    for port, one in zip(ports, packed):
        data = one.data
        if one.offsets is not None and one.offsets[0] != offsets[port["axes"][0]][0]:
            # Two slices of the same axis that begin at different places: both must be read from one offset.
            shared = offsets[port["axes"][0]]
            moved = np.zeros((int(shared[-1]),) + data.shape[1:], dtype=data.dtype)
            moved[shared[0] :] = data[one.offsets[0] : one.offsets[-1]]
            data = moved
        arrays.append(data)
    return batch, {axis: np.ascontiguousarray(each, dtype=np.int64) for axis, each in offsets.items()}, arrays


def make_result(port, batch, offsets):
    """Room for one result, as the caller will see it: (array for C, what is returned)."""
    static, kind = tuple(port["shape"]), _TYPES[port["element"]]
    lengths = [np.diff(offsets[axis]) for axis in port["axes"]]
    if not lengths:
        data = np.empty((batch,) + static, dtype=kind)
        return data, data
    sizes = np.prod(lengths, axis=0, dtype=np.int64)
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    data = np.empty((int(ends[-1]),) + static, dtype=kind)
    return data, Ragged(data, ends, list(zip(*lengths)) if len(lengths) > 1 else None)
