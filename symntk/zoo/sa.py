"""Self-attention: the paper's, and with queries, keys and values of their own."""

from __future__ import annotations

from typing import Literal

from symntk.graph import Graph, attention, positions, sinusoid, tokens
from symntk.graph.weights import Number
from symntk.zoo.pooling import Pool, pooled
from symntk.zoo.scales import weight, with_short_names


@with_short_names
def sa(
    separate: bool = False,
    scaling: Literal["1/d", "1/sqrt(d)"] = "1/d",
    heads: Literal["one", "many"] | None = None,
    pool: Pool = "sum",
    position_scale: Number | None = None,
    position_in_keys: bool = False,
    e_std: Number = 1,
    q_std: Number = 1,
    k_std: Number = 1,
    value_std: Number = 1,
    p_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """s(x) = sigma_v / sqrt(n) v . sum_t y_t,  y_t = sum_r softmax_r(q_t . k_r / s) w_r.

    The paper's (Sun, Li, Lu 2023, section 3): q_t = e_t + pe PE_t with the fixed sinusoidal
    encoding PE, k_t = w_t = e_t = sigma_e E[:, x_t].
    separate: q = sigma_q / sqrt(n) WQ e, k = sigma_k / sqrt(n) WK e, w = sigma_V / sqrt(n) WV e.
    scaling: s = d ("1/d") or sqrt(d) ("1/sqrt(d)"); with separate weights and 1/sqrt(d) the limit
    needs many heads.
    position_scale: pe (0.05 in the paper's model, 0 for none); position_in_keys: also in k.
    p_std: sigma of a trainable position encoding added to the embedding; 0 for none.
    """
    x = tokens("x")
    e = weight("E", e_std, "e") @ x
    if p_std:
        e = e + weight("P", p_std, "p") @ positions(x)
    e = e.named("e")
    scale = ((0 if separate else "0.05") if position_scale is None else position_scale) or 0
    query = key = value = e
    if scale:
        from sympy import Rational

        step = Rational(str(scale)) * sinusoid(x)
        query, key = e + step, e + step if position_in_keys else e
    if separate:
        query = (weight("WQ", q_std, "q") @ query).named("q")
        key = (weight("WK", k_std, "k") @ key).named("k")
        value = (weight("WV", value_std, "V") @ value).named("w")
    many = heads or ("many" if separate and scaling == "1/sqrt(d)" else "one")
    y = attention(query, key, value, scaling, many).named("y")
    kind = "queries, keys and values of their own" if separate else "embeddings as keys and values"
    return Graph(weight("v", v_std) @ pooled(y, pool), f"self-attention with {kind}")
