"""Random well-formed graphs of every operation and setting of the language, for hypothesis."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from hypothesis import strategies as st

from symntk.activations import activation
from symntk.errors import GraphError
from symntk.graph import (
    Bias,
    Graph,
    Node,
    Scale,
    Weight,
    add,
    concat,
    elementwise,
    layer_norm,
    matmul,
    product,
    repeat,
    rms,
    vector,
)

a, b, c, k, t = sp.symbols("a b c k t", real=True)
s = sp.Symbol("s", positive=True)
x = sp.Symbol("x", real=True)

NUMBERS = (
    2, 0.1, 1.4, 1e-6, Fraction(2, 3), Fraction(1, 7), sp.sqrt(2), sp.pi / 3, 1 + sp.sqrt(3),
    sp.exp(1), sp.Rational(1, 3) ** sp.Rational(1, 3), sp.Float("0.3", 30), 12345678.5,
)  # fmt: skip
"""Positive numbers that the language takes, each exact in a way of its own."""

ONE_ARGUMENT = (
    "relu", "tanh", "erf", "leaky_relu", "leaky_relu(slope=1/5)", "elu(alpha=sqrt(2))",
    "hermite(3)", "polynomial(1/2, -1, 1/4)", "x*tanh(x)", "max(0, x)**2", "tanh(2*x)",
    "log(1 + x**2)", "where(x > 1, x, sin(x))",
)  # fmt: skip


def _own(node: Node) -> Node:
    """A function with constants that stay symbols, one of them positive."""
    return elementwise(t + c * sp.sin(s * t), (t,), (node,), "bent", ((c, 0.3), (s, sp.sqrt(2))))


def _gate(first: Node, second: Node) -> Node:
    return elementwise(a * sp.tanh(b) + k * b, (a, b), (first, second), "gate", ((k, 2),))


class Builder:
    """Draws operations; names of parameters are never used twice by accident."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.count = 0

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def scale(self, name: str) -> Scale:
        symbol = self.draw(st.sampled_from([f"sigma_{name}", "tau"]))
        value = sp.S(3) if symbol == "tau" else self.draw(st.sampled_from(NUMBERS))
        return Scale.of(symbol, value)

    def weight(self, width: int | None) -> Weight:
        name = self.fresh("W")
        return Weight(
            name,
            self.scale(name),
            width,
            self.draw(st.booleans()),
            self.draw(st.sampled_from(["ntk", "standard"])),
        )

    def bias(self) -> Bias:
        name = self.fresh("b")
        parametrization = self.draw(st.sampled_from(["ntk", "standard"]))
        return Bias(name, self.scale(name), self.draw(st.booleans()), parametrization)

    def number(self) -> Any:
        sign = self.draw(st.sampled_from([1, -1]))
        return sign * sp.S(self.draw(st.sampled_from(NUMBERS)))

    def step(self, vectors: list[Node], depth: int) -> Node:
        """One more vector, made of the earlier ones."""
        u = self.draw(st.sampled_from(vectors[-3:]))
        alike = [w for w in vectors if w.width == u.width]
        w = self.draw(st.sampled_from(alike))
        kinds = ["activation", "sum", "product", "matmul", "bias", "own", "gate", "norm", "rms",
                 "concat", "multiple", "shared", "scaled bias"]  # fmt: skip
        if depth < 2:
            kinds.append("repeat")
        match self.draw(st.sampled_from(kinds)):
            case "activation":
                return activation(self.draw(st.sampled_from(ONE_ARGUMENT)))(u)
            case "own":
                return _own(u)
            case "gate":
                return _gate(u, w)
            case "sum":
                return add((u, self.number()), (w, self.number()))
            case "multiple":
                return u * self.number()
            case "product":
                return product(u, w, self.draw(st.sampled_from(alike)))
            case "bias":
                return u - self.bias() if self.draw(st.booleans()) else self.bias() + u
            case "scaled bias":
                return add((u, 1), (self.bias(), self.number()))
            case "norm":
                return layer_norm(u, self.draw(st.sampled_from([0, *NUMBERS])))
            case "rms":
                return rms(u) * w
            case "concat":
                sized = [z for z in vectors if isinstance(z.width, int) == isinstance(u.width, int)]
                joined = concat(u, self.draw(st.sampled_from(sized)))
                return matmul(self.weight(self.width()), joined)
            case "shared":
                square = Weight("S", Scale.of("sigma_S"), None)
                fit = [z for z in vectors if z.width == "n"] if depth == 0 else []
                return square @ self.draw(st.sampled_from(fit)) if fit else -u
            case "repeat":
                times = self.draw(st.sampled_from([1, 3, "L", "M"]))
                if self.draw(st.booleans()) and isinstance(times, str):
                    times = sp.Symbol(times, integer=True, positive=True) - 1
                return repeat(lambda h: self.block(h, depth + 1), u, times)
        return matmul(self.weight(self.width()), u)

    def width(self) -> int | None:
        return self.draw(st.sampled_from([None, None, 8, 24]))

    def block(self, h: Node, depth: int) -> Node:
        vectors = self.steps([h], self.draw(st.integers(1, 4)), depth)
        last = vectors[-1]
        if last.width != h.width:
            width = h.width if isinstance(h.width, int) else None
            last = self.weight(width) @ last
        return last + h if last.width == h.width else h

    def steps(self, vectors: list[Node], number: int, depth: int) -> list[Node]:
        for _ in range(number):
            try:
                node = self.step(vectors, depth)
            except GraphError:  # such as a sum that cancels: draw another one
                continue
            if self.draw(st.integers(0, 3)) == 0:
                node = node.named(self.fresh("u"))
            vectors = [*vectors, node]
        return vectors


@st.composite
def graphs(draw: Any) -> Graph:
    """Graphs with two to ten operations between one or two inputs and the readout."""
    builder = Builder(draw)
    inputs = [vector("x", draw(st.sampled_from([None, 3])))]
    if draw(st.booleans()):
        inputs.append(vector("y", draw(st.sampled_from([None, 5]))))
    start = [builder.weight(None) @ node for node in inputs]
    vectors = builder.steps([*inputs, *start], draw(st.integers(2, 10)), 0)
    output = Weight("v", Scale.of("sigma_v")) @ vectors[-1]
    if vectors[-2].width == vectors[-1].width:
        output = output + Weight("w", Scale.of("sigma_v")) @ vectors[-2]
    if draw(st.booleans()):
        output = output + builder.bias()
    if draw(st.booleans()):
        output = output.named(draw(st.sampled_from(["f", "logit"])))
    return Graph(output, draw(st.sampled_from(["", "a title: with {signs} and 'quotes'", "ψ"])))
