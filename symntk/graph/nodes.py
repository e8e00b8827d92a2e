"""Nodes of a computation graph: immutable values, equal when their content is equal."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.weights import Bias, Number, Parameter, Weight, number

Width: TypeAlias = int | str | tuple["Width", ...]
"""Length of a vector: a number, the common width ``"n"``, an input's ``"d:x"``, ``"any"`` for a
bias, which takes the width of what it is added to, ``"scalar"``; a tuple for a concatenation."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One vector of the network: an operation applied to earlier vectors.

    op: key of the operation in ``symntk.ops.OPS``.
    inputs: the vectors it takes.
    parameter: the weight or bias it uses, if any.
    settings: the operation's constants, by name, hashable.
    width: length of the vector, see `Width`.
    name: the name that the user gave, empty if none.

    Equality and hash are those of the content: the digest covers everything but ``name``.
    """

    op: str
    inputs: tuple[Node, ...] = ()
    parameter: Parameter | None = None
    settings: tuple[tuple[str, Hashable], ...] = ()
    width: Width = "n"
    name: str = ""
    digest: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = [self.op, *(node.digest for node in self.inputs), repr(self.parameter)]
        parts += [f"{key}={_content(value)}" for key, value in self.settings]
        text = "\n".join(parts)
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __getitem__(self, key: str) -> Any:
        """The setting ``key``, of the type that the operation gives it."""
        return dict(self.settings)[key]

    def named(self, name: str) -> Node:
        """The same node under a name of the user's, used in print and in errors."""
        return Node(self.op, self.inputs, self.parameter, self.settings, self.width, name)

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
