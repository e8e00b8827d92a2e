"""Linear recurrent networks: additive, multiplicative, affine, and elementwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from symntk.errors import UsageError
from symntk.graph import Graph, Node, scan, tokens
from symntk.graph.weights import Number
from symntk.zoo.pooling import Pool, pooled
from symntk.zoo.scales import bias, weight, with_short_names

KINDS = ("additive", "multiplicative", "affine", "elementwise", "elementwise affine")


@with_short_names
def lrnn(
    kind: str = "additive",
    pool: Pool = "last",
    e_std: Number = 1,
    h_std: Number = 1,
    m_std: Number = 1,
    u_std: Number = 1,
    w_std: Number = 1,
    start_std: Number = 1,
    v_std: Number = 1,
) -> Graph:
    """s(x) = sigma_v / sqrt(n) v . h_T, the last state of a loop without activations.

    additive:           h_t = sigma_h / sqrt(n) Wh h_(t-1) + e_t,        e_t = sigma_e E[:, x_t]
    multiplicative:     h_t = sigma_M / sqrt(n) M_(x_t) h_(t-1),         h_0 trainable
    affine:             h_t = sigma_M / sqrt(n) M_(x_t) h_(t-1) + e_t
    elementwise:        h_t = u_t * (sigma_w / sqrt(n) W h_(t-1)),       u_t = sigma_u U[:, x_t]
    elementwise affine: h_t = u_t * (sigma_w / sqrt(n) W h_(t-1)) + e_t
    """
    x = tokens("x")
    steps: dict[str, Callable[[Node, Node], Node]] = {
        "additive": lambda h, x: weight("Wh", h_std, "h") @ h + weight("E", e_std, "e") @ x,
        "multiplicative": lambda h, x: weight("M", m_std)[x] @ h,
        "affine": lambda h, x: weight("M", m_std)[x] @ h + weight("E", e_std, "e") @ x,
        "elementwise": lambda h, x: (weight("U", u_std, "u") @ x) * (weight("W", w_std, "w") @ h),
        "elementwise affine": lambda h, x: (
            (weight("U", u_std, "u") @ x) * (weight("W", w_std, "w") @ h)
            + weight("E", e_std, "e") @ x
        ),
    }
    if kind not in steps:
        raise UsageError(f"unknown kind {kind!r} of linear RNN; use {', '.join(KINDS)}")
    start = bias("h0", start_std, "0") if kind in ("multiplicative", "elementwise") else None
    h = scan(steps[kind], over=x, start=start).named("h")
    return Graph(weight("v", v_std) @ pooled(h, pool), f"linear recurrent network ({kind})")
