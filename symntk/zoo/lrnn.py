"""Linear recurrent networks: additive, multiplicative, affine, and elementwise."""

from __future__ import annotations

from typing import Literal

from symntk.graph import Graph, Node, scan, tokens
from symntk.zoo.keywords import Number, Pool, model
from symntk.zoo.parts import bias, pooled, weight


@model
def lrnn(
    kind: Literal[
        "additive", "multiplicative", "affine", "elementwise", "elementwise affine"
    ] = "additive",
    pool: Pool = "last",
    e_std: Number = 1,
    h_std: Number = 1,
    m_std: Number = 1,
    u_std: Number = 1,
    w_std: Number = 1,
    start_std: Number = 1,
    v_std: Number = 1,
) -> Graph:
    """Linear recurrent network over tokens.

        e_t  = sigma_e E[:, x_t],  u_t = sigma_u U[:, x_t]
        s(x) = sigma_v / sqrt(n) v . h_T

        additive:           h_t = sigma_h / sqrt(n) Wh h_(t-1) + e_t
        multiplicative:     h_t = sigma_M / sqrt(n) M_(x_t) h_(t-1)
        affine:             h_t = sigma_M / sqrt(n) M_(x_t) h_(t-1) + e_t
        elementwise:        h_t = u_t * sigma_w / sqrt(n) W h_(t-1)
        elementwise affine: h_t = u_t * sigma_w / sqrt(n) W h_(t-1) + e_t

    The first state h_0 is 0 where tokens add to it, and a trained vector sigma_0 b where they only
    multiply. The same weights act at every step.

    kind: what a token does to the state.
    pool: the last state, the sum or the mean over time, or the first state.
    e_std: standard deviation sigma_e of the embedding.
    h_std: standard deviation sigma_h of Wh.
    m_std: standard deviation sigma_M of the matrices of tokens.
    u_std: standard deviation sigma_u of the diagonals of tokens.
    w_std: standard deviation sigma_w of W.
    start_std: standard deviation sigma_0 of the first state where it is trained.
    v_std: standard deviation sigma_v of the readout.
    """
    E, U = weight("E", e_std, "e"), weight("U", u_std, "u")
    Wh, M, W = weight("Wh", h_std, "h"), weight("M", m_std), weight("W", w_std, "w")

    def step(h: Node, x: Node) -> Node:
        match kind:
            case "additive":
                return Wh @ h + E @ x
            case "multiplicative":
                return M[x] @ h
            case "affine":
                return M[x] @ h + E @ x
            case "elementwise":
                return (U @ x) * (W @ h)
            case "elementwise affine":
                return (U @ x) * (W @ h) + E @ x

    start = bias("h0", start_std, "0") if kind in ("multiplicative", "elementwise") else None
    h = scan(step, over=tokens("x"), start=start).named("h")
    return Graph(weight("v", v_std) @ pooled(h, pool), f"linear recurrent network, {kind}")
