"""A network of layers, each a function of the one before, read as the recursion of papers.

    Sigma^(l+1) = sigma_w^2 E[phi(u) phi(v)] + sigma_b^2,     (u, v) ~ N(0, Lambda^(l)),
    dot Sigma^(l+1) = Pi[z^(l)] / Pi[z^(l+1)],
    Theta^(l+1) = Sigma^(l+1) + dot Sigma^(l+1) Theta^(l).

Nothing here is assumed: the program's equations are rewritten by substitution of equals, and the
last line is printed as it stands only where the terms are found to be those of Sigma^(l+1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from symntk.derivation import Derivation, Entry, Equation, Loop, Quantity, entries
from symntk.derivation.program import FIRST, SECOND, SWAPPED, Site, diagonal, relocate
from symntk.gaussian import Expectation
from symntk.graph import Node
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.reading.activations import Functions
from symntk.rendering.reading.reading import Reading, Statement, Vector
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
        self.program = derivation.program
        self.equations: dict[Quantity, Equation] = {}
        for line in self.program:
            if isinstance(line, Loop):
                if any(isinstance(inner, Loop) for inner in line.body):
                    raise NotLayered("a block within a block")
                self.equations |= {inner.target: inner for inner in line.body}  # type: ignore[union-attr]
            else:
                self.equations[line.target] = line
        self.loops = [line for line in self.program if isinstance(line, Loop)]
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

    def inline(self, value: sp.Expr) -> sp.Expr:
        """``value`` with only layers and the input left among the covariances Sigma and Pi."""
        known = {}
        for entry in entries(value):
            quantity = entry.quantity
            if quantity.kind == "Theta" or quantity in self.gaussian:
                continue
            if quantity.kind in ("Sigma", "Pi") and quantity in self.equations:
                known[entry] = at(self.inline(self.equations[quantity].value), entry.site)
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
        """An equation of the page, for the layers of its block."""
        return Statement(left, right, steps, self.span(loop))

    def steps(self, equation: Equation) -> tuple[Step, ...]:
        """The steps of an equation, those of the equations written into it first."""
        found: dict[Step, None] = {}
        for entry in sorted(entries(equation.value), key=str):
            quantity = entry.quantity
            inlined = quantity.kind in ("Sigma", "Pi") and quantity not in self.gaussian
            if inlined and quantity in self.equations:
                found |= dict.fromkeys(self.steps(self.equations[quantity]))
        return (*found, equation.step)

    def span(self, loop: Loop | None) -> tuple[sp.Symbol, sp.Expr, sp.Expr] | None:
        """The layers that an equation of a block holds for."""
        if loop is None:
            return None
        (carry,) = (k for k in loop.carries if k.inner.kind == "Sigma")
        (start,) = entries(carry.start)
        first = self.indices[start.quantity]
        return LAYER, first, first + loop.times - 1


def read_layers(derivation: Derivation, functions: Functions, typesetter: Typesetter) -> Reading:
    """The derivation as a recursion in layers; NotLayered where it is none."""
    layers = Layers(derivation, functions)
    order = layers.number()
    forward = tuple(
        layers.statement(
            Kernel("Sigma", index),
            layers.page(layers.equations[quantity].value),
            layers.steps(layers.equations[quantity]),
            loop,
        )
        for quantity, index, loop in order
    )
    tangent = _Tangent(layers, order)
    backward, total = tangent.recursion()
    return Reading(
        vectors=_vectors(layers, typesetter),
        forward=forward,
        backward=backward,
        parts=tangent.parts(),
        total=total,
        outputs=(
            Kernel("Sigma", layers.indices[layers.nngp]),
            Kernel("Theta", layers.indices[layers.nngp]),
        ),
        layered=True,
        span=next((layers.span(loop) for loop in layers.loops), None),
    )


class _Tangent:
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
        outer: sp.Expr = sp.S.One
        written: sp.Expr = sp.S.One
        for below, above in reversed(list(zip(chain, chain[1:], strict=False))):
            gradient = Quantity("Pi", below.left, below.left)
            equation = layers.equations.get(gradient)
            if equation is None:
                return
            value = layers.inline(equation.value)
            slope = sp.cancel(value / outer) if outer != 1 else value
            symbol = Kernel("dot Sigma", layers.indices[above])
            self.statements.append(
                layers.statement(symbol, layers.page(slope), layers.steps(equation), loop)
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
        return tuple(sorted(self.statements, key=self._place)), tuple(total)

    def _place(self, statement: Statement) -> int:
        return [index for _, index, _ in self.order].index(statement.left.layer)

    def _peel(
        self, chain: list[Quantity], rest: sp.Expr, step: Step, loop: Loop | None
    ) -> list[Statement]:
        """Theta of the last layer of ``chain`` as own part + dot Sigma * Theta below, and so on."""
        found: list[Statement] = []
        for below, above in reversed(list(zip(chain, chain[1:], strict=False))):
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
        sum over the parameter's layers l of own(l) prod_{k > l} dot Sigma^(k).
        """
        own: dict[str, list[tuple[sp.Expr, sp.Expr, Loop | None]]] = {}
        steps: dict[str, Step] = {}
        for chain, loop in self._segments():
            root = chain[-1]
            for quantity, equation in self.layers.equations.items():
                if quantity.kind != "Theta" or quantity.left != root.left or not quantity.right:
                    continue
                steps[quantity.right] = equation.step
                value = sp.expand(self.page(equation.value))
                arising = sp.Add(*(t for t in sp.Add.make_args(value) if not self._has_theta(t)))
                for index, part in self._by_layer(chain, arising):
                    own.setdefault(quantity.right, []).append((part, index, loop))
        last = self.layers.indices[self.layers.nngp]
        return tuple(
            Statement(
                Kernel("Theta", last, label),
                sp.Add(*(self._passed_on(*part, last) for part in parts)),
                (steps[label],),
            )
            for label, parts in own.items()
        )

    def _by_layer(self, chain: list[Quantity], value: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
        """The parts of ``value`` by the layer in which they arise, dot Sigmas split off."""
        found: list[tuple[sp.Expr, sp.Expr]] = []
        passed: sp.Expr = sp.S.One
        rest = value
        pairs = list(zip(chain, chain[1:], strict=False))
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
        """prod_{k = index + 1}^{last} dot Sigma^(k), written out where it has at most two factors."""
        count = last - index
        if count.is_Integer and count <= 2:
            return sp.Mul(*(Kernel("dot Sigma", index + n) for n in range(1, int(count) + 1)))
        k = sp.Symbol("k", integer=True)
        return sp.Product(Kernel("dot Sigma", k), (k, index + 1, last))

    def _passed_on(
        self, part: sp.Expr, index: sp.Expr, loop: Loop | None, last: sp.Expr
    ) -> sp.Expr:
        whole = part * self._later(index, last)
        span = self.layers.span(loop)
        if span is None:
            return whole
        if span[1] == span[2]:
            return whole.xreplace({LAYER: span[1]})
        return sp.Sum(whole, span)


def _vectors(layers: Layers, typesetter: Typesetter) -> dict[Node, Vector]:
    """z^(l) for the vector of layer l, f for the output."""
    found: dict[Node, Vector] = {}
    owners = {quantity.left: index for quantity, index in layers.indices.items()}
    graph = layers.derivation.graph
    for node, label in graph.names.items():
        if node == graph.output:
            found[node] = Vector(name(label), owners.get(label))
        elif label in owners:
            layout = typesetter.indexed(name("z"), typesetter.layer(owners[label]))
            found[node] = Vector(layout, owners[label])
    return found
