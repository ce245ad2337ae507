"""What names stand for: axes, arrays, instances of layers, and the calls of fns with their equations and boundaries.

Nothing is computed ahead: an array knows how to find one element, and remembers it (values.py)."""

import language
import values


class Axis:
    def __init__(self, size, sequence=False, low=0):
        self.size, self.sequence, self.low = size, sequence, low

    def places(self):
        return range(self.low, self.low + self.size)


class Array:
    """Given from outside: `get` finds the element at a tuple of places."""

    def __init__(self, axes, get):
        self.axes, self.get = axes, get


class Unknown(Exception):
    """Asked for while it is being found, as happens in recurrences."""

    raised = 0

    def __init__(self, what):
        super().__init__(what)
        Unknown.raised += 1


def constant(e, look):
    """What an expression of sizes is. `look` finds names."""
    if e.op == "number":
        return e[0]
    if e.op == "name":
        found = look(e[0])
        assert found is not None, f"no size {e[0]}"
        return found
    if e.op == "minus":
        return -constant(e[0], look)
    if e.op == "binary":
        return values.binary(e[0], constant(e[1], look), constant(e[2], look))
    if e.op == "compare":
        parts = [constant(part, look) for part in e[1]]
        return all(values.COMPARE[sign](a, b) for sign, a, b in zip(e[0], parts, parts[1:]))
    if e.op == "if":
        return constant(e[1] if constant(e[0], look) else e[2], look)
    assert e.op == "call" and e[0].op == "name", f"no constant: {e}"
    parts = [constant(part, look) for name, part in e[1] if name is None]
    return parts[0] if e[0][0] in ("vocab", "labels") else values.OF_TWO[e[0][0]](*parts)


class Instance:
    """Of a layer or a model: sizes, named tokens, fns; parameters, tables and instances as members."""

    def __init__(self, program, layer, sizes, named, path):
        self.program, self.path, self.home = program, path, program.home_of(layer)
        name, declared, members = layer.parts
        self.sizes = {size: value for (size, _), value in zip(declared, sizes)} | named
        self.tokens = {}
        for size, default in declared:
            if default is not None and default.op == "call" and default[0][0] in ("vocab", "labels"):
                self.tokens[size] = {token: value[0] for token, value in default[1] if token}
            if size not in self.sizes:
                assert default is not None, f"{name} needs {size}"
                self.sizes[size] = constant(default, self.sizes.get)
        self.fns, self.members = {}, {}
        for member in members:
            if member.op == "fn":
                self.fns[member[0]] = member
            elif member.op in ("param", "const"):
                for each in member[0]:
                    self.members[each] = self.weight(each, member[1])
            elif member.op == "bind":
                for k, each in enumerate(member[0]):
                    self.members[each] = self.bound(member[1][k if len(member[1]) > 1 else 0], each, {})

    def weight(self, name, kind):
        shape = [constant(length, self.sizes.get) for length, _, _ in kind[2]]
        drawn = self.program.weight(self.path + name, shape, kind[0], kind[1] and constant(kind[1], self.sizes.get))
        return Array([Axis(size) for size in shape], lambda at: drawn[at].item())

    def bound(self, e, name, turn):
        if e.op == "name":
            return self.members[e[0]]
        if e.op == "list":
            return [self.bound(part, f"{name}.{k}", turn) for k, part in enumerate(e[0])]
        look = lambda size: turn.get(size, self.sizes.get(size))
        if e.op == "listed":
            return [self.bound(e[0], f"{name}.{k}", {e[1]: at}) for k, at in enumerate(turns(e[2], look))]
        sizes = [constant(value, look) for size, value in e[1] if size is None]
        named = {size: constant(value, look) for size, value in e[1] if size}
        return Instance(self.program, self.home.layers[e[0][0]], sizes, named, f"{self.path}{name}.")


def turns(over, look):
    """The numbers that a constant range has."""
    if isinstance(over, tuple):
        return range(constant(over[0], look), constant(over[1], look) + 1)
    return range(constant(over, look))


class Equation:
    """An array that is given by an equation. `part` counts the results of a call that gives several; `view` has the names
    that loops made; `fixed`: how many indices before its own a loop says."""

    asking = 0

    def __init__(self, scope, name, indices, value, part, view, fixed=0):
        self.scope, self.name, self.indices, self.value, self.part = scope, name, indices, value, part
        self.view, self.fixed = view, fixed
        self.found, self.known, self.asked, self.ranges, self.ranging = {}, None, False, {}, set()

    @property
    def axes(self):
        if self.known is not None:
            return self.known
        if self.asked:
            raise Unknown(self.name)
        self.asked, before = True, Unknown.raised
        Equation.asking += 1
        try:
            own = [self.range(k) for k in range(len(self.indices))]
            env = values.Env(self.scope, self.view, {}, dict(zip(self.names(), own)))
            rest = values.shape_if_known(self.value, env, self.part)
            if not rest and Unknown.raised > before:  # read from itself alone: as its boundaries
                outside = self.scope.shape_outside(self.name, len(own) + self.fixed, self.view)
                rest = outside if outside or rest is None else rest
            if rest is None:
                raise Unknown(self.name)
            if Equation.asking == 1 or Unknown.raised == before:
                self.known = own + rest  # else more is known once the first who asked has an answer
            return own + rest
        finally:
            self.asked = False
            Equation.asking -= 1

    def names(self):
        return [name for name, _ in self.indices]

    def range(self, k):
        if k not in self.ranges:
            name, given = self.indices[k]
            if k in self.ranging:
                raise Unknown(name)
            self.ranging.add(k)
            try:
                self.ranges[k] = values.index_range(name, given, [self.value], values.Env(self.scope, self.view, {}, {}))
            finally:
                self.ranging.discard(k)
        return self.ranges[k]

    def get(self, at):
        if at not in self.found:
            names = self.names()
            own = {name: self.range(k) for k, name in enumerate(names)}
            self.found[at] = None
            env = values.Env(self.scope, self.view, dict(zip(names, at)), own)
            self.found[at] = values.value(self.value, env, at[len(names) :], self.part)
        assert self.found[at] is not None, f"{self.name}{list(at)} is read for itself"
        return self.found[at]


class Pieces:
    """An array that a loop fills, one constant first index after the other."""

    def __init__(self):
        self.pieces = {}

    @property
    def axes(self):
        return [Axis(len(self.pieces))] + self.pieces[min(self.pieces)].axes

    def range(self, k):
        piece = self.pieces[min(self.pieces)]
        return Axis(len(self.pieces)) if k == 0 else piece.range(k - 1) if k <= len(piece.indices) else piece.axes[k - 1]

    def get(self, at):
        return self.pieces[at[0]].get(at[1:])


class Scope:
    """One call of a fn. `view` is, of statements in loops, what names stand for in their turn."""

    def __init__(self, program, instance, home):
        self.program, self.instance, self.home = program, instance, home
        self.args, self.arrays, self.axes, self.statics, self.outside, self.results = {}, {}, {}, {}, {}, []
        self.calls, self.sums = {}, {}  # that were made; softmaxes and ranks that were found

    def run(self, statements, view=None):
        top, view = view is None, {} if view is None else view
        for statement in statements:
            if statement.op == "axis":
                self.axes[statement[0]] = (statement[1], dict(view))
            elif statement.op == "for":
                self.loop(*statement.parts, view)
            elif statement.op == "where":
                self.add_bounds(statement[0], view)
            elif statement.op == "equation":
                targets, parts, bounds = statement.parts
                pieces = any(indices and isinstance(view.get(indices[0][0]), int) for _, indices in targets)
                self.add_bounds(bounds, view, not top and not pieces)
                for k, (name, indices) in enumerate(targets):
                    one = parts[k] if len(parts) == len(targets) else parts[0]
                    self.define(name, indices, one, None if len(parts) == len(targets) else k, view, top)
            else:
                for name, indices, e in statement[0]:
                    if name:
                        self.define(name, indices, e, None, view, top)
                    self.results.append(language.Node("name", name) if name else e)
                self.add_bounds(statement[1], view)

    def define(self, name, indices, e, part, view, top):
        at = view.get(indices[0][0]) if indices else None
        if isinstance(at, int):
            pieces = self.arrays.setdefault(name, Pieces())
            pieces.pieces[at] = Equation(self, name, indices[1:], e, part, dict(view), 1)
        elif top:
            self.arrays[name] = Equation(self, name, indices, e, part, dict(view))
        else:
            view[name] = Equation(self, name, indices, e, part, dict(view))

    def loop(self, name, over, body, view):
        """Every turn sees the names as the one before left them; those from outside stay rebound after the last."""
        outer = self.args | {name: e for name, e in self.arrays.items() if isinstance(e, Equation)} | view
        current = dict(outer)
        for item in self.items(over, view):
            turn = {each: what for each, what in current.items() if each in outer} | {name: item}
            self.run(body, turn)
            current |= {each: turn[each] for each in outer}
        for each, what in outer.items():
            if current[each] is what:
                continue
            if each in view:
                view[each] = current[each]
                continue
            for other in self.arrays.values():
                if isinstance(other, Equation):
                    other.view.setdefault(each, what)  # what stands before the loop saw it as it was
            self.arrays[each] = current[each]

    def items(self, over, view):
        if not isinstance(over, tuple) and over.op in ("name", "member"):
            found = values.meant(over, values.Env(self, view, {}, {}))
            if isinstance(found, list):
                return found
        return turns(over, lambda name: self.size(name, view))

    def size(self, name, view=None):
        """A number that is known before the call: of a loop, an argument, an axis, the layer."""
        if view and isinstance(view.get(name), (int, float)):
            return view[name]
        if name in self.statics:
            return self.statics[name]
        if name in self.axes:
            return self.axis(name).size
        return self.instance.sizes.get(name) if self.instance else None

    def axis(self, name):
        if isinstance(self.axes[name], tuple):
            length, view = self.axes[name]
            self.axes[name] = Axis(values.value(length, values.Env(self, view, {}, {}), ()), True)
        return self.axes[name]

    def axis_of(self, length):
        if length.op == "name" and length[0] in self.axes:
            return self.axis(length[0])
        return Axis(constant(length, self.size))

    def add_bounds(self, bounds, view, of_turn=False):
        for name, places, e in bounds:
            kept = view.setdefault(("outside", name), []) if of_turn else self.outside.setdefault(name, [])
            kept.append((places, e, view))

    def bounds(self, name, view):
        return view.get(("outside", name)) or self.outside.get(name, [])

    def shape_outside(self, name, own, view):
        """The axes behind the first `own` of an array, as far as its boundaries tell; None without any."""
        known = None
        for places, e, seen in self.bounds(name, view):
            shape = values.shape_if_known(e, values.Env(self, seen, {}, {}))
            if shape is not None:
                shape = shape[max(0, own - len(places)) :]
                known = shape if known is None or len(shape) > len(known) else known
        return known

    def beyond(self, name, at, axes, view):
        """The value at a place outside: of the boundary that says most about it."""
        best = None
        for places, e, seen in self.bounds(name, view):
            env = values.Env(self, seen, {}, {})
            said = [(values.value(place, env, ()), own) for place, own in zip(places, at) if place is not None]
            if all(place == own for place, own in said) and (best is None or len(said) > best[0]):
                best = len(said), len(places), e, env
        assert best, f"{name}{list(at)} has no value: axes {[axis.size for axis in axes]}"
        _, count, e, env = best
        rest = at[count:]
        rest = rest[len(rest) - len(values.shape(e, env)) :]
        return values.element(language.Node("at", e, []), env, rest) if rest else values.value(e, env, ())


class Home:
    """The layers and fns that a source sees: its own hide the library's."""

    def __init__(self, declarations, library=None):
        self.layers = dict(library.layers) if library else {}
        self.fns = dict(library.fns) if library else {}
        for each in declarations:
            {"fn": self.fns, "layer": self.layers}.get(each.op, {})[each[0]] = each


class Program:
    """A source and the library. `weight(name, shape, kind, bound)` gives parameters and tables."""

    def __init__(self, text, library, weight, sizes):
        own = language.parse(text)
        self.weight, self.library = weight, Home(library)
        self.file, self.of_library = Home(own, self.library), {each.id for each in library}
        model = next(each for each in own if each.op == "model")
        self.exports = [each[0] for each in model[2] if each.op == "export"]
        self.model = Instance(self, model, [], sizes, "")

    def home_of(self, declaration):
        return self.library if declaration.id in self.of_library else self.file

    def run(self, fn, lengths, inputs):
        """What an export means for one example. Results as (name or None, axes, get)."""
        scope = Scope(self, self.model, self.file)
        scope.axes = {name: Axis(length, True) for name, length in lengths.items()}
        _, args, body = self.model.fns[fn].parts
        for name, (_, _, axes), _ in args:
            given = inputs[name]
            scope.args[name] = Array([scope.axis_of(length) for length, _, _ in axes], lambda at, given=given: given[at].item())
        scope.run(body)
        named = [name for name, _, _ in body[-1][0]]
        env = values.Env(scope, {}, {}, {})
        get = lambda e: lambda at: values.value(e, env, at)
        return [(name, values.shape(e, env), get(e)) for name, e in zip(named, scope.results)]
