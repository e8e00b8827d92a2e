"""Random networks of sequences and images, for hypothesis.

`graphs` stays inside the theory: activations take jointly Gaussian vectors, the readout is
independent of the rest, and attention has deterministic weights.  `wild_graphs` uses the whole
language, whether it has a limit or not, for what does not ask for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from symntk.activations import ACTIVATIONS, activation
from symntk.errors import GraphError
from symntk.graph import (
    Bias,
    Graph,
    Node,
    Scale,
    Weight,
    add,
    attention,
    average_pool,
    conv,
    flatten,
    image,
    layer_norm,
    positions,
    repeat,
    rms,
    scan,
    sequence,
    sinusoid,
    sum_pool,
    tokens,
)

T = TypeVar("T")
Layer = Callable[["Draft", Node], Node]

PHIS = {name: ACTIVATIONS[name] for name in ("relu", "erf", "gelu", "sin")} | {
    "shifted": activation("max(x, 0) - x**2/4 + 1/3")
}

_noise = np.random.default_rng(7).normal

INPUTS: dict[str, Any] = {
    "tokens": [[0, 1, 2, 1, 0, 3], [2, 2, 1, 0, 3, 1, 4], [1, 0, 1, 1, 2, 2]],
    "sequence": [_noise(size=(length, 3)) for length in (6, 7, 6)],
    "image": _noise(size=(3, 4, 5, 2)),
}
"""Inputs on which every network of `graphs` of a kind has positions left."""


class Draft:
    """A network under construction: fresh names, and scales drawn once for each."""

    def __init__(self, draw: Any, source: Node) -> None:
        self.draw = draw
        self.source = source
        self.count = 0

    def one_of(self, *choices: T) -> T:
        return self.draw(st.sampled_from(choices))

    def weight(self) -> Weight:
        self.count += 1
        name = f"W{self.count}"
        return Weight(name, Scale.of(f"sigma_{name}", self.one_of(0.6, 1.0, 1.3)))

    def bias(self) -> Bias:
        self.count += 1
        name = f"b{self.count}"
        return Bias(name, Scale.of(f"sigma_{name}", self.one_of(0.3, 0.6)))

    def dense(self, node: Node) -> Node:
        z = self.weight() @ node
        return z + self.bias() if self.one_of(False, True) else z

    def phi(self, node: Node) -> Node:
        return PHIS[self.one_of(*sorted(PHIS))](node)


# from one Gaussian vector at every position to another


def hidden(draft: Draft, z: Node) -> Node:
    return draft.dense(draft.phi(z))


def residual(draft: Draft, z: Node) -> Node:
    return z + draft.weight() @ draft.phi(draft.dense(z))


def gate(draft: Draft, z: Node) -> Node:
    return draft.dense(draft.dense(z) * (draft.weight() @ z))


def normed(draft: Draft, z: Node) -> Node:
    return draft.dense(layer_norm(draft.phi(z), eps=0.1))


def shared(draft: Draft, z: Node) -> Node:
    weight = draft.weight()
    return weight @ draft.phi(weight @ draft.phi(z)) + weight @ draft.phi(z)


def blocks(draft: Draft, z: Node) -> Node:
    return repeat(lambda h: hidden(draft, h), z, 2)


def convolution(draft: Draft, z: Node) -> Node:
    edge, stride = draft.one_of(("same", 1), ("valid", 1), ("valid", 2), ("circular", 1))
    size = 2 if edge == "valid" else draft.one_of(2, 3)
    total = size ** len(z.positions)
    return conv(draft.weight(), draft.phi(z), size, edge, stride) / sp.sqrt(total)


def pooled(draft: Draft, z: Node) -> Node:
    if draft.one_of(False, True):
        return draft.dense(average_pool(draft.phi(z), 2))
    return sum_pool(z, 2, stride=1, edge="same") / 2


def neighbour(draft: Draft, z: Node) -> Node:
    by, edge = draft.one_of(-2, -1, 1), draft.one_of("zero", "circular")
    return draft.weight() @ draft.phi(z).shift(by, edge) + draft.weight() @ z


def trimmed(draft: Draft, z: Node) -> Node:
    earlier, later = z.shift(-1, "valid"), z.shift(1, "valid")
    return draft.weight() @ draft.phi(earlier) + draft.weight() @ draft.phi(later)


def attended(draft: Draft, z: Node) -> Node:
    tied = draft.dense(z)
    query, key = (tied, tied) if draft.one_of(False, True) else (draft.dense(z), draft.weight() @ z)
    return z + draft.weight() @ attention(query, key, draft.weight() @ z, "1/d")


def recurrent(draft: Draft, z: Node) -> Node:
    weight, start = draft.weight(), draft.bias() if draft.one_of(False, True) else None
    phi = PHIS[draft.one_of(*sorted(PHIS))]
    return draft.dense(scan(lambda h, u: phi(weight @ h + u), over=z, start=start))


def linear_loop(draft: Draft, z: Node) -> Node:
    weight = draft.weight()
    return scan(lambda h, u: (weight @ h + u) / 2, over=z)


def by_token(draft: Draft, z: Node) -> Node:
    x = draft.source
    if not x.is_one_hot or z.positions != x.positions:
        return hidden(draft, z)
    index = draft.one_of(x, x.shift(-1), x.shift(1, "circular"), positions(x))
    return draft.weight()[index] @ draft.phi(z)


def token_loop(draft: Draft, z: Node) -> Node:
    x, weight = draft.source, draft.weight()
    if not x.is_one_hot or z.positions != x.positions:
        return linear_loop(draft, z)
    return scan(lambda h, u: (weight[x] @ h + u) / 2, over=z)


ANYWHERE: tuple[Layer, ...] = (hidden, residual, gate, normed, shared, blocks, convolution, pooled)
ALONG: tuple[Layer, ...] = (
    neighbour, trimmed, attended, recurrent, linear_loop, by_token, token_loop,
)  # fmt: skip


# inputs and outputs


def embedded(draft: Draft) -> Node:
    """The input, through a first matrix, with or without an encoding of the positions."""
    x = draft.source
    z = draft.dense(x)
    match draft.one_of("none", "none", "trained", "sinusoid") if len(x.positions) == 1 else "none":
        case "trained":
            return z + draft.weight() @ positions(x)
        case "sinusoid":
            return draft.dense(z + sinusoid(x) / 2)  # a matrix makes it Gaussian
    return z


def readout(draft: Draft, z: Node) -> Node:
    """A number from the vectors at all positions."""
    h = draft.phi(z) if draft.one_of(False, True) else z
    match draft.one_of("sum", "mean", "first", "last", "after", "flatten", "dense"):
        case "sum":
            return draft.weight() @ h.sum()
        case "mean":
            return draft.weight() @ h.mean()
        case "first":
            return draft.weight() @ h.first()
        case "last":
            return draft.weight() @ h.last()
        case "after":
            return (draft.weight() @ h).mean()
        case "flatten":
            return draft.weight() @ flatten(h)
        case _:
            return draft.weight() @ draft.phi(draft.dense(h.mean()))


def source(draw: Any, kinds: Sequence[str], is_fixed: bool = False) -> Node:
    length = draw(st.sampled_from((None, 5))) if is_fixed else None
    match draw(st.sampled_from(sorted(kinds))):
        case "tokens":
            return tokens("x", length)
        case "sequence":
            return sequence("x", 3, length)
        case _:
            return image("x", 2, None if length is None else (length, 6))


@st.composite
def graphs(
    draw: Any,
    kinds: Sequence[str] = ("tokens", "sequence", "image"),
    max_layers: int = 2,
    without: Sequence[Layer] = (),
) -> Graph:
    """Networks of up to ``max_layers`` layers over one input x; none of the layers ``without``."""
    draft = Draft(draw, source(draw, kinds))
    z = embedded(draft)
    known = ANYWHERE + ALONG if len(z.positions) == 1 else ANYWHERE
    layers = st.sampled_from([layer for layer in known if layer not in without])
    for layer in draw(st.lists(layers, max_size=max_layers)):
        z = layer(draft, z)
    return Graph(readout(draft, z))


# the whole language


def window(draft: Draft, z: Node) -> Node:
    rank = len(z.positions)
    edges = ("same", "full", "valid", "circular")
    stride = draft.one_of(1, 2)
    size = draft.one_of(1, 2, 3, (3, 2)) if rank == 2 else draft.one_of(1, 2, 3)
    return conv(draft.weight(), z, size, draft.one_of(*edges), stride) * draft.one_of(1, -1, 0.5)


def some_views(draft: Draft, z: Node) -> Node:
    edge, stride = draft.one_of("same", "full", "valid", "circular"), draft.one_of(1, 2)
    views = z.taps(2, edge, stride)
    first, second = draft.one_of(*views), draft.one_of(*views)
    return add((draft.phi(first), 1), (draft.weight()[3] @ second, draft.one_of(1, sp.sqrt(2))))


def any_pool(draft: Draft, z: Node) -> Node:
    size, stride = draft.one_of(1, 2, 3), draft.one_of(None, 1, 2)
    if draft.one_of(False, True):
        return average_pool(z, size, stride, "inside") + draft.weight() @ z.taps(2, "inside")[0]
    pool = draft.one_of(average_pool, sum_pool)
    return pool(z, size, stride, draft.one_of("same", "valid", "full")) - draft.bias()


def any_attention(draft: Draft, z: Node) -> Node:
    return attention(
        draft.dense(z),
        draft.dense(z),
        draft.phi(z),
        draft.one_of("1/d", "1/sqrt(d)"),
        draft.one_of("one", "many"),
        draft.one_of("softmax", "identity"),
    )


def cell(draft: Draft, z: Node) -> Node:
    """A loop whose step has vectors with names, or that are used twice."""
    weight, inner = draft.weight(), draft.weight()
    state, name = draft.one_of("", f"h_{weight}"), draft.one_of("", f"u_{weight}")
    start = draft.one_of(None, draft.bias(), draft.dense(z.mean()))

    def step(h: Node) -> Node:
        u = weight @ (h.named(state) if state else h) + z
        u = u.named(name) if name else u
        return repeat(lambda g: g + inner @ g, u * PHIS["relu"](u), 2)

    return scan(step, start=start)


def stacked(draft: Draft, z: Node) -> Node:
    inner, outer = draft.weight(), draft.weight()
    return scan(lambda h: outer @ h + scan(lambda g: PHIS["erf"](inner @ g + z)))


def loop_in_block(draft: Draft, z: Node) -> Node:
    weight, times = draft.weight(), draft.one_of(2, "L")

    def block(g: Node) -> Node:
        def step(h: Node) -> Node:
            u = weight @ h + g
            return u * PHIS["sin"](u)

        return scan(step)

    return repeat(block, z, times)


def lengths(draft: Draft, z: Node) -> Node:
    return z + draft.weight() @ positions(z)


def scaled(draft: Draft, z: Node) -> Node:
    return rms(z) * draft.phi(z)


WILD: tuple[Layer, ...] = (window, some_views, any_pool, lengths, scaled)
WILD_ALONG: tuple[Layer, ...] = (any_attention, cell, stacked, loop_in_block)


@st.composite
def wild_graphs(draw: Any) -> Graph:
    """Networks of every operation and setting of the language, with names for some vectors."""
    draft = Draft(draw, source(draw, ("tokens", "sequence", "image"), is_fixed=True))
    z = embedded(draft)
    for _ in range(draw(st.integers(1, 4))):
        known = ANYWHERE + WILD + (ALONG + WILD_ALONG if len(z.positions) == 1 else ())
        try:
            layer = draw(st.sampled_from(known))(draft, z)
        except GraphError:  # such as a window longer than the sequence: draw another one
            continue
        draft.count += 1
        z = layer.named(f"u{draft.count}") if draft.one_of(False, False, True) else layer
    return Graph(readout(draft, z), draw(st.sampled_from(("", "a title"))))
