r"""A vector printed as the formula that it means, in the language it was written in.

    W @ x + b                           matrix products, sums, biases
    h * relu(z), 2 * z, z / 3, -z       elementwise products and multiples by numbers
    leaky_relu(slope=1/5)(z)            an activation with parameters
    layer_norm(h, eps=1e-6), rms(h), concat(h, z)
    repeat(lambda h: h + A @ relu(B @ h), z, times=L)
    x.shift(-1), h.taps(3, "valid")[0], h.sum(), W @ flatten(h), M[x] @ h
    conv(W, h, 3, "circular"), average_pool(h, 2), attention(q, k, v, "1/d", heads="many")
    scan(lambda h: tanh(W @ h + U @ x), start=b)

The formula is the language's own: what it prints, `symntk.importers` reads back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from symntk.graph.nodes import Node, ancestors, block_of
from symntk.graph.numerals import decimal
from symntk.graph.windows import (
    Window,
    flattened_product,
    single_window,
    terms,
    written_lengths,
    written_view,
)

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
    block: how it writes the block of a repetition or a loop, from the node and the writer.
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
        """The block of a repetition or of a loop over time as a function without a name."""
        body, placeholder = block_of(node)
        argument = fresh_argument(set(self.names.values()) | _names_in(body))
        return f"lambda {argument}: {self.within({placeholder: argument}).whole(body)}"

    def within(self, names: Mapping[Node, str]) -> Writer:
        """A writer that knows further names."""
        return Writer({**self.names, **names}, self.head, self.numeral, self.block)

    def _part(self, part: Node | Window) -> tuple[str, int]:
        if isinstance(part, Window):
            return part.written(self.whole(part.node)), _ATOM
        return (self.names[part], _ATOM) if part in self.names else self._write(part)

    def _inside(self, part: Node | Window, binding: int) -> str:
        text, strength = self._part(part)
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
                window = single_window(node, self.names)
                if window is not None:
                    return self._part(window)
                return f"{self._matrix(node)} @ {self._inside(node.inputs[0], _ATOM)}", _PRODUCT
            case "shift" | "pool" | "attention" | "scan" | "state" | "positions" | "sinusoid":
                return self._along_positions(node)
            case "sum":
                return self._sum(node)
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

    def _along_positions(self, node: Node) -> tuple[str, int]:
        """Operations on sequences and grids."""
        match node.op:
            case "shift":
                return written_view(node, self._inside(node.inputs[0], _ATOM)), _ATOM
            case "pool":
                product = flattened_product(node)
                if product is not None:
                    return (
                        f"{product.parameter} @ flatten({self.whole(product.inputs[0])})",
                        _PRODUCT,
                    )
                return f"{self._inside(node.inputs[0], _ATOM)}.{node['kind']}()", _ATOM
            case "attention":
                settings = f', "{node["scaling"]}"'
                for name, usual in (("heads", "one"), ("mechanism", "softmax")):
                    if node[name] != usual:
                        settings += f', {name}="{node[name]}"'
                return f"attention({self._arguments(node)}{settings})", _ATOM
            case "scan":
                start = "".join(f", start={self.whole(part)}" for part in node.inputs[1:])
                return f"scan({self.block(node, self)}{start})", _ATOM
            case "state":
                return "h", _ATOM
            case _:
                return f"{node.op}({written_lengths(node.positions)})", _ATOM

    def _arguments(self, node: Node) -> str:
        arguments = [self.whole(part) for part in node.inputs]
        if node.op == "layer_norm" and node["eps"] != 0:
            arguments.append(f"eps={self.numeral(node['eps'])}")
        return ", ".join(arguments)

    def _sum(self, node: Node) -> tuple[str, int]:
        text = ""
        window = single_window(node, self.names)
        if window is not None:
            return self._part(window)
        for coefficient, term in terms(node, self.names):
            sign = "-" if coefficient.is_negative else "+"
            # a sign in front binds more tightly than a product: -u * v is (-u) * v
            binding = _PRODUCT if text or sign == "+" else _ATOM
            text += f" {sign} {self._multiple(abs(coefficient), term, binding)}"
        return (text[3:] if text.startswith(" + ") else "-" + text[3:]), _SUM

    def _multiple(self, size: sp.Expr, term: Node | Window, binding: int) -> str:
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


def fresh(name: str, taken: set[str]) -> str:
    """``name``, with a number behind it where it is taken."""
    number, found = 0, name
    while found in taken:
        number += 1
        found = f"{name}{number}"
    return found


def fresh_argument(taken: set[str]) -> str:
    """A letter for the vector that a block takes: h, then g and u."""
    return next((letter for letter in "hgu" if letter not in taken), None) or fresh("h", taken)


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
