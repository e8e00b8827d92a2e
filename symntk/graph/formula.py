r"""A vector printed as the formula that it means, in the language it was written in.

    W @ x + b                           matrix products, sums, biases
    h * relu(z), 2 * z, z / 3, -z       elementwise products and multiples by numbers
    leaky_relu(slope=1/5)(z)            an activation with parameters
    layer_norm(h, eps=1e-6), rms(h), concat(h, z)
    repeat(lambda h: h + A @ relu(B @ h), z, times=L)

The formula is the language's own: what it prints, `symntk.importers` reads back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from symntk.graph.nodes import Node, ancestors
from symntk.graph.numerals import decimal

_SUM, _PRODUCT, _ATOM = 1, 2, 3
"""How tightly a formula binds.  A matrix product stands in brackets among factors."""

_NAME, _VARIABLE, _EULER = re.compile(r"\w+"), re.compile(r"\bx\b"), re.compile(r"\bE\b")


def formula(node: Node, names: Mapping[Node, str] | None = None) -> str:
    """``node`` as one expression; a node in ``names``, below the top, is written by its name."""
    return Writer(names or {}).below(node)


def describe(node: Node) -> str:
    """How an error speaks of a node: by the name the user gave it, else by its formula.

    What lies deeper than a line can hold is left out, since a vector that is used many times
    would be written out as many times.
    """
    return node.name or formula(node, dict.fromkeys(_at_distance(node, 6), "..."))


def _at_distance(node: Node, steps: int) -> set[Node]:
    """The vectors that ``node`` depends on through a chain of ``steps`` operations."""
    reached = {node}
    for _ in range(steps):
        reached = {child for vector in reached for child in vector.inputs}
    return reached


def is_call(label: str) -> bool:
    """Whether ``label`` can stand before a bracket: ``relu``, ``leaky_relu(slope=1/5)``."""
    name = _NAME.match(label)
    if name is None or not name.group().isidentifier():
        return False
    rest = label[name.end() :]
    if not rest:
        return True
    depth = 0
    for position, character in enumerate(rest):
        depth += (character == "(") - (character == ")")
        if depth == 0 and position < len(rest) - 1:
            return False
    return rest[0] == "(" and depth == 0 and not _VARIABLE.search(rest)


def head(node: Node) -> str:
    """What stands before the arguments of an activation: its label, or the function itself."""
    if is_call(node["label"]):
        return str(node["label"])
    variables = ", ".join(map(str, node["variables"]))
    return f"(lambda {variables}: {node['definition'] or node['label']})"


def numeral(value: sp.Expr) -> str:
    """A number as SymPy writes it, fractions as decimals where these are short."""
    return decimal(value) or _EULER.sub("exp(1)", str(value))


@dataclass(frozen=True)
class Writer:
    """Writes vectors as formulas.

    names: vectors that are written by a name.
    head: what the formula calls the function of an elementwise node.
    numeral: how it writes a number.
    block: how it writes a repeated block, from the node and the writer.
    """

    names: Mapping[Node, str]
    head: Callable[[Node], str] = head
    numeral: Callable[[sp.Expr], str] = numeral
    block: Callable[[Node, Writer], str] = field(default=lambda node, writer: writer.inline(node))

    def below(self, node: Node) -> str:
        """The formula of ``node`` itself, in terms of what has a name."""
        return self._write(node)[0]

    def whole(self, node: Node) -> str:
        """The name of ``node``, or else its formula."""
        return self._part(node)[0]

    def inline(self, node: Node) -> str:
        """A repeated block as a function without a name."""
        argument = fresh("h", set(self.names.values()) | _names_in(node["body"]))
        writer = self.within({node["placeholder"]: argument})
        return f"lambda {argument}: {writer.whole(node['body'])}"

    def within(self, names: Mapping[Node, str]) -> Writer:
        """A writer that knows further names."""
        return Writer({**self.names, **names}, self.head, self.numeral, self.block)

    def _part(self, node: Node) -> tuple[str, int]:
        return (self.names[node], _ATOM) if node in self.names else self._write(node)

    def _inside(self, node: Node, binding: int) -> str:
        text, strength = self._part(node)
        return text if strength >= binding else f"({text})"

    def _write(self, node: Node) -> tuple[str, int]:
        """The text of ``node`` and how tightly it binds."""
        match node.op:
            case "input":
                return str(node["name"]), _ATOM
            case "bias":
                return str(node.parameter), _ATOM
            case "block_input":
                return "h", _ATOM
            case "matmul":
                return f"{self._matrix(node)} @ {self._inside(node.inputs[0], _ATOM)}", _PRODUCT
            case "shift" | "pool" | "attention" | "scan" | "state" | "positions" | "sinusoid":
                return self._along_positions(node), _ATOM
            case "sum":
                return self._sum(node), _SUM
            case "product":
                return " * ".join(self._inside(part, _ATOM) for part in node.inputs), _PRODUCT
            case "elementwise":
                return f"{self.head(node)}({self._arguments(node)})", _ATOM
            case "repeat":
                block, start = self.block(node, self), self.whole(node.inputs[0])
                return f"repeat({block}, {start}, times={node['times']})", _ATOM
            case _:
                return f"{node.op}({self._arguments(node)})", _ATOM

    def _matrix(self, node: Node) -> str:
        """W, W[1] of a family, or M[x] chosen by a token."""
        if len(node.inputs) > 1:
            return f"{node.parameter}[{self.whole(node.inputs[1])}]"
        tap = dict(node.settings).get("tap")
        return str(node.parameter) if tap is None else f"{node.parameter}[{tap}]"

    def _along_positions(self, node: Node) -> str:
        """Operations on sequences and grids."""
        match node.op:
            case "shift":
                moves = ", ".join(f"{name}={_short(node[name])}" for name in ("offset", "stride"))
                return f"shift({self.whole(node.inputs[0])}, {moves}, edge={node['edge']})"
            case "pool":
                return f"{self._inside(node.inputs[0], _ATOM)}.{node['kind']}()"
            case "attention":
                kinds = ", ".join(node[name] for name in ("scaling", "heads", "mechanism"))
                return f"attention({self._arguments(node)}, {kinds})"
            case "scan":
                argument = fresh("h", set(self.names.values()) | _names_in(node.inputs[0]))
                body = self.within({node["state"]: argument}).whole(node.inputs[0])
                start = "".join(f", start={self.whole(part)}" for part in node.inputs[1:])
                return f"scan(lambda {argument}: {body}{start})"
            case "state":
                return "h"
            case _:
                return f"{node.op}()"

    def _arguments(self, node: Node) -> str:
        arguments = [self.whole(part) for part in node.inputs]
        if node.op == "layer_norm" and node["eps"] != 0:
            arguments.append(f"eps={self.numeral(node['eps'])}")
        return ", ".join(arguments)

    def _sum(self, node: Node) -> str:
        text = ""
        for term, coefficient in zip(node.inputs, node["coefficients"], strict=True):
            sign = "-" if coefficient.is_negative else "+"
            # a sign in front binds more tightly than a product: -u * v is (-u) * v
            binding = _PRODUCT if text or sign == "+" else _ATOM
            text += f" {sign} {self._multiple(abs(coefficient), term, binding)}"
        return text[3:] if text.startswith(" + ") else "-" + text[3:]

    def _multiple(self, size: sp.Expr, term: Node, binding: int) -> str:
        """``size`` times a vector; a fraction without a short decimal as a quotient."""
        if size == 1:
            return self._inside(term, binding)
        if size.is_Rational and not decimal(size):
            above = "" if size.p == 1 else f"{size.p} * "
            return f"{above}{self._inside(term, _ATOM)} / {size.q}"
        number = self.numeral(size)
        if isinstance(size, sp.Add):
            number = f"({number})"
        return f"{number} * {self._inside(term, _ATOM)}"


def _short(values: tuple[int, ...]) -> str:
    return str(values[0] if len(values) == 1 else values)


def fresh(name: str, taken: set[str]) -> str:
    """``name``, with a number behind it where it is taken."""
    number, found = 0, name
    while found in taken:
        number += 1
        found = f"{name}{number}"
    return found


def _names_in(node: Node) -> set[str]:
    """Names that the formula of ``node`` may contain."""
    found: set[str] = set()
    for part in ancestors(node):
        found |= {part.name, str(part.parameter or "")}
        if part.op == "input":
            found.add(part["name"])
        if part.op == "repeat":
            found |= _names_in(part["body"])
    return found
