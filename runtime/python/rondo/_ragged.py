"""Ragged batches: rows of all examples packed one after another, and where each example begins."""

import numpy as np


class Ragged:
    """`data` holds the rows of all examples, `offsets` batch + 1 positions in it (as Arrow lists have them).

    A sequence of views: `r[i]` is example i, without a copy. A value over two sequence axes (a result such as attention
    weights) has one matrix per example: `shapes` then gives its two lengths, and offsets count elements of both.
    """

    def __init__(self, data, offsets, shapes=None):
        self.data = np.asarray(data)
        offsets = np.asarray(offsets)
        if offsets.size and offsets.dtype.kind not in "iu":
            raise TypeError(f"offsets: expected whole numbers, got {offsets.dtype}")
        self.offsets = np.ascontiguousarray(offsets, dtype=np.int64)
        self.shapes = None if shapes is None else [tuple(int(n) for n in shape) for shape in shapes]
        if self.offsets.ndim != 1 or len(self.offsets) == 0:
            raise ValueError("offsets: one-dimensional, batch + 1 entries")
        if self.offsets[0] < 0 or np.any(np.diff(self.offsets) < 0) or self.offsets[-1] > len(self.data):
            raise ValueError(f"offsets must not fall and must lie within the {len(self.data)} rows of data")
        if self.shapes is not None and len(self.shapes) != len(self):
            raise ValueError(f"{len(self.shapes)} shapes for {len(self)} examples")

    @classmethod
    def pack(cls, examples):
        """From one array per example."""
        examples = [np.asarray(example) for example in examples]
        offsets = np.concatenate([[0], np.cumsum([len(example) for example in examples])]) if examples else [0]
        return cls(np.concatenate(examples) if examples else np.zeros(0), offsets)

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, i):
        if isinstance(i, slice):
            start, stop, step = i.indices(len(self))
            if step != 1:
                raise IndexError("a slice of a Ragged has no step")
            stop = max(start, stop)
            return Ragged(self.data, self.offsets[start : stop + 1], self.shapes and self.shapes[start:stop])
        i = range(len(self))[i]
        rows = self.data[self.offsets[i] : self.offsets[i + 1]]
        return rows if self.shapes is None else rows.reshape(self.shapes[i] + self.data.shape[1:])

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    @property
    def lengths(self):
        return np.diff(self.offsets)

    def padded(self, fill=0):
        """A dense array [batch, longest, ..]: a copy."""
        if self.shapes is not None:
            raise ValueError("only values over one sequence axis can be padded")
        longest = int(self.lengths.max(initial=0))
        out = np.full((len(self), longest) + self.data.shape[1:], fill, dtype=self.data.dtype)
        for i, rows in enumerate(self):
            out[i, : len(rows)] = rows
        return out

    def __repr__(self):
        return f"Ragged({len(self)} examples, {len(self.data)} rows of {self.data.shape[1:]}, {self.data.dtype})"
