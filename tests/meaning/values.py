"""What an expression is: its axes, and one element of it at a time."""

import itertools
import math

import scopes

INFINITY = math.inf


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def exp(x):
    return INFINITY if x > 709 else math.exp(x)


OF_ONE = {
    "exp": exp,
    "log": lambda x: math.log(x) if x > 0 else -INFINITY if x == 0 else math.nan,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: max(x, 0),
    "gelu": lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2)),
    "gelu_tanh": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * sigmoid(x),
    "softplus": lambda x: max(x, 0) + math.log1p(math.exp(-abs(x))),
    "erf": math.erf,
    "floor": math.floor,
    "stop": lambda x: x,
}
OF_TWO = {"minimum": min, "maximum": max}
COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def binary(sign, a, b):
    if sign == "/":
        return a / b if b else math.nan if a == 0 else math.copysign(INFINITY, a)
    if sign == "^":
        return a**b if a >= 0 or isinstance(b, int) else math.nan
    return {"+": a + b, "-": a - b, "*": a * b}[sign] if sign in "+-*" else a // b if sign == "div" else a % b


class Env:
    """Where an expression stands: a call, the names of a turn of a loop, the indices that are bound and their ranges.
    For shapes indices have ranges only."""

    def __init__(self, scope, view, index, ranges):
        self.scope, self.view, self.index, self.ranges = scope, view, index, ranges

    def bind(self, names, at, ranges):
        return Env(self.scope, self.view, self.index | dict(zip(names, at)), self.ranges | dict(zip(names, ranges)))

    def number(self, name):
        """What a name is that stands for a number: an index, a truth, an axis, a size. Else None."""
        if name in self.index:
            return self.index[name]
        if name in self.ranges:
            return 0
        if name in ("true", "false"):
            return name == "true"
        scope = self.scope
        if name in self.view or name in scope.args or name in scope.arrays:
            return self.view[name] if isinstance(self.view.get(name), (int, float)) else None
        return scope.size(name)


def meant(e, env):
    """The array, instance, list, number or (fn, instance) that a name, a member or an element of a list stands for."""
    scope, instance = env.scope, env.scope.instance
    if e.op == "name":
        for names in (env.view, scope.arrays, scope.args, instance.members if instance else {}):
            if e[0] in names:
                return names[e[0]]
        if instance and e[0] in instance.fns:
            return instance.fns[e[0]], instance
        return (scope.home.fns[e[0]], None) if e[0] in scope.home.fns else None
    if e.op == "at":
        base = meant(e[0], env) if e[0].op in ("name", "member") else None
        return base[value(e[1][0], env, ())] if isinstance(base, list) else None
    base = meant(e[0], env)
    if base is None and instance and e[0].op == "name":
        return instance.tokens[e[0][0]][e[1]]
    if e[1] in base.fns:
        return base.fns[e[1]], base
    return base.members[e[1]] if e[1] in base.members else base.sizes[e[1]]


# Ranges of indices.


def index_range(name, given, parts, env):
    """As given; else the axis that the index subscripts plainly, else the one it does with a constant offset."""
    if isinstance(given, tuple):
        first, last = (value(end, env, ()) for end in given)
        return scopes.Axis(last - first + 1, False, first)
    if given is not None:
        lengths = [env.scope.axis(each) for each in names_in(given) if each in env.scope.axes]
        if given.op == "name" and lengths:
            return lengths[0]
        return scopes.Axis(value(given, env, ()), any(axis.sequence for axis in lengths))
    plain, shifted = [], []
    for part in parts:
        subscripted(part, name, env, plain, shifted)
    for axes in (plain, shifted):
        if axes:
            return next((axis for axis in axes if axis.sequence), axes[0])
    raise scopes.Unknown(f"the range of {name}")


def nodes(e):
    """A tree's nodes, from the top."""
    if isinstance(e, (list, tuple)):
        for part in e:
            yield from nodes(part)
    elif hasattr(e, "parts"):
        yield e
        yield from nodes(e.parts)


def names_in(e):
    return [node[0] for node in nodes(e) if node.op == "name"]


def subscripted(e, name, env, plain, shifted):
    for node in nodes(e):
        if node.op != "at":
            continue
        for k, subscript in enumerate(node[1]):
            names = names_in(subscript)
            if names.count(name) != 1 or not is_offset(subscript, name, env):
                continue
            try:
                (plain if subscript.op == "name" else shifted).append(axis_at(node[0], k, env))
            except scopes.Unknown:
                pass  # another use tells


def is_offset(e, name, env):
    """`name`, plus and minus what no index changes."""
    if e.op == "name":
        return e[0] == name
    if e.op != "binary" or e[0] not in "+-":
        return False
    fixed = lambda part: all(node.op in ("number", "name", "binary", "minus") for node in nodes(part)) and all(
        each not in env.ranges and env.number(each) is not None for each in names_in(part)
    )
    return (is_offset(e[1], name, env) and fixed(e[2])) or (e[0] == "+" and fixed(e[1]) and is_offset(e[2], name, env))


def axis_at(e, k, env):
    """The k-th axis of what is subscripted; of an equation's own indices also while its other axes are being found."""
    array = meant(e, env) if e.op in ("name", "member", "at") else None
    if isinstance(array, scopes.Pieces) or (isinstance(array, scopes.Equation) and k < len(array.indices)):
        return array.range(k)
    return (array.axes if array is not None else shape(e, env))[k]


def ranges_of(indices, parts, env):
    inner = Env(env.scope, env.view, env.index, env.ranges | {name: None for name, _ in indices})
    return [index_range(name, given, parts, inner) for name, given in indices]


# Shapes.


def shape_if_known(e, env, part=None):
    try:
        return shape(e, env, part)
    except scopes.Unknown:
        return None


def lifted(parts, env):
    """Axes of what is computed number by number: operands have them all or none."""
    known = [axes for axes in (shape_if_known(part, env) for part in parts) if axes is not None]
    if not known:
        raise scopes.Unknown("operands")
    return max(known, key=len)


def shape(e, env, part=None):
    """The axes of an expression. `part`: of which result of a call."""
    if e.op == "number":
        return []
    if e.op == "name":
        return [] if env.number(e[0]) is not None else meant(e, env).axes
    if e.op in ("minus", "not", "and", "or", "if"):
        return lifted(e.parts, env)
    if e.op == "binary":
        return lifted(e.parts[1:], env)
    if e.op == "compare":
        return lifted(e[1], env)
    if e.op == "dot":
        a, b = shape_if_known(e[0], env), shape_if_known(e[1], env)
        if a is None and b is None:
            raise scopes.Unknown("a product")
        return (a[:-1] if a else []) + (b[1:] if b else [])
    if e.op == "member":
        found = meant(e, env)
        return [] if isinstance(found, (int, float)) else found.axes
    if e.op == "at":
        array = meant(e[0], env) if e[0].op in ("name", "member", "at") else None
        return (array.axes if array is not None else shape(e[0], env))[len(e[1]) :]
    if e.op == "binder":
        word, indices, condition, body = e.parts
        if body is None:
            return []
        if word in ("softmax", "rank"):
            return shape(body, env)
        ranges = dict(zip([name for name, _ in indices], ranges_of(indices, [body, condition], env)))
        return shape(body, Env(env.scope, env.view, env.index, env.ranges | ranges))
    fn = called(e, env)
    if fn == "concat":
        parts = [shape(each, env) for _, each in e[1]]
        last = scopes.Axis(sum(axes[-1].size for axes in parts), any(axes[-1].sequence for axes in parts))
        return parts[0][:-1] + [last]
    if not isinstance(fn, tuple):
        return lifted([each for _, each in (e[1][:1] if fn == "clamp" else e[1])], env)
    lead, scope = call(e, fn, env, None)
    if not scope.results:
        raise scopes.Unknown("a call")
    return lead + shape(scope.results[part or 0], Env(scope, {}, {}, {}))


# Calls.


def called(e, env):
    """(fn, instance), or the name of what is built in."""
    found = meant(e[0], env) if e[0].op in ("name", "member", "at") else None
    return (found.fns[None], found) if isinstance(found, scopes.Instance) else found if found else e[0][0]


def call(e, fn, env, at):
    """The leading axes that a call is lifted over, and its scope at the leading part of `at` (None: any, for shapes)."""
    (_, params, body), instance = fn[0].parts, fn[1]
    indices = tuple((name, env.index[name]) for name in sorted(set(names_in(e))) if name in env.index)
    view = tuple(id(env.view[name]) for name in sorted(set(names_in(e))) if name in env.view)
    made = env.scope.calls.setdefault((e.id, indices, view), {})
    if "lead" in made and at is not None and at[: len(made["lead"])] in made:
        return made["lead"], made[at[: len(made["lead"])]]
    given, place = {}, 0
    for name, part in e[1]:
        given[name or params[place][0]] = part
        place += name is None
    shapes = {name: shape_if_known(part, env) for name, part in given.items()}
    axes_of = {name: kind[2] for name, kind, _ in params}
    lead = []
    for name, known in shapes.items():
        if known and len(known) - len(axes_of[name]) > len(lead):
            lead = known[: len(known) - len(axes_of[name])]
    at = (0,) * len(lead) if at is None else at[: len(lead)]
    if at in made:
        return lead, made[at]
    program = env.scope.program
    scope = scopes.Scope(program, instance, instance.home if instance else program.home_of(fn[0]))
    if None not in shapes.values():  # else it is made again when more is known
        made["lead"], made[at] = lead, scope
    # What is given says what the axes of types are; what is not given, and numbers for arrays, have the axes of types.
    of_type = []
    for name, kind, default in params:
        known, part = shapes.get(name), given.get(name)
        if kind[0] == "static":
            scope.statics[name] = value(part, env, ()) if part else scopes.constant(default, scope.size)
        elif known is None or len(known) < len(kind[2]):
            of_type.append((name, kind[2], part or default, env if part else Env(scope, {}, {}, {})))
        else:
            extra = len(known) - len(kind[2])
            scope.args[name] = scopes.Array(
                known[extra:], lambda k, part=part, lead=at if extra else (): value(part, env, lead + k)
            )
            for (length, _, _), axis in zip(kind[2], known[extra:]):
                if length.op == "name" and scope.size(length[0]) is None:
                    scope.axes[length[0]] = axis
    for name, axes, part, where in of_type:
        get = lambda k, part=part, where=where: value(part, where, k if shape(part, where) else ())
        scope.args[name] = scopes.Array([scope.axis_of(length) for length, _, _ in axes], get)
    scope.run(body)
    return lead, scope


# Values.


def operand(e, env, at):
    """One operand of what is computed number by number at `at`."""
    return value(e, env, at[len(at) - len(shape(e, env)) :] if at else ())


def is_weight(e, env):
    """Whether it has a softmax's value as a factor."""
    if e.op == "binary":
        return is_weight(e[1], env) or (e[0] == "*" and is_weight(e[2], env))
    if e.op == "at" and e[0].op == "name":
        array = meant(e[0], env)
        return isinstance(array, scopes.Equation) and is_weight(array.value, env)
    return e.op == "binder" and e[0] == "softmax"


def value(e, env, at, part=None):
    """The element of an expression at a tuple of places along its axes."""
    if e.op == "number":
        return e[0]
    if e.op == "name":
        number = env.number(e[0])
        return meant(e, env).get(at) if number is None else number
    if e.op == "minus":
        return -value(e[0], env, at)
    if e.op == "binary":
        left = operand(e[1], env, at)
        if e[0] == "*" and left == 0 and is_weight(e[1], env):
            return 0.0  # the softmax's condition does not hold: the other factor need not exist
        return binary(e[0], left, operand(e[2], env, at))
    if e.op == "not":
        return not value(e[0], env, at)
    if e.op in ("and", "or"):
        first = bool(operand(e[0], env, at))
        return bool(operand(e[1], env, at)) if first == (e.op == "and") else first
    if e.op == "compare":
        parts = [operand(part, env, at) for part in e[1]]
        return all(COMPARE[sign](a, b) for sign, a, b in zip(e[0], parts, parts[1:]))
    if e.op == "if":
        return operand(e[1] if operand(e[0], env, at) else e[2], env, at)
    if e.op == "dot":
        a, b = shape(e[0], env), shape(e[1], env)
        assert a[-1].size == b[0].size, f"sizes of {e}"
        rows = at[: len(a) - 1]
        return sum(value(e[0], env, rows + (k,)) * value(e[1], env, (k,) + at[len(rows) :]) for k in range(a[-1].size))
    if e.op == "member":
        found = meant(e, env)
        return found if isinstance(found, (int, float)) else found.get(at)
    if e.op == "at":
        return element(e, env, at)
    if e.op == "binder":
        return bound(e, env, at)
    fn = called(e, env)
    if isinstance(fn, tuple):
        lead, scope = call(e, fn, env, at)
        return value(scope.results[part or 0], Env(scope, {}, {}, {}), at[len(lead) :])
    args = [each for _, each in e[1]]
    if fn == "clamp":
        return min(max(value(args[0], env, at), 0), value(args[1], env, ()) - 1)
    if fn == "concat":
        last = at[-1]
        for each in args:
            size = shape(each, env)[-1].size
            if last < size:
                return value(each, env, at[:-1] + (last,))
            last -= size
    return (OF_ONE | OF_TWO)[fn](*[operand(each, env, at) for each in args])


def element(e, env, at):
    array = meant(e[0], env) if e[0].op in ("name", "member", "at") else None
    full = tuple(value(subscript, env, ()) for subscript in e[1]) + at
    axes = array.axes if array is not None else shape(e[0], env)
    assert len(full) == len(axes), f"{e} has {len(axes)} axes"
    if all(0 <= k < axis.size for k, axis in zip(full, axes)):
        return array.get(full) if array is not None else value(e[0], env, full)
    return env.scope.beyond(e[0][0], full, axes, env.view)


def where_true(e, env):
    """Places of a binder's indices at which its condition holds, and what is bound there."""
    _, indices, condition, body = e.parts
    names, ranges = [name for name, _ in indices], ranges_of(indices, [body, condition], env)
    for at in itertools.product(*[axis.places() for axis in ranges]):
        inner = env.bind(names, at, ranges)
        if condition is None or value(condition, inner, ()):
            yield at, inner


def among(e, env, at):
    """Of softmax and rank, whose indices are bound outside: the values at all places where the condition holds."""
    word, indices, condition, body = e.parts
    names = [name for name, _ in indices]
    others = tuple(sorted((name, k) for name, k in env.index.items() if name not in names))
    view = tuple(id(env.view[name]) for name in names_in(e) if name in env.view)
    key = e.id, others, at, view
    if key not in env.scope.sums:
        ranges = [env.ranges[name] for name in names]
        found = {}
        for place in itertools.product(*[axis.places() for axis in ranges]):
            inner = env.bind(names, place, ranges)
            if condition is None or value(condition, inner, ()):
                found[place] = value(body, inner, at)
        if word == "softmax":
            most = max(found.values(), default=0)
            found = {place: exp(x - most) if most != -INFINITY else 0.0 for place, x in found.items()}
            total = sum(found.values())
            found = {place: x / total if total else 0.0 for place, x in found.items()}
        env.scope.sums[key] = found
    return env.scope.sums[key], tuple(env.index[name] for name in names)


def bound(e, env, at):
    word, _, _, body = e.parts
    if word in ("softmax", "rank"):
        found, own = among(e, env, at)
        if word == "softmax":
            return found.get(own, 0.0)
        mine = found[own] if own in found else value(body, env, at)
        return sum(x < mine or (x == mine and place < own) for place, x in found.items())
    true = list(where_true(e, env))
    if word == "count":
        return len(true)
    if word == "any":
        return bool(true)
    if word == "all":
        return len(true) == math.prod(axis.size for axis in ranges_of(e[1], [e[2]], env))
    terms = [value(body, inner, at) for _, inner in true]
    if word == "sum":
        return sum(terms)
    if word == "prod":
        return math.prod(terms)
    if word == "mean":
        return sum(terms) / len(terms) if terms else 0.0
    if word == "min":
        return min(terms, default=INFINITY)
    most = max(terms, default=-INFINITY)
    if word == "logsumexp":
        return most if math.isinf(most) else most + math.log(sum(exp(x - most) for x in terms))
    return most if word == "max" else true[terms.index(most)][0][0]
