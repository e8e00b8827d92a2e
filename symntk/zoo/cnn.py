"""The convolutional network, over tokens, vectors or images."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from symntk.activations import Activation, activation
from symntk.errors import UsageError
from symntk.graph import Graph, Node, flatten, image, sequence, tokens
from symntk.graph.weights import Number
from symntk.zoo.pooling import pooled
from symntk.zoo.scales import bias, weight, with_short_names

INPUTS = ("tokens", "vectors", "images")


@with_short_names
def cnn(
    depth: int = 1,
    act: str | sp.Expr | Activation = "relu",
    window: int = 3,
    padding: Literal["same", "valid", "full", "circular"] = "same",
    pool: str = "sum",
    inputs: Literal["tokens", "vectors", "images"] = "tokens",
    residual: bool = False,
    average: bool = False,
    e_std: Number = 1,
    w_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """s(x) = sigma_v / sqrt(n) v . sum_p phi(u_p),  u_p = sigma_w / sqrt(n) sum_o W_o e_(p + o).

    One matrix for each offset o in the window, the sum over offsets (the mean in the sense of
    neural-tangents with ``average``: divided by sqrt(window)), zeros beyond the edges.
    e_t = sigma_e E[:, x_t] for tokens; the vectors or pixels themselves for other inputs.
    depth: convolutional layers, an activation behind each.
    pool: "sum", "mean", "first" or "last" over positions, or "flatten".
    residual: from the second layer on, u' = u + conv(phi(u)).
    """
    phi = activation(act)
    h = _source(inputs, e_std)
    u = None
    for layer in range(1, depth + 1):
        label = "" if depth == 1 else str(layer)
        new = _convolution(h, label, window, padding, average, w_std, b_std)
        u = (u + new if residual and u is not None else new).named(f"u{label}")
        h = phi(u)
    end = flatten(h) if pool == "flatten" else pooled(h, pool)
    kind = "residual convolutional network" if residual else "convolutional network"
    return Graph(weight("v", v_std) @ end, f"{kind} over {inputs} ({phi.title})")


def _source(inputs: str, e_std: Number) -> Node:
    match inputs:
        case "tokens":
            return (weight("E", e_std, "e") @ tokens("x")).named("e")
        case "vectors":
            return sequence("x")
        case "images":
            return image("x")
        case _:
            raise UsageError(f"unknown inputs {inputs!r}; use {', '.join(INPUTS)}")


def _convolution(
    h: Node, label: str, window: int, padding: str, average: bool, w_std: Number, b_std: Number
) -> Node:
    w = weight(f"W{label}", w_std, "w")
    views = h.taps(window, padding)
    first = -(window - 1) // 2 if padding == "same" and len(h.positions) == 1 else 0
    terms = [w[first + o] @ view for o, view in enumerate(views)]
    u = sum(terms[1:], start=terms[0])
    if average:
        u = u * (1 / sp.sqrt(len(views)))
    b = bias(f"b{label}", b_std)
    return u if b is None else u + b
