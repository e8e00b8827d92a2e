"""A network of layers, each a function of the one before, read as the recursion of papers.

    Sigma^(l+1) = sigma_w^2 E[phi(u) phi(v)] + sigma_b^2,     (u, v) ~ N(0, Lambda^(l)),
    dot Sigma^(l+1) = Pi[z^(l)] / Pi[z^(l+1)],
    Theta^(l+1) = Sigma^(l+1) + dot Sigma^(l+1) Theta^(l).

Nothing here is assumed: the program's equations are rewritten by substitution of equals, and the
last line is printed as it stands only where the terms are found to be those of Sigma^(l+1).
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

import sympy as sp

from symntk.derivation import Derivation, Entry, Equation, Loop, Quantity, entries
from symntk.derivation.program import FIRST, SECOND, SWAPPED, Site, diagonal, relocate
from symntk.gaussian import Expectation
from symntk.rendering.heads import Kernel, at_layer
from symntk.rendering.reading.activations import Functions
from symntk.rendering.reading.reading import Statement, blocks
from symntk.trace import Step

LAYER = sp.Symbol("ℓ", integer=True, positive=True)
"""The running index of a layer."""


class NotLayered(Exception):
    """The network is no chain of layers."""


def at(value: sp.Expr, site: Site) -> sp.Expr:
    """``value``, written for (a, b), at another pair of inputs."""
    match site:
        case "aa":
            return diagonal(value, FIRST)
        case "bb":
            return diagonal(value, SECOND)
        case "ba":
            return relocate(value, SWAPPED)
        case _:
            return value


@dataclass
class _Segment:
    """A stretch of the network between repeated blocks, or one block: its layers in order."""

    layers: list[Quantity] = field(default_factory=list)
    indices: dict[Quantity, sp.Expr] = field(default_factory=dict)
    root: Quantity | None = None


class Layers:
    """Reads a derivation as layers; NotLayered where it is no chain."""

    def __init__(self, derivation: Derivation, functions: Functions) -> None:
        self.derivation, self.functions = derivation, functions
        outputs = derivation.outputs
        self.nngp, self.ntk = outputs["nngp"], outputs["ntk"]
        self.program = blocks(derivation.program)
        self.equations: dict[Quantity, Equation] = {}
        for line in self.program:
            for inner in blocks(line.body) if isinstance(line, Loop) else (line,):
                if isinstance(inner, Loop):
                    raise NotLayered("a block within a block")
                self.equations[inner.target] = inner
        self.loops = [line for line in self.program if isinstance(line, Loop)]
        if len(self.loops) > 1:
            raise NotLayered("several blocks")
        self.indices: dict[Quantity, sp.Expr] = {}
        self.gaussian = self._gaussian()

    def _gaussian(self) -> set[Quantity]:
        """The covariances of layers: laws of expectations, what blocks carry, and the output's."""
        found = {self.nngp}
        for equation in self.equations.values():
            for expectation in equation.value.atoms(Expectation):
                for part in expectation.law:
                    if not isinstance(part, Entry):
                        raise NotLayered("an expectation under a composed law")
                    found.add(part.quantity)
        for loop in self.loops:
            for carry in loop.carries:
                if carry.inner.kind == "Sigma":
                    found |= {carry.inner, carry.result}
                    found |= {e.quantity for e in entries(carry.next) | entries(carry.start)}
        return {q for q in found if q in self.equations or self._is_carried(q)}

    def _is_carried(self, quantity: Quantity) -> bool:
        return any(quantity in (k.inner, k.result) for loop in self.loops for k in loop.carries)

    def inline(
        self,
        value: sp.Expr,
        keep: Container[Entry] = (),
        kinds: tuple[str, ...] = ("Sigma", "Pi"),
    ) -> sp.Expr:
        """``value`` with only layers and the input left among the covariances of these kinds.

        keep: covariances that stay as well.
        """
        known = {}
        for entry in entries(value):
            quantity = entry.quantity
            if quantity.kind == "Theta" or quantity in self.gaussian or entry in keep:
                continue
            if quantity.kind in kinds and quantity in self.equations:
                inner = self.inline(self.equations[quantity].value, keep, kinds)
                known[entry] = at(inner, entry.site)
            elif quantity.kind in ("mean", "scale"):
                raise NotLayered("a layer norm")
        return value.xreplace(known)

    # Indices of layers.

    def number(self) -> list[tuple[Quantity, sp.Expr, Loop | None]]:
        """Every layer with its index, in order; the block of a repeated one."""
        order: list[tuple[Quantity, sp.Expr, Loop | None]] = []
        index: sp.Expr = sp.S.Zero
        previous: Quantity | None = None
        for line in self.program:
            if isinstance(line, Equation):
                if line.target.kind == "Sigma" and line.target in self.gaussian:
                    self._require_previous(line, previous)
                    index, previous = index + 1, line.target
                    self.indices[line.target] = index
                    order.append((line.target, index, None))
                continue
            carries = [k for k in line.carries if k.inner.kind == "Sigma"]
            if len(carries) != 1 or previous is None or carries[0].start != previous.at("ab"):
                raise NotLayered("a block that does not continue the chain")
            (carry,) = carries
            body = [e for e in line.body if isinstance(e, Equation) and e.target in self.gaussian]
            if len(body) != 1 or carry.next != body[0].target.at("ab"):
                raise NotLayered("a block of several layers")
            self._require_previous(body[0], carry.inner)
            self.indices[carry.inner] = LAYER
            self.indices[body[0].target] = LAYER + 1
            order.append((body[0].target, LAYER + 1, line))
            index, previous = index + line.times, carry.result
            self.indices[carry.result] = index
        if previous != self.nngp:
            raise NotLayered("the output is not the last layer")
        return order

    def _require_previous(self, line: Equation, previous: Quantity | None) -> None:
        if line.target.left != line.target.right:
            raise NotLayered("a covariance of two vectors")
        used = {e.quantity for e in entries(self.inline(line.value))}
        inputs = {q for q in used if q not in self.gaussian}
        if (used - inputs) - {previous} or (previous is not None and inputs):
            raise NotLayered("a layer that looks past the one before it")

    # Translation to the symbols of the page.

    def kernel(self, entry: Entry) -> Kernel:
        """The page's symbol for a covariance of the program."""
        quantity = entry.quantity
        if quantity.kind == "Sigma":
            if quantity in self.indices:
                return Kernel("Sigma", self.indices[quantity], site=entry.site)
            vectors = dict.fromkeys((quantity.left, quantity.right))
            return Kernel("input", None, ",".join(vectors), entry.site)
        owner = Quantity("Sigma", quantity.left, quantity.left)
        if quantity.kind == "Theta" and owner in self.indices:
            return Kernel("Theta", self.indices[owner], quantity.right, entry.site)
        raise NotLayered(f"{entry} belongs to no layer")

    def page(self, value: sp.Expr) -> sp.Expr:
        """``value`` in the symbols of the page, functions by their names."""
        inlined = self.inline(value)
        translated = inlined.xreplace({e: self.kernel(e) for e in entries(inlined)})
        return self.functions.in_expectations(translated)

    def statement(
        self, left: Kernel, right: sp.Expr, steps: tuple[Step, ...], loop: Loop | None
    ) -> Statement:
        """An equation of the page, for the layers of its block; for one layer, at that layer."""
        span = self.span(loop)
        if span is not None and span[1] == span[2]:
            index, layer, _ = span
            return Statement(at_layer(left, index, layer), at_layer(right, index, layer), steps)
        return Statement(left, right, steps, span)

    def steps(self, equation: Equation, keep: Container[Entry] = ()) -> tuple[Step, ...]:
        """The steps of an equation, those of the equations written into it first; see `inline`."""
        found: dict[Step, None] = {}
        for entry in sorted(entries(equation.value), key=str):
            quantity = entry.quantity
            is_layer = quantity.kind == "Theta" or quantity in self.gaussian or entry in keep
            if quantity in self.equations and not is_layer:
                found |= dict.fromkeys(self.steps(self.equations[quantity], keep))
        return (*found, equation.step)

    def span(self, loop: Loop | None) -> tuple[sp.Symbol, sp.Expr, sp.Expr] | None:
        """The layers that an equation of a block holds for."""
        if loop is None:
            return None
        (carry,) = (k for k in loop.carries if k.inner.kind == "Sigma")
        (start,) = entries(carry.start)
        first = self.indices[start.quantity]
        return LAYER, first, first + loop.times - 1
