"""Matrix-vector models: the matrix of one word acts on the vector of the next."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from symntk.activations import Activation, activation
from symntk.errors import UsageError
from symntk.graph import Graph, Node, tokens
from symntk.graph.weights import Number
from symntk.zoo.pooling import Pool, pooled
from symntk.zoo.scales import weight, with_short_names

KINDS = ("full", "diagonal", "recursive")


@with_short_names
def mv(
    kind: Literal["full", "diagonal", "recursive"] = "full",
    act: str | sp.Expr | Activation = "linear",
    tied: bool = False,
    residual: bool = False,
    pool: Pool = "sum",
    e_std: Number = 1,
    m_std: Number = 1,
    u_std: Number = 1,
    w_std: Number = 1,
    v_std: Number = 1,
) -> Graph:
    """s(x) = sigma_v / sqrt(n) v . sum_t phi(z_t) over pairs of adjacent tokens x_t, x_(t+1).

    full: z_t = sigma_M / sqrt(n) M_(x_t) e_(t+1), a random matrix for each token.
    diagonal: z_t = sigma_u U[:, x_t] * e_(t+1), the elementwise form; ``tied``: e_t * e_(t+1).
    recursive: z_t = W_1 M_(x_(t+1)) e_t + W_2 M_(x_t) e_(t+1), each word's matrix acting on the
    other word (Socher et al. 2012, eq. 2).
    residual: adds sum_t e_t.   e_t = sigma_e E[:, x_t].
    """
    phi = activation(act)
    x = tokens("x")
    embedding = weight("E", e_std, "e")
    left, right = x.shift(-1, "valid"), x.shift(1, "valid")
    z = _pairs(kind, embedding, left, right, tied, m_std, u_std, w_std)
    h = pooled(z if act == "linear" else phi(z), pool)
    if residual:
        h = h + pooled(embedding @ x, pool)
    title = (
        f"matrix-vector model ({kind})"
        if act == "linear"
        else f"matrix-vector model ({kind}, {phi.title})"
    )
    return Graph(weight("v", v_std) @ h, title)


def _pairs(
    kind: str,
    embedding: object,
    left: Node,
    right: Node,
    tied: bool,
    m_std: Number,
    u_std: Number,
    w_std: Number,
) -> Node:
    first, second = embedding @ left, embedding @ right  # type: ignore[operator]
    match kind:
        case "full":
            return weight("M", m_std)[left] @ second
        case "diagonal":
            return (first if tied else weight("U", u_std, "u") @ left) * second
        case "recursive":
            m, w = weight("M", m_std), weight("W", w_std, "w")
            return w[1] @ (m[right] @ first) + w[2] @ (m[left] @ second)
        case _:
            raise UsageError(
                f"unknown kind {kind!r} of matrix-vector model; use {', '.join(KINDS)}"
            )
