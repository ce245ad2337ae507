"""Reads sources by the grammar of docs/language.md, and by nothing else: text to trees. What is refused there is not refused here."""

import re

BINDERS = {"sum", "prod", "mean", "max", "min", "logsumexp", "argmax", "softmax", "rank"}
CONDITIONS = {"count", "any", "all"}  # binders without an operand
WORDS = {"for", "in", "if", "then", "else", "and", "or", "not", "div", "mod", "where"}
LEXEME = re.compile(
    r"(?P<blank>[ \t\r]+|\#[^\n]*)|(?P<line>\n)|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\.\.|->|<=|>=|==|!=|[-+*/@^=<>()\[\]{},:.|~])"
)
OPEN_ENDS = WORDS | set("= ~ , : -> . | + - * / @ ^ < <= > >= == != ..".split())
OPEN_STARTS = OPEN_ENDS - {"not", "if", "for", "in"}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class Node:
    """`op` and its parts: nodes, names, numbers, lists of them."""

    made = 0

    def __init__(self, op, *parts):
        self.op, self.parts = op, parts
        Node.made += 1
        self.id = Node.made

    def __getitem__(self, k):
        return self.parts[k]

    def __repr__(self):
        return f"{self.op}{self.parts}"


def tokens(text):
    """Pairs of kind and text. New lines stay where they end statements."""
    found, at = [], 0
    while at < len(text):
        match = LEXEME.match(text, at)
        assert match, f"no word of the language: {text[at:at + 20]!r}"
        at = match.end()
        if match.lastgroup != "blank":
            found.append((match.lastgroup, match.group()))
    out, depth = [], 0
    for k, (kind, word) in enumerate(found):
        if kind == "line":
            rest = next((other for other in found[k:] if other[0] != "line"), ("end", ""))
            if depth or not out or out[-1][0] == "line" or out[-1][1] in OPEN_ENDS or rest[1] in OPEN_STARTS:
                continue
        depth += kind == "sign" and (word in "([") - (word in ")]")
        out.append((kind, word))
    return out + [("end", "")]


class Parser:
    """One method for each rule of the grammar, named like it."""

    def __init__(self, text):
        self.tokens, self.at = tokens(text), 0

    def word(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)][1]

    def kind(self):
        return self.tokens[self.at][0]

    def next(self):
        self.at += 1
        return self.tokens[self.at - 1][1]

    def take(self, *words):
        return self.next() if self.kind() in ("sign", "name") and self.word() in words else None

    def need(self, word):
        assert self.take(word), f"expected {word}, found {self.tokens[self.at:self.at + 6]}"

    def lines(self):
        while self.kind() == "line":
            self.at += 1

    def listed(self, close, item):
        out = []
        while not self.take(close):
            out.append(item())
            if self.word() != close:
                self.need(",")
        return out

    def several(self, item):
        out = [item()]
        while self.take(","):
            out.append(item())
        return out

    def file(self):
        out = []
        self.lines()
        while self.kind() != "end":
            out.append(self.fn() if self.take("fn") else self.layer())
            self.lines()
        return out

    def layer(self):
        """layer or model: name, sizes with their defaults, members"""
        op, name = self.next(), self.next()
        self.need("(")
        sizes = self.listed(")", lambda: (self.next(), self.expr() if self.take("=") else None))
        self.need("{")
        self.lines()
        members = []
        while not self.take("}"):
            members.append(self.member())
            self.lines()
        return Node(op, name, sizes, members)

    def member(self):
        if self.take("fn"):
            return self.fn()
        if self.take("require"):
            return Node("require", self.expr())
        if self.take("export"):
            name = self.next()
            if not self.take("="):
                return Node("export", name)
            while self.kind() not in ("line", "end"):
                self.next()
            return Node("derived", name)
        if self.word() in ("param", "const") and self.tokens[self.at + 1][0] == "name":
            op, names = self.next(), self.several(self.next)
            self.need(":")
            return Node(op, names, self.type(), self.expr() if self.take("=") else None)
        names = self.several(self.next)
        self.need("=")
        return Node("bind", names, self.several(self.expr))

    def fn(self):
        """fn: name or None, arguments as (name, type, default), statements"""
        name = None if self.word() == "(" else self.next()
        self.need("(")
        args = self.listed(")", self.arg)
        if self.take("->"):
            self.listed(")", self.type) if self.take("(") else self.type()
        if self.take("="):
            return Node("fn", name, args, [Node("return", [(None, None, self.expr())], [])])
        self.lines()
        return Node("fn", name, args, self.block())

    def arg(self):
        name = self.next()
        self.need(":")
        return name, self.type(), self.expr() if self.take("=") else None

    def type(self):
        """Kind of element, what bounds a token, axes as (length, least, most)."""
        kind, bound = self.take("token", "int", "bool", "static") or "real", None
        if kind == "token":
            self.need("(")
            bound = self.sum()
            self.need(")")
        return kind, bound, self.listed("]", self.axis) if self.take("[") else []

    def axis(self):
        parts = [self.sum()]
        while self.take("<", "<="):
            parts.append(self.sum())
        least = parts.pop(0) if len(parts) > 1 and parts[0].op == "number" else None
        return parts[0], least, parts[1] if len(parts) > 1 else None

    def block(self):
        self.need("{")
        self.lines()
        out = []
        while not self.take("}"):
            out.append(self.stmt())
            self.lines()
        return out

    def stmt(self):
        declares = self.tokens[self.at + 1][0] == "name"
        if self.word() == "axis" and declares:
            self.next()
            name = self.next()
            self.need("=")
            return Node("axis", name, self.expr())
        if self.take("for"):
            name = self.next()
            self.need("in")
            over = self.range()
            self.lines()
            return Node("for", name, over, self.block())
        if self.word() == "where":
            return Node("where", self.bounds())
        if self.word() == "return" and self.take("return"):
            return Node("return", self.several(self.result), self.bounds())
        targets = self.several(self.target)
        self.need("=")
        return Node("equation", targets, self.several(self.expr), self.bounds())

    def result(self):
        """name or None, indices, value"""
        before = self.at
        if self.kind() == "name" and self.word() not in BINDERS | CONDITIONS | {"if", "not"}:
            name = self.next()
            indices = []
            try:
                if self.take("["):
                    indices = self.listed("]", self.index)
                if self.take("="):
                    return name, indices, self.expr()
            except AssertionError:
                pass  # subscripts that are no indices: an expression
            self.at = before
        return None, None, self.expr()

    def target(self):
        return self.next(), self.listed("]", self.index) if self.take("[") else []

    def index(self):
        return self.next(), self.range() if self.take("in") else None

    def range(self):
        """a length, or both ends"""
        first = self.expr() if self.word() == "[" else self.sum()
        return (first, self.sum()) if self.take("..") else first

    def bounds(self):
        return self.several(self.bound) if self.take("where") else []

    def bound(self):
        """array, places (None: anywhere outside), value"""
        name = self.next()
        self.need("[")
        places = self.listed("]", lambda: None if self.take("_") else self.sum())
        self.need("=")
        return name, places, self.expr()

    def expr(self):
        if self.take("if"):
            condition = self.expr()
            self.need("then")
            then = self.expr()
            self.need("else")
            return Node("if", condition, then, self.expr())
        out = self.conjunction()
        while self.take("or"):
            out = Node("or", out, self.conjunction())
        return out

    def conjunction(self):
        out = self.negation()
        while self.take("and"):
            out = Node("and", out, self.negation())
        return out

    def negation(self):
        return Node("not", self.comparison()) if self.take("not") else self.comparison()

    def comparison(self):
        parts, signs = [self.sum()], []
        while sign := self.take(*COMPARISONS):
            signs.append(sign)
            parts.append(self.sum())
        return Node("compare", signs, parts) if signs else parts[0]

    def sum(self):
        out = self.term()
        while sign := self.take("+", "-"):
            out = Node("binary", sign, out, self.term())
        return out

    def term(self):
        out = self.unary()
        while sign := self.take("*", "/", "div", "mod"):
            out = Node("binary", sign, out, self.unary())
        return out

    def unary(self):
        if self.take("-"):
            return Node("minus", self.unary())
        if self.kind() == "name" and self.word() in BINDERS and self.word(1) == "(":
            word = self.next()
            indices, condition = self.over()
            self.lines()
            return Node("binder", word, indices, condition, self.term())
        out = self.power()
        while self.take("@"):
            out = Node("dot", out, self.power())
        return out

    def over(self):
        self.need("(")
        indices = self.several(self.index)
        condition = self.expr() if self.take("|") else None
        self.need(")")
        return indices, condition

    def power(self):
        out = self.post()
        return Node("binary", "^", out, self.unary()) if self.take("^") else out

    def post(self):
        out = self.atom()
        while sign := self.take("(", "[", "."):
            if sign == "(":
                out = Node("call", out, self.listed(")", self.passed))
            elif sign == "[":
                out = Node("at", out, self.listed("]", self.expr))
            else:
                out = Node("member", out, self.next())
        return out

    def passed(self):
        name = self.next() if self.kind() == "name" and self.word(1) == "=" else None
        if name:
            self.need("=")
        return name, self.expr()

    def atom(self):
        if self.kind() == "number":
            word = self.next()
            return Node("number", float(word) if set(word) & set(".eE") else int(word))
        if self.take("("):
            out = self.expr()
            self.need(")")
            return out
        if self.take("["):
            first = self.expr()
            if self.take("for"):
                name = self.next()
                self.need("in")
                out = Node("listed", first, name, self.range())
            else:
                out = Node("list", [first] + [self.expr() for _ in iter(lambda: self.take(","), None)])
            self.need("]")
            return out
        assert self.kind() == "name", f"expected a value, found {self.tokens[self.at:self.at + 6]}"
        word = self.next()
        if word in CONDITIONS and self.word() == "(":
            return Node("binder", word, *self.over(), None)
        return Node("name", word)


def parse(text):
    return Parser(text).file()
