"""Call libraries compiled by Rondo: no compiler needed, only the .so.

    lm = rondo.load("libcharlm.so", threads=2)
    rows = lm.logits([b"In the", b"beginning"])   # one export, by its name; a ragged batch in
    rows[0]                                       # the first example's rows: a view, no copy

Inputs are given in the fn's order or by name: for each, a list with one array (or bytes, or list of numbers) per
example, an array with a leading batch axis, or a Ragged. Results over a sequence axis are Ragged, others plain arrays.
"""

from ._c import Error, Status
from ._model import Model, load
from ._ragged import Ragged

__all__ = ["Error", "Model", "Ragged", "Status", "load"]
__version__ = "0.1.0"
