"""Nodes of a computation graph: immutable values, equal when their content is equal."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.naming import require_name
from symntk.graph.positions import Positions
from symntk.graph.weights import Bias, Number, Parameter, Weight, number

Width: TypeAlias = int | str | tuple["Width", ...]
"""Length of a vector: a number, the common width ``"n"``, an input's ``"d:x"``, ``"any"`` for a
bias, which takes the width of what it is added to, ``"scalar"``; a tuple for a concatenation."""


COSMETIC = frozenset({"label", "definition", "view"})
"""Settings that only say how a node is printed."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One vector of the network: an operation applied to earlier vectors.

    op: key of the operation in ``symntk.ops.OPS``.
    inputs: the vectors it takes.
    parameter: the weight or bias it uses, if any.
    settings: the operation's constants, by name, hashable.
    width: length of the vector, see `Width`.
    positions: the lengths of the axes of a sequence or a grid of vectors; empty for one vector.
    name: the name that the user gave, empty if none.

    Equality and hash are those of the content: the digest covers everything but the name, and
    what an activation is called (`COSMETIC`).
    """

    op: str
    inputs: tuple[Node, ...] = ()
    parameter: Parameter | None = None
    settings: tuple[tuple[str, Hashable], ...] = ()
    width: Width = "n"
    name: str = ""
    positions: Positions = ()
    digest: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = [self.op, repr(self.width), repr(self.parameter)]
        parts += [node.digest for node in self.inputs]
        parts += [sp.srepr(length) for length in self.positions]
        parts += [f"{k}={_content(value)}" for k, value in self.settings if k not in COSMETIC]
        text = "\n".join(parts)
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __getitem__(self, key: str) -> Any:
        """The setting ``key``, of the type that the operation gives it."""
        if not isinstance(key, str):
            raise GraphError(
                "a vector has no index: a sequence has .first(), .last() and .shift(k), and .sum() "
                "is the sum over its positions"
            )
        return dict(self.settings)[key]

    def named(self, name: str) -> Node:
        """The same node under a name of the user's, used in print and in errors."""
        require_name(name, "a vector")
        return replace(self, name=name)

    @property
    def is_one_hot(self) -> bool:
        """Whether the vectors are one-hot: tokens, or positions themselves."""
        return isinstance(self.width, str) and self.width.startswith("one-hot:")

    def shift(self, by: int, edge: str = "zero") -> Node:
        """The sequence of h_(t + by); see `symntk.graph.sequences.shift`."""
        from symntk.graph.sequences import shift

        return shift(self, by, edge)

    def taps(
        self, size: int | tuple[int, ...], edge: str = "same", stride: int | tuple[int, ...] = 1
    ) -> tuple[Node, ...]:
        """The views of a sliding window, one for each offset; see `symntk.graph.sequences.taps`."""
        from symntk.graph.sequences import taps

        return taps(self, size, edge, stride)

    def sum(self) -> Node:
        """The sum over all positions."""
        from symntk.graph.sequences import pool

        return pool(self, "sum")

    def mean(self) -> Node:
        """The mean over all positions."""
        from symntk.graph.sequences import pool

        return pool(self, "mean")

    def first(self) -> Node:
        """The vector at the first position."""
        from symntk.graph.sequences import pool

        return pool(self, "first")

    def last(self) -> Node:
        """The vector at the last position."""
        from symntk.graph.sequences import pool

        return pool(self, "last")

    def max(self) -> Node:
        """Refused, with the reason."""
        from symntk.graph.outside import max_pool

        return max_pool(self)

    def __add__(self, other: Node | Bias | int) -> Node:
        from symntk.graph.language import add

        if isinstance(other, int) and other == 0:  # the start of Python's sum()
            return self
        return add((self, 1), (_vector(other, "+"), 1))

    __radd__ = __add__

    def __sub__(self, other: Node | Bias) -> Node:
        from symntk.graph.language import add

        return add((self, 1), (_vector(other, "-"), -1))

    def __neg__(self) -> Node:
        return self * -1

    def __mul__(self, other: Node | Number) -> Node:
        from symntk.graph.language import add, product

        if isinstance(other, Node):
            return product(self, other)
        return add((self, other))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Number) -> Node:
        from symntk.graph.language import add

        exact = number(divisor, "a divisor")
        if exact == 0:
            raise GraphError("a vector is divided by zero")
        return add((self, 1 / exact))

    def __str__(self) -> str:
        from symntk.graph.formula import formula

        return formula(self)

    def __repr__(self) -> str:
        return f"<{self.op} {self.name or self.digest[:8]}: {self}>"


def _vector(other: object, operator: str) -> Node | Bias:
    if not isinstance(other, Node | Bias):
        raise GraphError(
            f"... {operator} {other!r}: only vectors and biases can be added to a vector"
        )
    return other


def _content(value: object) -> str:
    if isinstance(value, Node):
        return value.digest
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_content, value)) + ")"
    return sp.srepr(value) if isinstance(value, sp.Basic) else repr(value)


def describe_width(width: Width) -> str:
    """A width as an error tells it."""
    match width:
        case int():
            return f"width {width}"
        case tuple():
            return f"parts of {' and '.join(map(describe_width, width))}"
        case "n":
            return "the common width n"
        case "scalar":
            return "width 1 (a scalar)"
        case "any":
            return "no width of its own (a bias)"
        case "one-hot:positions":
            return "one-hot positions"
        case str() if width.startswith("one-hot:"):
            return f"the one-hot tokens of {width.removeprefix('one-hot:')}"
        case _:
            return f"the dimension of the input {width.removeprefix('d:')}"


def ancestors(*outputs: Node) -> Iterator[Node]:
    """Every node that ``outputs`` depend on and they themselves, each once, inputs first."""
    seen: set[Node] = set()
    stack = [(node, False) for node in reversed(outputs)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.inputs))


def block_of(node: Node) -> tuple[Node, Node]:
    """What a repeated block or a loop over time returns, and its argument."""
    if node.op == "scan":
        return node.inputs[0], node["state"]
    return node["body"], node["placeholder"]


def open_states(*outputs: Node) -> dict[Node, frozenset[Node]]:
    """For every node that ``outputs`` depend on, the states of loops that it depends on.

    A loop closes its own state; what depends on a state has a meaning inside its loop alone.
    """
    found: dict[Node, frozenset[Node]] = {}
    for node in ancestors(*outputs):
        states: frozenset[Node] = frozenset().union(*(found[child] for child in node.inputs))
        if node.op == "state":
            states |= {node}
        elif node.op == "scan":
            states -= {node["state"]}
        elif node.op == "repeat":
            states |= open_states(node["body"])[node["body"]]
        found[node] = states
    return found


def occurrences(output: Node) -> Iterator[Node]:
    """Every node object below ``output``: equal ones each, for they may differ in name."""
    seen: set[int] = set()
    stack = [output]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            stack.extend(reversed(node.inputs))


def parameters(*outputs: Node) -> dict[str, Weight | Bias]:
    """The weights and biases that ``outputs`` use, bodies of repeated blocks included, by name."""
    found: dict[str, Weight | Bias] = {}
    for node in ancestors(*outputs):
        if node.parameter is not None:
            found[node.parameter.name] = node.parameter
        if node.op == "repeat":
            body = node["body"]
            found |= parameters(body)
    return found
