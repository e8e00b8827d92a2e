"""Networks over sequences and grids: kernels of the vectors that have a name, at two positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import sympy as sp

from symntk.derivation import Derivation, Entry, Equation, Quantity, needed
from symntk.derivation.program import Loop, Recurrence
from symntk.gaussian import Expectation
from symntk.graph import Graph, Node, ancestors
from symntk.graph.positions import (
    Index,
    bound_indices,
    indices,
    lengths_at,
    reindex,
    symbols_in,
)
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import Atom, Fence, Layout, Scripts, separated
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.reading.activations import Functions
from symntk.rendering.reading.places import Places
from symntk.rendering.reading.reading import Direction, Reading, Statement, Vector
from symntk.rendering.reading.tidying import tidy
from symntk.rendering.reading.written_out import WrittenOut

_LETTERS = {"attention": "y", "matmul": "z", "sum": "z"}
_QUERY_AND_KEY = dict(
    zip(
        (*indices(2), *indices(2, True)),
        (*indices(1), *bound_indices(1), *indices(1, True), *bound_indices(1, True)),
        strict=True,
    )
)
"""Moments of attention are derived at (i, j), a query and a key; they are printed at (t, r)."""
_OFFSETS = ("k", "l", "o", "m", "a", "b")


class _Names:
    """What the vectors are called on the page: as the user named them, the others anew.

    A loop's body goes by the loop's name: h_t.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = {label: node for node, label in graph.names.items()}
        self.loops = {node.inputs[0]: node for node in graph.nodes if node.op == "scan"}
        self.roles = {
            part: letter
            for node in graph.nodes
            if node.op == "attention"
            for part, letter in reversed(list(zip(node.inputs, "qkw", strict=True)))
            if part.op == "matmul"
        }
        self.labels: dict[str, str] = {}
        for node, label in graph.names.items():
            given = graph.given_names.get(node)
            loop = self.loops.get(node)
            if loop is not None:
                given = graph.given_names.get(loop, given)
            if given is not None:
                self.labels[label] = given
        self.taken = {
            *self.labels.values(),
            *graph.parameters,
            *(str(node["name"]) for node in graph.inputs),
        }

    @property
    def kept(self) -> set[str]:
        """Vectors whose covariances are always stated: those with a name, and states of loops."""
        loops = {self.graph.names[body] for body in self.loops}
        return {label for label in self.labels if not self._is_pooled(label)} | loops

    def _is_pooled(self, label: str) -> bool:
        return self.nodes[label] == self.graph.output

    def give(self, labels: set[str]) -> None:
        """Names for those of ``labels`` that have none: a letter, numbered where it recurs."""
        wanted: dict[str, list[str]] = {}
        for node, label in self.graph.names.items():
            if label in labels and label not in self.labels:
                wanted.setdefault(self._letter(node), []).append(label)
        for letter, group in wanted.items():
            if len(group) == 1 and letter not in self.taken:
                self.labels[group[0]] = letter
                continue
            numbers = count(1)
            for label in group:
                self.labels[label] = next(
                    word for n in numbers if (word := f"{letter}{n}") not in self.taken
                )

    def attentions(self) -> dict[str, Layout]:
        """The number of each attention, by the name of its output, where there are several."""
        found = [node for node in self.graph.nodes if node.op == "attention"]
        names = (self.graph.names[node] for node in found)
        numbers = (Atom(str(number), "number") for number in count(1))
        return dict(zip(names, numbers, strict=False)) if len(found) > 1 else {}

    def queries(self) -> set[str]:
        """Queries and keys, which are named even where no equation is about them."""
        return {
            self.graph.names[part]
            for node in self.graph.nodes
            if node.op == "attention"
            for part in node.inputs[:2]
            if part.op not in ("shift", "scan", "state")
        }

    def _letter(self, node: Node) -> str:
        if node in self.loops:
            return "h"
        return self.roles.get(node) or _LETTERS.get(node.op, "h")


class _Sequences:
    """The statements by part."""

    def __init__(
        self, derivation: Derivation, functions: Functions, typesetter: Typesetter
    ) -> None:
        self.derivation, self.functions = derivation, functions
        outputs = derivation.outputs
        self.nngp, self.ntk = outputs["nngp"], outputs["ntk"]
        program = needed(derivation.program, set(outputs.values()))
        self.direction: dict[Quantity, Direction] = {}
        lines: list[Equation] = []
        for line in program:
            if isinstance(line, Loop):
                raise NotImplementedError("a repeated block over a sequence")
            if isinstance(line, Recurrence):
                self.direction |= dict.fromkeys(
                    (inner.target for inner in line.body),
                    "backwards" if line.reverse else "forwards",
                )
                lines += line.body
            else:
                lines.append(line)
        self.names = _Names(derivation.graph)
        wanted, readouts = set(outputs.values()), _readouts(derivation.graph)
        self.written = WrittenOut(lines, self.names.kept, wanted, readouts)
        stated = [t for t in self.written.values if t.kind != "Theta"]
        vectors = {label for t in stated for label in (t.left, t.right) if label}
        self.names.give((vectors | self.names.queries()) - {self.nngp.left})
        self.places = Places(self.kernel)
        typesetter.attentions |= self.names.attentions()
        self.offsets = self._offsets()
        self.statements = {target: self._statement(target) for target in self.written.values}
        self._recognise_norms()

    def _offsets(self) -> tuple[str, str]:
        """Letters for the offsets in a window that no vector has."""
        free = [letter for letter in _OFFSETS if letter not in self.names.taken]
        return free[0], free[1]

    def kernel(self, entry: Entry, left: Index, right: Index) -> Kernel:
        """The page's symbol for a covariance of the program, at positions counted from 1."""
        quantity, site = entry.quantity, entry.site
        vectors = tuple(dict.fromkeys(v for v in (quantity.left, quantity.right) if v))
        labels = ",".join(self.names.labels.get(vector, vector) for vector in vectors)
        if quantity.kind == "Theta":
            return Kernel("Theta", None, quantity.right, site)
        if quantity == self.nngp:
            return Kernel("Sigma", None, "", site)
        if quantity.kind in ("weight", "attention", "tangent"):
            return Kernel(quantity.kind, None, quantity.left, site, left, right)
        if site in ("aa", "bb") and _is_later(left, right):
            left, right = right, left
        if quantity.kind == "Sigma" and self._is_data(quantity):
            return Kernel("input", None, ",".join(vectors), site, left, right)
        return Kernel(quantity.kind, None, labels, site, left, right)

    def _is_data(self, quantity: Quantity) -> bool:
        return self.names.nodes[quantity.left].op == "input"

    def page(self, value: sp.Expr, own: set[sp.Expr]) -> sp.Expr:
        """``value`` in the symbols of the page; ``own`` are the positions that it is at."""
        self.places.own = own
        named = self.functions.in_expectations(self.places.page(value))
        return tidy(named, self.offsets)

    def _statement(self, target: Quantity) -> Statement:
        if target.kind == "weight":
            symbol = target.at("aa", None, bound_indices(1))
        else:
            symbol = target.at("aa" if target.is_of_one_input else "ab")
        left = self.places.page(symbol)
        assert isinstance(left, Kernel)
        own = (*symbol.left, *symbol.right)
        value = self.page(self.written.values[target], {s for s in own if s.is_Symbol})
        if target.kind in ("attention", "tangent"):
            left, value = (reindex(part, _QUERY_AND_KEY) for part in (left, value))
        steps = self.written.steps[target]
        return Statement(left, value, steps, direction=self.direction.get(target, ""))

    def _recognise_norms(self) -> None:
        """What a layer norm's covariance is equal to, by its name where it occurs again."""
        for target, norm in list(self.statements.items()):
            node = self.names.nodes.get(target.left)
            if target.kind != "Sigma" or node is None or node.op != "layer_norm":
                continue
            for other, found in self.statements.items():
                if other != target:
                    right = _recognised(found.right, norm.right, norm.left)
                    self.statements[other] = replace(found, right=right)

    def parts(self) -> Iterator[Statement]:
        """Each parameter's part of the NTK; the readout's is a multiple of the covariance."""
        nngp = self.statements[self.nngp]
        for target, statement in self.statements.items():
            if target.kind != "Theta" or not target.right:
                continue
            ratio = statement.right / nngp.right
            if not ratio.has(Kernel, sp.Sum, Expectation):
                yield Statement(statement.left, ratio * nngp.left, statement.steps)
            else:
                yield statement

    def total(self, parts: list[Statement]) -> Statement:
        """The sum of the parts that are not zero."""
        statement = self.statements[self.ntk]
        nngp = self.statements[self.nngp].left
        known = {part.left: part.right for part in parts if part.right == 0}
        multiples = {part.left: part.right for part in parts if (part.right / nngp).is_number}
        if len(multiples) == len(parts):
            known = multiples
        return Statement(statement.left, statement.right.xreplace(known), statement.steps)

    def of_kind(self, *kinds: str) -> tuple[Statement, ...]:
        """The statements about covariances of these kinds, in order."""
        return tuple(s for target, s in self.statements.items() if target.kind in kinds)

    def vectors(self) -> Iterator[tuple[Node, Vector]]:
        """How each vector is written that a statement is about or that the user named."""
        graph = self.derivation.graph
        for node in ancestors(graph.output):
            label = graph.names[node]
            if node.op == "scan":
                label = graph.names[node.inputs[0]]
            if node.op not in ("input", "bias", "state") and label in self.names.labels:
                yield node, Vector(name(self.names.labels[label]))
        yield graph.output, Vector(name(graph.names[graph.output]))


def _is_later(left: Index, right: Index) -> bool:
    """Whether the position at which an equation stands comes second."""
    own = {*indices(len(left)), *indices(len(left), True)}
    inside = [bool(own & symbols_in(sp.Tuple(*side))) for side in (left, right)]
    return inside == [False, True]


def _matrices(graph: Graph) -> dict[str, Layout]:
    """Names such as WQ and Wh, WQ_1 in the first block: W with an index."""
    found: dict[str, Layout] = {}
    for label in graph.parameters:
        match = re.fullmatch(r"([A-Z])([A-Za-z])_?(\d*)", label)
        if match is not None:
            letter, *below = filter(None, match.groups())
            found[label] = Scripts(name(letter), below=separated([name(part) for part in below]))
    for label in graph.parameters:
        stem, mark, number = label.rpartition("_")
        if mark and number.isdigit() and stem + number in graph.parameters:
            found[label] = Scripts(name(stem), above=Fence(Atom(number, "number")))  # of a block
    return found


def _recognised(value: sp.Expr, product: sp.Expr, name: Kernel) -> sp.Expr:
    """``value`` with ``name`` where the kernels of ``product`` occur as in it."""
    if not value.args:
        return value
    if isinstance(value, sp.Mul):
        ratio = value / product
        if not ratio.atoms(Kernel) & product.atoms(Kernel):
            return ratio * name
    return value.func(*(_recognised(part, product, name) for part in value.args))


def _readouts(graph: Graph) -> set[str]:
    """The weights that the output is made with."""
    output = graph.output
    last = output.inputs if output.op == "sum" else (output,)
    found: set[str] = set()
    for node in last:
        while node.op == "pool":
            (node,) = node.inputs
        found.add(str(node.parameter))
    return found


def _ends(graph: Graph) -> tuple[sp.Expr, ...]:
    """The last positions of x and of x' along which a loop runs."""
    for node in graph.nodes:
        if node.op == "scan":
            (size,) = node.positions
            return size, lengths_at(size, True)
    return ()


def read_sequences(derivation: Derivation, functions: Functions, typesetter: Typesetter) -> Reading:
    """The derivation of a network that has positions."""
    reader = _Sequences(derivation, functions, typesetter)
    typesetter.subjects |= _matrices(derivation.graph)
    parts = list(reader.parts())
    nngp, ntk = (reader.statements[target].left for target in (reader.nngp, reader.ntk))
    forward = reader.of_kind("Sigma", "mean", "scale", "weight", "attention")
    return Reading(
        vectors=dict(reader.vectors()),
        forward=forward,
        backward=reader.of_kind("Pi", "tangent"),
        parts=tuple(parts),
        total=(reader.total(parts),),
        outputs=(nngp, ntk),
        rank=max(len(node.positions) for node in derivation.graph.nodes),
        is_extended=reader.places.is_extended,
        is_circular=reader.places.is_circular,
        offsets=reader.offsets,
        ends=_ends(derivation.graph),
    )
