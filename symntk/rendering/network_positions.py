"""A network over sequences or grids as formulas: u_t = W e_t, with the position as an index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import sympy as sp

from symntk.graph import Node
from symntk.graph.positions import Covered, Index, bound_indices, indices, symbols_in
from symntk.ops.positions import Shift
from symntk.rendering.document import Line
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Fence,
    Fraction,
    Layout,
    Root,
    Scripts,
    Sum,
    row,
    separated,
)
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.positions import with_index
from symntk.rendering.network import Network, Span, fan_in_of, transposed
from symntk.rendering.reading.places import counted, shown

_ONE = Atom("1", "number")
_FEWEST = 3


class PositionNetwork(Network):
    """Writes the vectors at one position by those at others; positions are counted from 1."""

    def definition(self, node: Node, span: Span | None) -> Iterator[Line]:
        """vector_t = its formula, and the weights of the attention in it."""
        at = self.own(node)
        remark = self._remark(node) if span is None else self.typesetter.range(*span)
        yield Line(self.vector(node, at), self.formula(node, at, top=True), remark=remark)
        for inner in self._attentions(node):
            yield self._weights(inner, at)

    def own(self, node: Node) -> Index:
        """t or i, j; nothing for a single vector."""
        return indices(len(node.positions))

    def placed(self, vector: Layout, at: Index) -> Layout:
        """``vector`` with its position as an index."""
        return with_index(vector, self.typesetter.index(at)) if at else self.at_point(vector)

    def _remark(self, node: Node) -> Layout | None:
        """The positions of a vector, where they are not those of an input."""
        inputs = {part.positions for part in self.graph.inputs}
        if not node.positions or node.positions in inputs:
            return None
        ranges = [
            self.typesetter.positions(symbol, size)
            for symbol, size in zip(indices(len(node.positions)), node.positions, strict=True)
        ]
        return separated(ranges)

    def is_defined(self, node: Node) -> bool:
        """Loops are defined by their bodies, which have their names."""
        return super().is_defined(node) and node.op != "scan"

    def _attentions(self, node: Node) -> Iterator[Node]:
        """The attention in the formula of one vector."""
        if node.op == "attention":
            yield node
        for part in node.inputs:
            if part not in self.vectors:
                yield from self._attentions(part)

    def vector(self, node: Node, at: Index) -> Layout:
        """A vector at its position; a single one at the input."""
        return self.placed(self.vectors[node].layout, at if node.positions else ())

    def formula(self, node: Node, at: Index = (), top: bool = False) -> Layout:
        """``node`` at the position ``at``.  Of a single vector ``at`` is where it is needed."""
        if not top and node in self.vectors:
            return self.vector(node, at)
        match node.op:
            case "input" if node.positions:
                return with_index(name(str(node["name"])), self.typesetter.index(at))
            case "shift":
                return self._share(node, at, self.formula(node.inputs[0], _moved(node, at)))
            case "pool":
                return self._pool(node, at)
            case "scan":
                return self.formula(node.inputs[0], at)
            case "state":
                return self._state(node, at)
            case "attention":
                return self._attention(node, at)
            case "sinusoid":
                return with_index(Atom("p", "bold"), self.typesetter.index(at))
            case "layer_norm":
                return Apply(Atom("LN", "operator"), Fence(self.formula(node.inputs[0], at)))
            case _:
                return super().formula(node, at, top)

    # Matrices.

    def is_readout(self, node: Node) -> bool:
        """A readout may be summed over positions."""
        output = self.graph.output
        last = output.inputs if output.op == "sum" else (output,)
        return node in last or any(part.op == "pool" and node in part.inputs for part in last)

    def matrix(self, node: Node, at: Index) -> Layout:
        """The matrix of an offset W_k, of a token M_{x_t} or of a position W_t."""
        matrix = self.parameter(node)
        settings = dict(node.settings)
        if "tap" in settings:
            matrix = with_index(matrix, self.typesetter.place(sp.Integer(settings["tap"])))
        elif len(node.inputs) > 1:
            matrix = with_index(matrix, self._chosen_by(node.inputs[1], at))
        return transposed(matrix) if self.is_readout(node) else matrix

    def _chosen_by(self, node: Node, at: Index) -> Layout:
        """A token x_t or a position t, by which a matrix or a column is chosen."""
        if node.op == "shift":
            return self._chosen_by(node.inputs[0], _moved(node, at))
        if node.op == "positions":
            return self.typesetter.index(at)
        return self.formula(node, at)

    def _matmul(self, node: Node, at: Index) -> Layout:
        argument = node.inputs[0]
        if not argument.is_one_hot:
            return super()._matmul(node, at)
        column = separated([Atom(":", "number"), self._chosen_by(argument, at)])
        return self.scaled(node, with_column(self.matrix(node, at), column))

    # Windows.

    def terms(self, node: Node, at: Index) -> Iterator[tuple[sp.Expr, Layout]]:
        """Terms that go over a whole window as one sum, the others as they are."""
        pairs = list(zip(node.inputs, node["coefficients"], strict=True))
        windows: dict[Node, list[tuple[int, ...]]] = {}
        for family in _families(pairs):
            offsets = [_offset(part) for part, _ in family]
            if len(family) >= _FEWEST and _box(offsets) is not None:
                windows[family[0][0]] = offsets
                pairs = [pair for pair in pairs if pair == family[0] or pair not in family]
        for part, coefficient in pairs:
            if part in windows:
                yield coefficient, self._window(part, windows[part], at)
            else:
                yield coefficient, self.formula(part, at)

    def _window(self, first: Node, offsets: list[tuple[int, ...]], at: Index) -> Layout:
        """sum_k W_k h_(t + k)"""
        view = first.inputs[0] if first.op == "matmul" else first
        base = view.inputs[0] if view.op == "shift" else view
        taken = _moved(view, at) if view.op == "shift" else at
        box = _box(offsets)
        assert box is not None
        letters = [sp.Symbol(letter, integer=True) for letter in self.reading.offsets]
        steps = [
            letter if len(axis) > 1 else sp.Integer(axis[0])
            for letter, axis in zip(letters, box, strict=False)
        ]
        signs: list[Layout] = []
        for step, axis in zip(steps, box, strict=True):
            if len(axis) > 1:
                start = row(
                    self.typesetter(step),
                    Atom("=", "relation"),
                    self.typesetter.place(sp.Integer(axis[0])),
                )
                end = self.typesetter.place(sp.Integer(axis[-1]))
                signs.append(Scripts(Atom("∑", "operator"), above=end, below=start))
        places = tuple(
            sp.expand(place - offset + step)
            for place, offset, step in zip(taken, offsets[0], steps, strict=True)
        )
        argument = self.formula(base, places)
        if first.op != "matmul":
            total = row(*signs, argument)
            return total if view.op != "shift" else self._share(view, at, total)
        argument = Fence(argument) if isinstance(argument, Sum) else argument
        matrix = with_index(self.parameter(first), self.typesetter.index(tuple(steps)))
        weight = first.parameter
        assert weight is not None
        if weight.parametrization == "standard":
            return row(*signs, matrix, argument)
        scale, fan_in = self.typesetter(weight.std.symbol), fan_in_of(base, self.typesetter)
        factor = scale if fan_in == _ONE else Fraction(scale, Root(fan_in))
        return row(factor, *signs, matrix, argument)

    # Positions put together.

    def _share(self, node: Node, at: Index, layout: Layout) -> Layout:
        """A view of a window divided by how many of its positions lie inside, where it is."""
        if node["edge"] != "inside":
            return layout
        (link,) = Shift().links(node)
        own = dict(zip(indices(len(at)), at, strict=True))
        covered = [counted(part).xreplace(own) for part in link.coefficient.atoms(Covered)]
        return row(Fraction(_ONE, self.typesetter(sp.Mul(*covered))), layout)

    def _pool(self, node: Node, at: Index) -> Layout:
        (part,) = node.inputs
        rank, kind = len(part.positions), node["kind"]
        if kind in ("first", "last"):
            ends = (sp.S.One,) * rank if kind == "first" else part.positions
            return self.formula(part, ends)
        own = indices(rank)
        if set(own) & {s for place in at for s in symbols_in(place)}:
            own = bound_indices(rank)
        limits = [(s, 1, size) for s, size in zip(own, part.positions, strict=True)]
        if kind == "flatten":
            return self._flattened(part, own, self._over(limits))
        total = row(self._over(limits), self._factor_of_sum(part, own))
        count = self.typesetter(sp.Mul(*part.positions))
        match kind:
            case "mean":
                return row(Fraction(_ONE, count), total)
            case _:
                return total

    def _flattened(self, part: Node, at: Index, over: Layout) -> Layout:
        """sigma / sqrt(n T) sum_t v_t h_t, of the weights of all positions."""
        weight = part.parameter
        assert weight is not None
        count = self.typesetter(sp.Mul(*part.positions))
        total = row(over, self.matrix(part, at), self.argument(part, at))
        if weight.parametrization == "standard":
            return row(Fraction(_ONE, Root(count)), total)
        fan_in = row(fan_in_of(part.inputs[0], self.typesetter), count)
        return row(Fraction(self.typesetter(weight.std.symbol), Root(fan_in)), total)

    def _over(self, limits: list[tuple[sp.Symbol, int, sp.Expr]]) -> Layout:
        return self.typesetter.sum_sign([sp.Tuple(*limit) for limit in limits])

    def _factor_of_sum(self, node: Node, at: Index) -> Layout:
        layout = self.formula(node, at)
        return Fence(layout) if isinstance(layout, Sum) else layout

    def _state(self, node: Node, at: Index) -> Layout:
        """h_{t-1}, by the name of its loop."""
        loop = next(n for n in self.graph.nodes if n.op == "scan" and n["state"] == node)
        before = tuple(place - 1 for place in at)
        return with_index(self.vectors[loop].layout, self.typesetter.index(before))

    def _attention(self, node: Node, at: Index) -> Layout:
        r = self._key_index(at)
        value = self._factor_of_sum(node.inputs[2], (r,))
        return row(
            self._over([(r, 1, node.inputs[2].positions[0])]), self._weight(node, at, r), value
        )

    @staticmethod
    def _key_index(at: Index) -> sp.Symbol:
        taken = {s for place in at for s in symbols_in(place)}
        return next(s for level in range(4) if (s := bound_indices(1, level=level)[0]) not in taken)

    def _weight(self, node: Node, at: Index, r: sp.Symbol) -> Layout:
        kernel = Kernel("weight", None, self.graph.names[node], "aa")
        letter = self.typesetter.attention_letter(kernel)
        return with_index(letter, self.typesetter.index((*at, r)))

    def _weights(self, node: Node, at: Index) -> Line:
        """a_{t,r} = softmax over r of the logits."""
        r = self._key_index(at)
        query, key = (
            self._bracketed(part, place)
            for part, place in zip(node.inputs, (at, (r,)), strict=False)
        )
        size = fan_in_of(node.inputs[0], self.typesetter)
        scale = size if node["scaling"] == "1/d" else Root(size)
        logits = Fraction(row(_raised(query), key), scale)
        left = self._weight(node, at, r)
        if node["mechanism"] == "identity":
            return Line(left, logits)
        sign = Scripts(Atom("softmax", "operator"), below=self.typesetter(r))
        return Line(left, Apply(sign, Fence(logits)))

    def _bracketed(self, node: Node, at: Index) -> Layout:
        layout = self.formula(node, at)
        return layout if node in self.vectors else Fence(layout)


def _raised(vector: Layout) -> Layout:
    return transposed(vector)


def _taken(node: Node) -> Index:
    """From where a shift takes its vector at t or (i, j), positions counted from 1."""
    (link,) = Shift().links(node)
    return tuple(map(shown, link.index))


def _moved(node: Node, at: Index) -> Index:
    """Where a shifted sequence takes its vectors from."""
    own = dict(zip(indices(len(at)), at, strict=True))
    return tuple(sp.expand(place.xreplace(own)) for place in _taken(node))


def with_column(matrix: Layout, column: Layout) -> Layout:
    """E_{:,x_t}; (E_g)_{:,x_t} where the name has an index itself."""
    if isinstance(matrix, Scripts) and matrix.below is not None:
        matrix = Fence(matrix)
    return with_index(matrix, column)


Pair = tuple[Node, sp.Expr]


def _families(pairs: list[Pair]) -> list[list[Pair]]:
    """Terms with one coefficient that apply matrices of one weight to one shifted sequence."""
    found: dict[object, list[Pair]] = {}
    for part, coefficient in pairs:
        view = part
        if part.op == "matmul":
            if "tap" not in dict(part.settings):
                continue
            view = part.inputs[0]
        if not view.positions:
            continue
        base = view.inputs[0] if view.op == "shift" else view
        kind = (view["stride"], view["edge"]) if view.op == "shift" else None
        stride = kind[0] if kind else (1,) * len(view.positions)
        key = (part.op == "matmul" and part.parameter, base, stride, coefficient)
        found.setdefault(key, []).append((part, coefficient))
    return list(found.values())


def _offset(part: Node) -> tuple[int, ...]:
    view = part.inputs[0] if part.op == "matmul" else part
    if view.op != "shift":
        return (0,) * len(view.positions)
    return tuple(int(place.as_coeff_Add()[0]) for place in _taken(view))


def _box(offsets: list[tuple[int, ...]]) -> tuple[range, ...] | None:
    """The ranges that offsets fill, each once; None where they leave some out."""
    ranges = tuple(range(min(axis), max(axis) + 1) for axis in zip(*offsets, strict=True))
    if sorted(offsets) != list(product(*ranges)):
        return None
    return ranges
