"""symntk: networks of the zoo and of the graph language, derived and compiled."""

from __future__ import annotations

from typing import Any, Literal

import symntk as sn

Pool = Literal["last", "mean"]


def mlp(act: str, depth: int, w_std: float, b_std: float = 0, dtype: str = "float64") -> Any:
    """A multilayer perceptron on vectors."""
    return _compiled(sn.zoo.mlp(depth, act, w_std=w_std, b_std=b_std), dtype)


def bag(act: str) -> Any:
    """A perceptron at each token, summed over the document."""
    return _compiled(sn.zoo.bow(act=act))


def tokens_cnn(act: str) -> Any:
    """A convolution over tokens, window 3, summed over positions."""
    return _compiled(sn.zoo.cnn(act=act, average=True))


def vectors_cnn(act: str, depth: int) -> Any:
    """Convolutions over vectors, window 3, summed over positions."""
    return _compiled(sn.zoo.cnn(depth, act, inputs="vectors", average=True))


def images_cnn(act: str, depth: int) -> Any:
    """Convolutions over images, window 3 x 3, summed over pixels."""
    return _compiled(sn.zoo.cnn(depth, act, inputs="images", average=True))


def tokens_rnn(act: str, pool: Pool) -> Any:
    """An Elman network over tokens."""
    return _compiled(sn.zoo.rnn(act=act, pool=pool))


def vectors_rnn(act: str, pool: Pool) -> Any:
    """An Elman network over vectors."""
    return _compiled(sn.zoo.rnn(act=act, pool=pool, inputs="vectors"))


def attention(act: str) -> Any:
    """Attention over vectors with one matrix for queries and keys, a perceptron behind it, a sum.

    f = v . sum_t phi(U sum_r softmax_r(Q x_t . Q x_r / n) V x_r)
    """
    x = sn.sequence("x")
    Q, V, U, v = sn.weights("Q V U v")
    y = sn.attention(Q @ x, Q @ x, V @ x, "1/d")
    return _compiled(sn.Graph(v @ sn.activation(act)(U @ y).sum()))


def self_attention() -> Any:
    """Attention over tokens with queries, keys and values in one, logits scaled by the width."""
    return _compiled(sn.zoo.sa())


def heads() -> Any:
    """Infinitely many heads over tokens, logits scaled by the root of the width."""
    return _compiled(sn.zoo.sa(separate=True, scaling="1/sqrt(d)"))


def transformer(act: str) -> Any:
    """A transformer block over tokens, logits scaled by the width, the mean over positions."""
    return _compiled(sn.zoo.transformer(act=act))


def _compiled(graph: sn.Graph, dtype: str = "float64") -> Any:
    return sn.derive(graph).compile(dtype=dtype)
