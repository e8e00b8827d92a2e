"""Operations that move along the positions of a sequence or a grid, and one-hot positions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, final

import sympy as sp

from symntk.graph import Node
from symntk.graph.padding import zeros_before
from symntk.graph.positions import Covered, Inside, Same, bound_indices, indices
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law
from symntk.ops.links import Link
from symntk.ops.source import Given

if TYPE_CHECKING:
    from symntk.ops.abstract import Array


@final
class OneHotPositions(Given):
    """The positions as one-hot vectors e_0, e_1, ...; their kernel is [t = t']."""


@final
class Sinusoid(Given):
    """PE_t: sin(w_k t) and cos(w_k t) for frequencies w_k = 10000^(-2 k / n).

    Limit: (1/n) PE_t . PE_t' is `symntk.graph.positions.SinusoidCovariance`.
    """

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """Coordinate 2 k is sin(w_k t), coordinate 2 k + 1 is cos(w_k t)."""
        import numpy as np

        _, length, width = shape
        coordinate = np.arange(width)
        frequency = 10000.0 ** (-2 * (coordinate // 2) / width)
        angle = np.arange(length)[:, None] * frequency
        return np.where(coordinate % 2, np.cos(angle), np.sin(angle))


@final
class State(Given):
    """h_(t-1) inside the loop that defines h_t, the start of the loop at t = 0.

    Its law is that of the loop's body one step earlier, and the loop goes round through weight
    matrices only: what is not behind one would depend on all earlier steps at once.  A finite
    network hands over what the step before has left.
    """


@final
class Scan(AbstractOp):
    """h_t = body(h_(t-1), x_t): the loop's body under the loop's name."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return arguments[0]

    def links(self, node: Node) -> tuple[Link, ...]:
        """The body at the same position."""
        return (Link.plain(node.inputs[0]),)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The body's vectors; the finite network has made them step by step."""
        return arguments[0]

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """All of it goes to the body: the network takes it back through time, to the start."""
        import numpy as np

        return gradient, *map(np.zeros_like, arguments[1:])


def state_links(scan: Node) -> tuple[Link, ...]:
    """The state of a loop: its body one step earlier, and its start at position 0."""
    body, *start = scan.inputs
    (t,) = indices(1)
    (size,) = body.positions
    links = [Link(body, (t - 1,), Inside(t - 1, size))]
    links += [Link(first, (), Same(t, sp.S.Zero)) for first in start]
    return tuple(links)


@final
class Shift(AbstractOp):
    """y_p = h_(stride p + offset): zero outside, or round the circle.

    offset: counted from where the first window begins, if the node says of which window it is a
    view; with the edge "inside" y_p is divided by how many of its positions lie inside.
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        """The law of h at the other position; a Gaussian stays the same Gaussian."""
        (law,) = arguments
        (link,) = self.links(node)
        return law if law.opaque else law.moved(link.index, len(link.index), link.coefficient)

    def links(self, node: Node) -> tuple[Link, ...]:
        """h at the other position, times 1 inside and 0 outside."""
        (argument,) = node.inputs
        index: list[sp.Expr] = []
        share = sp.S.One
        for axis, p in enumerate(indices(len(node.positions))):
            size, count = argument.positions[axis], node.positions[axis]
            begin, there = _begin(node, axis, p, size), _there(node, axis, p, size)
            if node["edge"] == "circular":
                there = sp.Mod(there, size) if there != p else there
            elif node["edge"] != "valid" and not (there == p and size == count):
                share *= _inside(there, p, size, count)
            if node["edge"] == "inside":
                share /= Covered(begin, sp.Integer(node["window"][axis]), size)
            index.append(there)
        return (Link(argument, tuple(index), share),)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """Zeros, and the vectors of h whose positions lie inside."""
        import numpy as np

        (h,) = arguments
        there, here = _moves(node, h.shape, shape)
        output = np.zeros(shape)
        output[here] = h[there]
        return output * _shares(node, h.shape, shape)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """Each vector's gradient goes back where the vector came from; others get none."""
        import numpy as np

        (h,) = arguments
        there, here = _moves(node, h.shape, gradient.shape)
        part = np.zeros(h.shape)
        part[there] = (gradient * _shares(node, h.shape, gradient.shape))[here]
        return (part,)


def _begin(node: Node, axis: int, p: sp.Expr, size: sp.Expr) -> sp.Expr:
    """Where window number p begins: position stride p, less the zeros before the first window."""
    begin = node["stride"][axis] * p
    if not node["window"]:
        return begin
    return begin - zeros_before(size, node["window"][axis], node["stride"][axis])


def _there(node: Node, axis: int, p: sp.Expr, size: sp.Expr) -> sp.Expr:
    return _begin(node, axis, p, size) + node["offset"][axis]


def _moves(
    node: Node, before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Indices of h and of y that belong together: stride p + offset, and p where that is inside."""
    import numpy as np

    there, here = [], []
    for axis, (size, count) in enumerate(zip(before[1:-1], after[1:-1], strict=True)):
        p = np.arange(count)
        place = node["stride"][axis] * p + int(_there(node, axis, sp.S.Zero, sp.Integer(size)))
        if node["edge"] == "circular":
            place %= size
        inside = (place >= 0) & (place < size)
        there.append(place[inside])
        here.append(p[inside])
    return (slice(None), *np.ix_(*there)), (slice(None), *np.ix_(*here))


def _shares(node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> Array:
    """1 / (number of positions of the window that lie inside), shaped to multiply y; else 1."""
    import numpy as np

    shares = np.ones((1,) * len(after))
    if node["edge"] != "inside":
        return shares
    for axis, (size, count) in enumerate(zip(before[1:-1], after[1:-1], strict=True)):
        first = int(_begin(node, axis, sp.S.Zero, sp.Integer(size)))
        begin = node["stride"][axis] * np.arange(count) + first
        inside = np.minimum(begin + node["window"][axis], size) - np.maximum(begin, 0)
        shape = [1] * len(after)
        shape[1 + axis] = count
        shares = shares / inside.reshape(shape)
    return shares


def _inside(there: sp.Expr, p: sp.Symbol, size: sp.Expr, count: sp.Expr) -> sp.Expr:
    """[0 <= there < size] for 0 <= p < count, where ``there`` grows with p."""
    first, last = (there.subs(p, end) for end in (0, count - 1))
    if first.is_nonnegative and (size - 1 - last).is_nonnegative:
        return sp.S.One
    return Inside(there, size)


@final
class Pool(AbstractOp):
    """The sum or mean over all positions, the first or the last vector; Gaussian where h is.

    flatten: the sum over 1/sqrt(number of positions), of products with a matrix per position.
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        (law,) = arguments
        if law.opaque:
            return law
        (link,) = self.links(node)
        if not link.bound:
            return law.moved(link.index, len(link.index), link.coefficient)
        return Law.gaussian(node) if law.is_gaussian else Law((), opaque=True)

    def links(self, node: Node) -> tuple[Link, ...]:
        """Every position, or one of them."""
        (argument,) = node.inputs
        sizes = argument.positions
        match node["kind"]:
            case "first":
                return (Link(argument, (sp.S.Zero,) * len(sizes)),)
            case "last":
                return (Link(argument, tuple(size - 1 for size in sizes)),)
            case "mean":
                share = 1 / sp.Mul(*sizes)
            case "flatten":
                share = 1 / sp.sqrt(sp.Mul(*sizes))
            case _:
                share = sp.S.One
        bound = bound_indices(len(sizes))
        return (Link(argument, bound, share, bound, sizes),)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The sum, the mean, or one of the vectors."""
        import numpy as np

        (h,) = arguments
        if node["kind"] in ("first", "last"):
            return np.asarray(h[_end(node, h)])
        return np.asarray(_share(node, h) * h.sum(tuple(range(1, h.ndim - 1))))

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """The gradient, times its share, at every position, or at the one."""
        import numpy as np

        (h,) = arguments
        if node["kind"] in ("first", "last"):
            part = np.zeros(h.shape)
            part[_end(node, h)] = gradient
            return (part,)
        whole = np.expand_dims(gradient, tuple(range(1, h.ndim - 1)))
        return (_share(node, h) * np.broadcast_to(whole, h.shape),)


def _end(node: Node, h: Array) -> tuple[Any, ...]:
    """The index of the first or the last vector."""
    place = 0 if node["kind"] == "first" else -1
    return (slice(None), *(place for _ in h.shape[1:-1]))


def _share(node: Node, h: Array) -> float:
    """What each of P positions counts: 1 in a sum, 1/P in a mean, 1/sqrt(P) when flattened."""
    exponent = {"sum": 0.0, "mean": -1.0, "flatten": -0.5}[node["kind"]]
    return float(prod(h.shape[1:-1]) ** exponent)
