"""The transformer encoder: attention and a feed-forward layer, each with a residual and a norm."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from symntk.activations import Activation, activation
from symntk.graph import Graph, Node, attention, layer_norm, positions, tokens
from symntk.graph.weights import Number
from symntk.zoo.pooling import Pool, pooled
from symntk.zoo.scales import weight, with_short_names


@with_short_names
def transformer(
    depth: int = 1,
    act: str | sp.Expr | Activation = "relu",
    norm: bool = True,
    pool: Pool = "mean",
    scaling: Literal["1/d", "1/sqrt(d)"] = "1/d",
    e_std: Number = 1,
    p_std: Number = 0,
    q_std: Number = 1,
    k_std: Number = 1,
    value_std: Number = 1,
    w1_std: Number = 1,
    w2_std: Number = 1,
    v_std: Number = 1,
) -> Graph:
    """s(x) = sigma_v / sqrt(n) v . mean_t o_t of blocks o = LN(z + W2 phi(W1 z)), z = LN(h + a).

    a is self-attention over h with weights WQ, WK, WV of their own, LN a layer norm without gain
    and bias (left out with ``norm=False``); the first h_t = sigma_e E[:, x_t] + sigma_p P[:, t].
    p_std: sigma of the trainable position encoding; 0 for none.
    """
    phi = activation(act)
    x = tokens("x")
    h = weight("E", e_std, "e") @ x
    if p_std:
        h = h + weight("P", p_std, "p") @ positions(x)
    h = h.named("h0" if depth > 1 else "h")
    rest = layer_norm if norm else (lambda node: node)
    for block in range(1, depth + 1):
        label = "" if depth == 1 else str(block)

        def dense(name: str, std: Number, symbol: str, node: Node, label: str = label) -> Node:
            return weight(f"{name}{'_' if label else ''}{label}", std, symbol) @ node

        a = attention(
            dense("WQ", q_std, "q", h),
            dense("WK", k_std, "k", h),
            dense("WV", value_std, "V", h),
            scaling,
            "many" if scaling == "1/sqrt(d)" else "one",
        )
        z = rest(h + a)
        h = rest(z + dense("W2", w2_std, "2", phi(dense("W1", w1_std, "1", z))))
    blocks = "one block" if depth == 1 else f"{depth} blocks"
    return Graph(weight("v", v_std) @ pooled(h, pool), f"transformer of {blocks} ({phi.title})")
