"""Sequences and grids: where they come from, and the operations that move along positions.

x = tokens("x"); E, W, v = weights("E W v")
f = v @ relu(W @ (E @ x)).sum()                                  # s = v . sum_t phi(W E x_t)
f = v @ relu(sum(W[k] @ (E @ x).shift(k) for k in (-1, 0, 1))).sum()       # a window of three
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product as combinations
from typing import Literal, TypeAlias

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.language import add, matmul, require_dense
from symntk.graph.naming import require_name
from symntk.graph.nodes import Node, Width, describe_width
from symntk.graph.padding import windows
from symntk.graph.positions import Positions, length, require_positions
from symntk.graph.weights import Weight, require_size

Edge: TypeAlias = Literal["zero", "valid", "circular"]
Padding: TypeAlias = Literal["valid", "same", "full", "circular", "inside"]
Pooling: TypeAlias = Literal["sum", "mean", "first", "last"]

EDGES = ("zero", "valid", "circular")
PADDINGS = ("valid", "same", "full", "circular")
PADDINGS_OF_MEANS = (*PADDINGS, "inside")


def tokens(name: str, length: int | None = None) -> Node:
    """A sequence of tokens x_0, ..., x_(T-1), as one-hot vectors; its kernel is [x_t = x'_t'].

    Sequences of one batch may differ in length; ``length`` fixes it.
    """
    require_name(name, "an input")
    return _input(name, f"one-hot:{name}", _axes(name, (length,)))


def sequence(name: str, dim: int | None = None, length: int | None = None) -> Node:
    """A sequence of dense vectors x_t in R^dim; its kernel is x_t . x'_t' / dim."""
    require_name(name, "an input")
    width: Width = f"d:{name}" if dim is None else require_size(dim, f"{name}: a dimension")
    return _input(name, width, _axes(name, (length,)))


def image(name: str, channels: int | None = None, shape: tuple[int, int] | None = None) -> Node:
    """A grid of vectors x_ij in R^channels, an image; its kernel is x_ij . x'_i'j' / channels."""
    require_name(name, "an input")
    width: Width = f"d:{name}" if channels is None else require_size(channels, f"{name}: channels")
    if shape is not None and len(shape) != 2:
        raise GraphError(f"{name}: the shape of an image is (height, width), not {shape}")
    return _input(name, width, _axes(name, shape or (None, None)))


def _axes(name: str, sizes: Sequence[int | None]) -> Positions:
    return tuple(
        length(name, axis, len(sizes))
        if size is None
        else sp.Integer(require_size(size, f"{name}: a length"))
        for axis, size in enumerate(sizes)
    )


def _input(name: str, width: Width, positions: Positions) -> Node:
    return Node("input", settings=(("name", name),), width=width, name=name, positions=positions)


def positions(*of: Node | int) -> Node:
    """The positions 0, 1, ... of a sequence or a grid as one-hot vectors: P @ positions(x) is a
    trainable position encoding.

    of: the sequence or grid, or the lengths of its axes.
    """
    shape = _shape("positions", of)
    if not shape:
        raise GraphError("positions(...) takes a sequence or a grid, not a single vector")
    return Node("positions", width="one-hot:positions", positions=shape)


def sinusoid(*of: Node | int) -> Node:
    """The fixed sinusoidal encoding of the positions of a sequence: sin(w_k t), cos(w_k t) with
    w_k = 10000^(-2 k / n) (Vaswani et al. 2017, section 3.5).

    of: the sequence, or its length.
    """
    shape = _shape("sinusoid", of)
    require_positions("sinusoid(...)", 1, shape)
    return Node("sinusoid", positions=shape)


def _shape(name: str, of: Sequence[Node | int]) -> Positions:
    """The axes of a sequence or grid, or those whose lengths are given."""
    match of:
        case [Node() as node]:
            return node.positions
        case [int()] | [int(), int()]:
            return tuple(sp.Integer(require_size(size, f"{name}: a length")) for size in of)
        case _:
            raise GraphError(f"{name}(...) takes a sequence, or its length")


def shift(node: Node, by: int, edge: str = "zero") -> Node:
    """The sequence of h_(t + by).

    edge: what stands where t + by lies outside: "zero", or the other end ("circular"); "valid"
    leaves such positions out: the sequence is ``by`` shorter.
    """
    require_positions("shift", 1, node.positions)
    (size,) = node.positions
    if isinstance(by, bool) or not isinstance(by, int):
        raise GraphError(f"a sequence is shifted by a whole number of positions, not {by!r}")
    match edge:
        case "zero" | "circular":
            return moved(node, (by,), (1,), edge, (size,))
        case "valid":
            return moved(node, (max(by, 0),), (1,), edge, (size - abs(by),))
        case _:
            raise GraphError(f"unknown edge {edge!r}; use {', '.join(EDGES)}")


@dataclass(frozen=True, slots=True)
class View:
    """How a shifted sequence was asked for: view number ``index`` of `taps`."""

    size: tuple[int, ...]
    edge: str
    stride: tuple[int, ...]
    index: int


def moved(
    node: Node,
    offset: tuple[int, ...],
    stride: tuple[int, ...],
    edge: str,
    shape: Positions,
    window: tuple[int, ...] = (),
    view: View | None = None,
) -> Node:
    """y_p = h_(stride p + offset) for p in ``shape``; ``view`` only says how it is printed.

    window: the sizes of a window that begins `symntk.graph.padding.zeros_before` position 0, from
        where ``offset`` is counted; () where it is counted from position 0.
    edge: "inside": divided by how many positions of the window lie inside.
    """
    if not any(offset) and set(stride) == {1} and shape == node.positions and not window:
        return node
    for total, rest in zip(node.positions, shape, strict=True):
        if rest.is_nonpositive:
            raise GraphError(f"no position is left of a sequence of length {total}")
    settings = (
        ("offset", offset),
        ("stride", stride),
        ("edge", edge),
        ("window", window),
        ("view", view),
    )
    return Node("shift", (node,), settings=settings, width=node.width, positions=shape)


def taps(
    node: Node,
    size: int | tuple[int, ...],
    edge: str = "same",
    stride: int | tuple[int, ...] = 1,
) -> tuple[Node, ...]:
    """The views of a sliding window over a sequence or a grid: one for each offset in it.

    View o is the sequence of h_(stride p + o - left); a convolution is sum_o W[o] @ view_o.
    edge: "valid" (windows inside: ceil((T - size + 1) / stride) of them), "same" (zeros around,
    ceil(T / stride) windows), "full" (every overlap, T + size - 1 windows), or "circular".
    With "same" and "circular" the zeros on the left are floor(p / 2) of
    p = max((windows - 1) stride + size - T, 0).  "inside": as "same", divided by how many positions
    of the window lie inside, so that the views add up to a mean that counts no zeros.
    """
    rank = len(node.positions)
    if not rank:
        raise GraphError("a sliding window takes a sequence or a grid, not a single vector")
    sizes, strides = _per_axis(size, rank, "a window"), _per_axis(stride, rank, "a stride")
    if edge not in PADDINGS_OF_MEANS:
        raise GraphError(f"unknown edge {edge!r}; use {', '.join(PADDINGS)}")
    axes = [
        windows(total, width, step, edge)
        for total, width, step in zip(node.positions, sizes, strides, strict=True)
    ]
    shape = tuple(count for count, _ in axes)
    kind = edge if edge in ("valid", "circular", "inside") else "zero"
    is_fixed = edge != "inside" and all(left.is_Integer for _, left in axes)
    before = tuple(int(left) if is_fixed else 0 for _, left in axes)
    return tuple(
        moved(
            node,
            tuple(o - left for o, left in zip(offsets, before, strict=True)),
            strides,
            kind,
            shape,
            () if is_fixed else sizes,
            View(sizes, edge, strides, index),
        )
        for index, offsets in enumerate(combinations(*map(range, sizes)))
    )


def _per_axis(value: int | tuple[int, ...], rank: int, what: str) -> tuple[int, ...]:
    values = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(values) != rank:
        raise GraphError(f"{what} needs {rank} numbers, one for each axis, not {values}")
    return tuple(require_size(item, what) for item in values)


def pool(node: Node, kind: Pooling) -> Node:
    """The sum or the mean over all positions, or the vector at the first or the last one."""
    if not node.positions:
        raise GraphError(f"{kind}() takes a sequence or a grid, not a single vector")
    if kind in ("sum", "mean"):
        require_dense(f".{kind}()", (node,))
    return Node("pool", (node,), settings=(("kind", kind),), width=node.width)


def conv(
    weight: Weight,
    node: Node,
    size: int | tuple[int, ...],
    edge: str = "same",
    stride: int | tuple[int, ...] = 1,
) -> Node:
    """The convolution sum_o W[o] @ view_o over the views of a sliding window, see `taps`.

    It is a sum over the window; divided by the root of the window's size it is the convolution of
    neural-tangents, whose fan-in counts the window.
    """
    if not isinstance(weight, Weight):
        raise GraphError(f"conv takes a weight first, as in conv(W, h, 3), not {weight}")
    _require_sum("conv", edge)
    views = taps(node, size, edge, stride)
    return add(*((matmul(weight, view, index), 1) for index, view in enumerate(views)))


def average_pool(
    node: Node,
    size: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None = None,
    edge: str = "valid",
) -> Node:
    """The mean over a sliding window, see `taps`; zeros beyond the edge count in the mean, but not
    with the edge "inside".
    """
    views = taps(node, size, edge, size if stride is None else stride)
    total = sum(views[1:], start=views[0])
    return total if edge == "inside" else total / len(views)


def sum_pool(
    node: Node,
    size: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None = None,
    edge: str = "valid",
) -> Node:
    """The sum over a sliding window, see `taps`."""
    _require_sum("sum_pool", edge)
    views = taps(node, size, edge, size if stride is None else stride)
    return sum(views[1:], start=views[0])


def _require_sum(what: str, edge: str) -> None:
    """GraphError for the edge that only a mean has."""
    if edge == "inside":
        raise GraphError(f'{what}: only a mean, average_pool, has the edge "inside"')


@dataclass(frozen=True, slots=True)
class Flattened:
    """All vectors of a sequence or grid as one long vector; only a weight can be applied to it."""

    node: Node


def flatten(node: Node) -> Flattened:
    """The vectors of all positions one after the other, for a dense layer W @ flatten(h)."""
    require_dense("flatten(...)", (node,))
    if not node.positions:
        raise GraphError("flatten takes a sequence or a grid, not a single vector")
    return Flattened(node)


def dense_of_flattened(weight: Weight, flattened: Flattened) -> Node:
    """W @ flatten(h) = 1/sqrt(number of positions) sum_p W[p] @ h_p: a matrix for each position."""
    node = flattened.node
    index = Node("positions", width="one-hot:positions", positions=node.positions)
    settings = (("kind", "flatten"),)
    product = matmul(weight, node, index)
    return Node("pool", (product,), settings=settings, width=product.width)


Scaling: TypeAlias = Literal["1/d", "1/sqrt(d)"]


def attention(
    query: Node,
    key: Node,
    value: Node,
    scaling: str = "1/sqrt(d)",
    heads: str = "one",
    mechanism: str = "softmax",
) -> Node:
    """Self-attention y_t = sum_r a(t, r) value_r with a(t, .) = softmax_r(query_t . key_r / s).

    scaling: s = d ("1/d") or sqrt(d) ("1/sqrt(d)"), d the width of query and key.
    heads: "one", or "many": independent copies of the weights that make query, key and value, whose
    outputs are concatenated, their number going to infinity.
    mechanism: "softmax", or "identity" for weights that are the logits themselves.
    """
    for name, given, allowed in (
        ("scaling", scaling, ("1/d", "1/sqrt(d)")),
        ("heads", heads, ("one", "many")),
        ("mechanism", mechanism, ("softmax", "identity")),
    ):
        if given not in allowed:
            raise GraphError(f"attention: unknown {name} {given!r}; use {' or '.join(allowed)}")
    for node, what in ((query, "query"), (key, "key"), (value, "value")):
        require_positions(f"the {what} of attention", 1, node.positions)
        require_dense(f"the {what} of attention", (node,))
    if key.positions != value.positions:
        raise GraphError("attention: keys and values must have the same positions")
    if query.width != key.width:
        found = " and ".join(describe_width(node.width) for node in (query, key))
        raise GraphError(f"attention: queries and keys must have one width, not {found}")
    settings = (("scaling", scaling), ("heads", heads), ("mechanism", mechanism))
    return Node(
        "attention",
        (query, key, value),
        settings=settings,
        width=value.width,
        positions=query.positions,
    )
