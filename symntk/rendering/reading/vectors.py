"""Any network, read vector by vector: a kernel is written with the name of its vector below.

A repeated block has an index: h^(l) enters block l and h^(l+1) leaves it, l = 0, ..., L - 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from symntk.derivation import Derivation, Entry, Equation, Loop, Quantity, entries, needed
from symntk.derivation.program import Statement as Line
from symntk.graph import Node, ancestors
from symntk.graph.positions import Index
from symntk.rendering.heads import Kernel, Letter
from symntk.rendering.mathematics.layout import Layout
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.reading.activations import Functions
from symntk.rendering.reading.places import Places
from symntk.rendering.reading.reading import OFFSETS, Reading, Statement, Vector, blocks
from symntk.rendering.reading.tidying import tidy

_INDICES = ("ℓ", "k", "m", "j")
Span = tuple[sp.Symbol, sp.Expr, sp.Expr]


class _Vectors:
    """The names of kernels, and the statements by part."""

    def __init__(self, derivation: Derivation, functions: Functions) -> None:
        self.derivation, self.functions = derivation, functions
        self.labels: dict[str, tuple[str, sp.Expr | None]] = {}  # vector -> (name, index)
        self.forward: list[Statement] = []
        self.backward: list[Statement] = []
        self.parts: list[Statement] = []
        self.total: list[Statement] = []
        self.loops = 0
        self.places = Places(self.kernel)
        self.has_positions = any(n.positions for n in derivation.graph.nodes)
        wanted = set(derivation.outputs.values())
        self.program = needed(derivation.program, wanted)
        self._label(self.program, None)
        self._read(self.program, None)

    def _label(self, program: tuple[Line, ...], index: sp.Symbol | None) -> None:
        """Names for the vectors of a block: those that it carries have the index of the block."""
        for line in blocks(program):
            if isinstance(line, Equation):
                self.labels.setdefault(line.target.left, (line.target.left, index))
                continue
            symbol = sp.Symbol(_INDICES[self.loops % len(_INDICES)], integer=True)
            self.loops += 1
            for carry in line.carries:
                vector = carry.inner.left
                self.labels[vector] = (vector, symbol)
                self.labels[carry.result.left] = (vector, line.times)
                for entry in entries(carry.next):
                    if entry.quantity.kind == carry.inner.kind and self._ends(line, entry):
                        self.labels[entry.quantity.left] = (vector, symbol + 1)
            self._label(line.body, symbol)

    @staticmethod
    def _ends(loop: Loop, entry: Entry) -> bool:
        """Whether an entry belongs to the vector that leaves the block."""
        inside = {line.target for line in loop.body if isinstance(line, Equation)}
        return (entry.quantity in inside and entry.quantity.left == entry.quantity.right) or (
            entry.quantity.kind == "Theta" and entry.quantity in inside
        )

    def kernel(self, entry: Entry, left: Index = (), right: Index = ()) -> Kernel:
        """The page's symbol for a covariance of the program, at positions counted from 1."""
        quantity = entry.quantity
        places = (entry.site, left, right)
        if quantity.kind in ("Sigma", "match") and quantity.left not in self.labels:
            inputs = dict.fromkeys((quantity.left, quantity.right))
            letter: Letter = "input" if quantity.kind == "Sigma" else "match"
            return Kernel(letter, None, ",".join(inputs), *places)
        label, index = self.labels[quantity.left]
        if quantity.kind == "Theta":
            output = quantity.left == self.derivation.outputs["ntk"].left
            owner = () if output else (label,)
            return Kernel("Theta", index, ",".join((*owner, quantity.right)).strip(","), *places)
        vectors = [label]
        if quantity.right and quantity.right != quantity.left:
            other, other_index = self.labels[quantity.right]
            vectors.append(other)
            index = index if index is not None else other_index
        if quantity == self.derivation.outputs["nngp"]:
            vectors = []
        return Kernel(quantity.kind, index, ",".join(vectors), *places)

    def page(self, value: sp.Expr, at: Entry | None = None) -> sp.Expr:
        """``value`` in the symbols of the page; ``at`` is the symbol that it is the value of."""
        if not self.has_positions:
            translated = value.xreplace({e: self.kernel(e) for e in entries(value)})
            return self.functions.in_expectations(translated)
        self.places.own = set() if at is None else {s for s in at.index_expressions if s.is_Symbol}
        return tidy(self.functions.in_expectations(self.places.page(value)), OFFSETS)

    def symbol(self, entry: Entry) -> Kernel:
        """The page's symbol for what an equation defines."""
        found = self.places.page(entry)
        assert isinstance(found, Kernel)
        return found

    def _read(self, program: tuple[Line, ...], span: Span | None) -> None:
        for line in blocks(program):
            if isinstance(line, Loop):
                self._read_loop(line)
                continue
            symbol = line.target.at("aa" if line.target.kind in ("mean", "scale") else "ab")
            self._add(
                line.target,
                Statement(self.symbol(symbol), self.page(line.value, symbol), (line.step,), span),
            )

    def _read_loop(self, loop: Loop) -> None:
        index = self.labels[loop.carries[0].inner.left][1]
        assert isinstance(index, sp.Symbol)
        span = (index, sp.S.Zero, loop.times - 1)
        inside = {line.target for line in loop.body if isinstance(line, Equation)}
        for carry in loop.carries:
            symbol = carry.inner.at("ab")
            first = self.symbol(symbol)
            start = replaced(first, sp.S.Zero)
            self._add(carry.inner, Statement(start, self.page(carry.start, symbol), (loop.step,)))
        self._read(loop.body, span)
        for carry in loop.carries:
            if not any(e.quantity in inside and e == carry.next for e in entries(carry.next)):
                symbol = carry.inner.at("ab")
                left = replaced(self.symbol(symbol), index + 1)
                value = self.page(carry.next, symbol)
                self._add(carry.inner, Statement(left, value, (loop.step,), span))

    def _add(self, quantity: Quantity, statement: Statement) -> None:
        if statement.left == statement.right:
            return
        match quantity.kind:
            case "Pi":
                self.backward.append(statement)
            case "Theta":
                (self.parts if quantity.right else self.total).append(statement)
            case _:
                self.forward.append(statement)

    def vectors(self) -> Iterator[tuple[Node, Vector]]:
        """How each vector that a statement is about is written."""
        graph = self.derivation.graph
        for body in graph.bodies():
            for node in ancestors(body):
                label = graph.names[node]
                if label in self.labels and node.op not in ("input", "bias"):
                    vector, index = self.labels[label]
                    yield node, Vector(self._vector(vector, index), index)

    def _vector(self, label: str, index: sp.Expr | None) -> Layout:
        layout = name(label)
        if index is None:
            return layout
        return self.typesetter.indexed(layout, self.typesetter.layer(index))

    typesetter: Typesetter


def replaced(kernel: Kernel, layer: sp.Expr) -> Kernel:
    """A kernel with another layer's index."""
    return Kernel(kernel.letter, layer, kernel.vector, kernel.site, kernel.left, kernel.right)


def read_vectors(derivation: Derivation, functions: Functions, typesetter: Typesetter) -> Reading:
    """The derivation with a kernel for each vector."""
    reader = _Vectors(derivation, functions)
    reader.typesetter = typesetter
    rank = max(len(node.positions) for node in derivation.graph.nodes)
    nngp, ntk = (reader.kernel(derivation.outputs[key].at("ab")) for key in ("nngp", "ntk"))
    return Reading(
        vectors=dict(reader.vectors()),
        forward=tuple(reader.forward),
        backward=tuple(reader.backward),
        parts=tuple(reader.parts),
        total=tuple(reader.total),
        outputs=(nngp, ntk),
        rank=rank,
        is_extended=reader.places.is_extended,
        is_circular=reader.places.is_circular,
    )
