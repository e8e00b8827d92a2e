"""The NTK of a chain of layers: dot Sigma, the parts by parameter, and the recursion."""

from __future__ import annotations

from itertools import pairwise

import sympy as sp

from symntk.derivation import Entry, Loop, Quantity, entries
from symntk.rendering.heads import Kernel, at_layer
from symntk.rendering.reading.layers import LAYER, Layers, NotLayered, at
from symntk.rendering.reading.reading import Statement
from symntk.trace import Step


class Tangent:
    """The NTK of a chain of layers: dot Sigma, and the recursion of Theta."""

    def __init__(self, layers: Layers, order: list[tuple[Quantity, sp.Expr, Loop | None]]) -> None:
        self.layers, self.order = layers, order
        self.slopes: dict[Quantity, Kernel] = {}  # layer below -> dot Sigma of the layer above
        self.statements: list[Statement] = []
        self.gradients: dict[Entry, sp.Expr] = {}
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
        written: sp.Expr = sp.S.One
        for below, above in reversed(list(pairwise(chain))):
            gradient = Quantity("Pi", below.left, below.left)
            equation = layers.equations.get(gradient)
            if equation is None:
                return
            value = layers.inline(equation.value)
            slope = sp.cancel(value / outer) if outer != 1 else value
            symbol = Kernel("dot Sigma", layers.indices[above])
            right = layers.page(slope)
            self.statements.insert(
                place, layers.statement(symbol, right, layers.steps(equation), loop)
            )
            self.slopes[below] = symbol
            outer, written = value, written * symbol
            self.gradients[gradient.at("ab")] = written

    def page(self, value: sp.Expr, keep: frozenset[str] = frozenset()) -> sp.Expr:
        """``value`` on the page, gradients written by dot Sigma; parts of Theta but those of the
        layers themselves written out.
        """
        value = self._write_out(value)
        missing = {
            e: None for e in entries(value) if e.quantity.kind == "Pi" and e not in self.gradients
        }
        if missing:
            value = value.xreplace(
                {
                    e: at(self.layers.inline(self.layers.equations[e.quantity].value), e.site)
                    for e in missing
                }
            )
        slopes = {e: self.gradients[e] for e in entries(value) if e in self.gradients}
        marks = {e: sp.Dummy(e.name) for e in slopes}
        page = self.layers.page(value.xreplace(marks))
        return page.xreplace({marks[e]: slope for e, slope in slopes.items()})

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
            rest = sp.expand(self.page(equation.value))
            total += reversed(list(self._peel(chain, rest, equation.step, loop)))
        return tuple(self.statements), tuple(total)

    def _peel(
        self, chain: list[Quantity], rest: sp.Expr, step: Step, loop: Loop | None
    ) -> list[Statement]:
        """Theta of the last layer of ``chain`` as own part + dot Sigma * Theta below, and so on."""
        found: list[Statement] = []
        for below, above in reversed(list(pairwise(chain))):
            index = self.layers.indices[above]
            slope = self.slopes.get(below)
            if slope is None:
                raise NotLayered("no gradient reaches a layer")
            own = rest.coeff(slope, 0)
            through = rest.coeff(slope, 1)
            theta = Kernel("Theta", self.layers.indices[below])
            right = self._recognise(own, above) + (slope * theta if through != 0 else 0)
            found.append(self.layers.statement(Kernel("Theta", index), right, (step,), loop))
            if through == theta or through == 0:
                return found
            rest, step = through, self._step(below, step)
        index = self.layers.indices[chain[0]]
        if not self._has_theta(rest):
            found.append(
                self.layers.statement(
                    Kernel("Theta", index), self._recognise(rest, chain[0]), (step,), loop
                )
            )
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
                value = sp.expand(self.page(equation.value))
                arising = sp.Add(*(t for t in sp.Add.make_args(value) if not self._has_theta(t)))
                for index, part in self._by_layer(chain, arising):
                    steps[quantity.right], loops[quantity.right] = equation.step, loop
                    own.setdefault(quantity.right, []).append((part, index))
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

    def _by_layer(self, chain: list[Quantity], value: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
        """The parts of ``value`` by the layer in which they arise, dot Sigmas split off."""
        found: list[tuple[sp.Expr, sp.Expr]] = []
        passed: sp.Expr = sp.S.One
        rest = value
        pairs = list(pairwise(chain))
        for below, above in reversed(pairs):
            slope = self.slopes.get(below)
            own = rest if slope is None else rest.coeff(slope, 0)
            if own != 0:
                found.append((self.layers.indices[above], self._recognise(own, above)))
            if slope is None:
                return found
            rest, passed = rest.coeff(slope, 1), passed * slope
        if rest != 0:
            found.append((self.layers.indices[chain[0]], rest))
        return found

    @staticmethod
    def _later(index: sp.Expr, last: sp.Expr) -> sp.Expr:
        """prod_{k > index} dot Sigma^(k), written out where it has at most two factors."""
        count = last - index
        if count.is_Integer and count <= 2:
            return sp.Mul(*(Kernel("dot Sigma", index + n) for n in range(1, int(count) + 1)))
        k = sp.Symbol("k", integer=True)
        return sp.Product(Kernel("dot Sigma", k), (k, index + 1, last))
