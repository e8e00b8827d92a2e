"""The NTK of a chain of layers: dot Sigma, the parts by parameter, and the recursion."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import sympy as sp

from symntk.derivation import Entry, Loop, Quantity, entries
from symntk.rendering.heads import Kernel, at_layer
from symntk.rendering.reading.layers import LAYER, Layers, NotLayered
from symntk.rendering.reading.reading import Statement
from symntk.trace import Step


class Tangent:
    """The NTK of a chain of layers: dot Sigma, and the recursion of Theta.

    The gradient at a layer below the last one is prod dot Sigma over the layers above it, so that
    it stands for its layer: what it multiplies in a part of the NTK has arisen there.
    """

    def __init__(self, layers: Layers, order: list[tuple[Quantity, sp.Expr, Loop | None]]) -> None:
        self.layers, self.order = layers, order
        self.slopes: dict[Quantity, Kernel] = {}  # layer below -> dot Sigma of the layer above
        self.statements: list[Statement] = []
        self.gradients: dict[Entry, Quantity] = {}  # of which layer
        for segment in self._segments():
            self._define_slopes(segment)

    def _segments(self) -> list[tuple[list[Quantity], Loop | None]]:
        """The layers between blocks: [the layer below, ..., the last one]."""
        segments: list[tuple[list[Quantity], Loop | None]] = []
        current: list[Quantity] = []
        for quantity, _, loop in self.order:
            if loop is None:
                current.append(quantity)
                continue
            if current:
                segments.append((current, None))
            (carry,) = (k for k in loop.carries if k.inner.kind == "Sigma")
            segments.append(([carry.inner, quantity], loop))
            current = [carry.result]
        segments.append((current, None))
        return segments

    def _define_slopes(self, segment: tuple[list[Quantity], Loop | None]) -> None:
        chain, loop = segment
        layers = self.layers
        place = len(self.statements)  # those of a segment are found from the last to the first
        outer: sp.Expr = sp.S.One
        for below, above in reversed(list(pairwise(chain))):
            gradient = Quantity("Pi", below.left, below.left)
            equation = layers.equations.get(gradient)
            if equation is None:
                return
            value = layers.inline(equation.value, self.gradients)
            slope = sp.cancel(value / outer) if outer != 1 else value
            symbol = Kernel("dot Sigma", layers.indices[above])
            right = layers.page(slope)
            steps = layers.steps(equation, self.gradients)
            self.statements.insert(place, layers.statement(symbol, right, steps, loop))
            self.slopes[below] = symbol
            outer = gradient.at("ab")
            self.gradients[outer] = below

    def _by_layer(self, chain: list[Quantity], value: sp.Expr) -> dict[Quantity, sp.Expr]:
        """The parts of ``value`` by the layer of ``chain`` in which they arise, the last one first.

        Parts of Theta but those of the layers themselves are written out.
        """
        value = self.layers.inline(self._write_out(value), self.gradients, ("Pi",))
        marks = {entry: sp.Dummy(entry.name) for entry in entries(value) if entry in self.gradients}
        layer_of = {mark: self.gradients[entry] for entry, mark in marks.items()}
        page = sp.expand(self.layers.page(value.xreplace(marks)))
        terms: dict[Quantity, list[sp.Expr]] = defaultdict(list)
        for term in sp.Add.make_args(page):
            found = [factor for factor in sp.Mul.make_args(term) if factor in layer_of]
            own = sp.Mul(*(factor for factor in sp.Mul.make_args(term) if factor not in layer_of))
            terms[layer_of[found[0]] if found else chain[-1]].append(own)
        return {layer: sp.Add(*terms[layer]) for layer in reversed(chain) if layer in terms}

    def _write_out(self, value: sp.Expr) -> sp.Expr:
        """``value`` with the parts of the NTK by parameter in the same segment substituted."""
        known = {}
        for entry in entries(value):
            quantity = entry.quantity
            if quantity.kind == "Theta" and quantity.right and quantity in self.layers.equations:
                known[entry] = self._write_out(self.layers.equations[quantity].value)
        return value.xreplace(known)

    def recursion(self) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
        """The definitions of dot Sigma, and Theta^(l) from layer to layer."""
        total: list[Statement] = []
        for chain, loop in self._segments():
            root = chain[-1]
            quantity = Quantity("Theta", root.left, "")
            equation = self.layers.equations.get(quantity)
            if equation is None:
                raise NotLayered("no NTK of a layer")
            parts = self._by_layer(chain, equation.value)
            total += reversed(self._peel(chain, parts, equation.step, loop))
        return tuple(self.statements), tuple(total)

    def _peel(
        self, chain: list[Quantity], parts: dict[Quantity, sp.Expr], step: Step, loop: Loop | None
    ) -> list[Statement]:
        """Theta of the last layer of ``chain`` as own part + dot Sigma * Theta below, and so on."""
        found: list[Statement] = []
        rest = dict(parts)
        for below, above in reversed(list(pairwise(chain))):
            slope = self.slopes.get(below)
            if slope is None:
                raise NotLayered("no gradient reaches a layer")
            right = self._recognise(rest.pop(above, sp.S.Zero), above)
            theta = Kernel("Theta", self.layers.indices[below])
            if rest:
                right += slope * theta
            index = Kernel("Theta", self.layers.indices[above])
            found.append(self.layers.statement(index, right, (step,), loop))
            if not rest or rest == {below: theta}:
                return found
            step = self._step(below, step)
        own = rest.get(chain[0], sp.S.Zero)
        if not self._has_theta(own):
            index = Kernel("Theta", self.layers.indices[chain[0]])
            right = self._recognise(own, chain[0])
            found.append(self.layers.statement(index, right, (step,), loop))
        return found

    def _step(self, layer: Quantity, otherwise: Step) -> Step:
        equation = self.layers.equations.get(Quantity("Theta", layer.left, ""))
        return otherwise if equation is None else equation.step

    @staticmethod
    def _has_theta(value: sp.Expr) -> bool:
        return any(isinstance(s, Kernel) and s.letter == "Theta" for s in value.free_symbols)

    def _recognise(self, own: sp.Expr, layer: Quantity) -> sp.Expr:
        """Sigma of the layer, where ``own`` is equal to it term by term."""
        equation = self.layers.equations.get(layer)
        symbol = Kernel("Sigma", self.layers.indices[layer])
        if own == symbol or equation is None:
            return own
        return symbol if sp.expand(own - self.layers.page(equation.value)) == 0 else own

    def parts(self) -> tuple[Statement, ...]:
        """Each parameter's part of the NTK of the output.

        A part that arises in layer l passes every later layer through its dot Sigma:
        own(l) prod_{k > l} dot Sigma^(k).  Those of a block are stated for every layer of it.
        """
        own: dict[str, list[tuple[sp.Expr, sp.Expr]]] = {}
        steps: dict[str, Step] = {}
        loops: dict[str, Loop | None] = {}
        for chain, loop in self._segments():
            root = chain[-1]
            for quantity, equation in self.layers.equations.items():
                if quantity.kind != "Theta" or quantity.left != root.left or not quantity.right:
                    continue
                for layer, part in self._by_layer(chain, equation.value).items():
                    arising = sp.Add(*(t for t in sp.Add.make_args(part) if not self._has_theta(t)))
                    if arising == 0:
                        continue
                    steps[quantity.right], loops[quantity.right] = equation.step, loop
                    shown = arising if layer == chain[0] else self._recognise(arising, layer)
                    pair = (shown, self.layers.indices[layer])
                    own.setdefault(quantity.right, []).append(pair)
        return tuple(
            self._part(label, parts, steps[label], loops[label]) for label, parts in own.items()
        )

    def _part(
        self, label: str, parts: list[tuple[sp.Expr, sp.Expr]], step: Step, loop: Loop | None
    ) -> Statement:
        """One parameter's part: that of each layer in a block."""
        last = self.layers.indices[self.layers.nngp]
        span = self.layers.span(loop)
        if span is not None and span[1] == span[2]:
            parts = [
                (at_layer(own, LAYER, span[1]), at_layer(index, LAYER, span[1]))
                for own, index in parts
            ]
            span = None
        value = sp.Add(*(own * self._later(index, last) for own, index in parts))
        return Statement(Kernel("Theta", last, label), value, (step,), span)

    @staticmethod
    def _later(index: sp.Expr, last: sp.Expr) -> sp.Expr:
        """prod_{k > index} dot Sigma^(k), written out where it has at most two factors."""
        count = last - index
        if count.is_Integer and count <= 2:
            return sp.Mul(*(Kernel("dot Sigma", index + n) for n in range(1, int(count) + 1)))
        k = sp.Symbol("k", integer=True)
        return sp.Product(Kernel("dot Sigma", k), (k, index + 1, last))
