"""The paper's multilayer perceptron over tokens: a bag of words."""

from __future__ import annotations

import sympy as sp

from symntk.activations import Activation, activation
from symntk.graph import Graph, Node, repeat, tokens
from symntk.graph.weights import Number
from symntk.zoo.pooling import Pool, pooled
from symntk.zoo.scales import bias, weight, with_short_names


@with_short_names
def bow(
    depth: int | str | sp.Symbol = 1,
    act: str | sp.Expr | Activation = "relu",
    pool: Pool = "sum",
    e_std: Number = 1,
    w_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """s(x) = sigma_v / sqrt(n) v . sum_t phi(u_t),  u_t = sigma_w / sqrt(n) W e_t + sigma_b b.

    e_t = sigma_e E[:, x_t] is the embedding of the token x_t.  Sun, Li, Lu (2023), section 3.
    depth: the number of hidden layers between the embedding and the sum over positions.
    pool: "sum" or "mean" over positions.
    b_std: 0 for no biases.
    """
    phi = activation(act)
    x = tokens("x")
    e = (weight("E", e_std, "e") @ x).named("e")

    def dense(label: str, h: Node) -> Node:
        z = weight(f"W{label}", w_std, "w") @ h
        b = bias(f"b{label}", b_std)
        return z if b is None else z + b

    hidden = sp.Symbol(depth, integer=True, positive=True) if isinstance(depth, str) else depth
    if hidden == 1:
        u = dense("", e).named("u")
    else:
        u = repeat(lambda z: dense("", phi(z)), dense("1", e).named("u"), hidden - 1)
    s = weight("v", v_std) @ pooled(phi(u), pool)
    return Graph(s, f"token multilayer perceptron ({phi.title})")
