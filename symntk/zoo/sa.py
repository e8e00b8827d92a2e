"""Self-attention: the paper's, and with queries, keys and values of their own."""

from __future__ import annotations

from typing import Literal

from symntk.graph import Graph, attention, positions, sinusoid, tokens
from symntk.graph.weights import number
from symntk.zoo.keywords import Number, Pool, model
from symntk.zoo.parts import pooled, weight


@model
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
    """Self-attention over tokens.

        e_t  = sigma_e E[:, x_t] + sigma_p P[:, t]
        a_t  = softmax_r(q_t . k_r / s)
        y_t  = sum_r a_(t,r) w_r
        s(x) = sigma_v / sqrt(n) v . sum_t y_t

        tied:     q_t = e_t + c PE_t,  k_r = w_r = e_r
        separate: q_t = sigma_q / sqrt(n) WQ (e_t + c PE_t)
                  k_r = sigma_k / sqrt(n) WK e_r,  w_r = sigma_V / sqrt(n) WV e_r

    PE is the sinusoidal encoding of positions. The tied form is the SA of Sun, Li & Lu (2023),
    section 3.

    separate: queries, keys and values with weights of their own.
    scaling: of the logits, by s = d or sqrt(d), d the width; each has its own limit.
    heads: one, or infinitely many; by default many where separate and 1/sqrt(d), which needs them.
    pool: the sum or the mean over positions, the first or the last vector.
    position_scale: the factor c of PE; 0 for none. By default 0.05 where tied, 0 where separate.
    position_in_keys: add c PE to the keys, too.
    e_std: standard deviation sigma_e of the embedding.
    q_std: standard deviation sigma_q of the queries, where separate.
    k_std: standard deviation sigma_k of the keys, where separate.
    value_std: standard deviation sigma_V of the values, where separate.
    p_std: standard deviation sigma_p of a trained position encoding; 0 for none.
    v_std: standard deviation sigma_v of the readout.
    """
    x = tokens("x")
    e = weight("E", e_std, "e") @ x
    if p_std:
        e = e + weight("P", p_std, "p") @ positions(x)
    query = key = value = e = e.named("e")

    if position_scale is None:
        position_scale = 0 if separate else 0.05
    if position_scale:
        encoding = number(position_scale, "position_scale") * sinusoid(x)
        query = e + encoding
        key = e + encoding if position_in_keys else e

    if separate:
        query = (weight("WQ", q_std, "q") @ query).named("q")
        key = (weight("WK", k_std, "k") @ key).named("k")
        value = (weight("WV", value_std, "V") @ value).named("w")

    if heads is None:
        heads = "many" if separate and scaling == "1/sqrt(d)" else "one"
    y = attention(query, key, value, scaling, heads).named("y")
    kind = "separate queries, keys and values" if separate else "tied queries, keys and values"
    return Graph(weight("v", v_std) @ pooled(y, pool), f"self-attention network with {kind}")
