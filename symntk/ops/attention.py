"""Self-attention."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING, final

from symntk.graph import Node
from symntk.graph.positions import bound_indices, indices
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law, statistic
from symntk.ops.links import Link

if TYPE_CHECKING:
    from symntk.ops.abstract import Array


@final
class Attention(AbstractOp):
    """y_p = sum_r a(p, r) value_r, a(p, .) = softmax(query_p . key_r / s), s = d or sqrt(d).

    Limit, by what query_p . key_r does as the width grows (`symntk.derivation.attention`): where
    the weights a(p, r) converge to constants, a linear map along positions, Gaussian where the
    values are; where they converge to softmaxes of Gaussians, a law of its own.
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        value = arguments[2]
        return Law.gaussian(node) if value.is_gaussian else Law((), opaque=True)

    def links(self, node: Node) -> tuple[Link, ...]:
        """The values, weighted by the limits of the attention weights."""
        _, key, value = node.inputs
        bound = bound_indices(1)
        weight = statistic("weight", node, (*indices(1), *bound))
        return (Link(value, bound, weight, bound, key.positions),)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The heads' outputs one after the other; ``parameter`` is the number of heads."""
        _, _, values = heads = [_split(h, parameter) for h in arguments]
        return _join(_weights(node, heads) @ values)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """Through both factors of a v and, with a' = a (g - sum_r a g), through the softmax."""
        query, key, value = heads = [_split(h, parameter) for h in arguments]
        output_gradient = _split(gradient, parameter)
        weights = _weights(node, heads)
        logits = output_gradient @ value.swapaxes(-1, -2)
        if node["mechanism"] == "softmax":
            logits = weights * (logits - (weights * logits).sum(-1, keepdims=True))
        logits = logits / _temperature(node, query)
        parts = (logits @ key, logits.swapaxes(-1, -2) @ query)
        return (*map(_join, parts), _join(weights.swapaxes(-1, -2) @ output_gradient))


def _weights(node: Node, heads: Sequence[Array]) -> Array:
    """a(p, r) in each head, shape (batch, heads, queries, keys)."""
    import numpy as np

    query, key, _ = heads
    logits = query @ key.swapaxes(-1, -2) / _temperature(node, query)
    if node["mechanism"] == "identity":
        return np.asarray(logits)
    powers = np.exp(logits - logits.max(-1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def _temperature(node: Node, query: Array) -> float:
    """What the logits are divided by: d or sqrt(d), for d the width of a head's queries."""
    width = query.shape[-1]
    return width if node["scaling"] == "1/d" else sqrt(width)


def _split(h: Array, heads: Array | None) -> Array:
    """(batch, T, heads * width) as (batch, heads, T, width)."""
    assert heads is not None
    batch, length, width = h.shape
    return h.reshape(batch, length, int(heads), width // int(heads)).swapaxes(1, 2)


def _join(h: Array) -> Array:
    """(batch, heads, T, width) as (batch, T, heads * width)."""
    batch, heads, length, width = h.shape
    return h.swapaxes(1, 2).reshape(batch, length, heads * width)
