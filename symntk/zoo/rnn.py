"""The recurrent network with an activation (Elman), and a gated one."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from symntk.activations import Activation, activation
from symntk.errors import UsageError
from symntk.graph import Graph, Node, scan, sequence, tokens
from symntk.graph.weights import Number
from symntk.zoo.pooling import Pool, pooled
from symntk.zoo.scales import bias, weight, with_short_names


@with_short_names
def rnn(
    act: str | sp.Expr | Activation = "tanh",
    pool: Pool = "last",
    inputs: Literal["tokens", "vectors"] = "tokens",
    gate: bool = False,
    h_std: Number = 1,
    e_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """h_t = phi(sigma_h / sqrt(n) Wh h_(t-1) + e_t + sigma_b b), s(x) = sigma_v / sqrt(n) v . h_T.

    The same weights at every step, h_0 = 0; e_t = sigma_e E[:, x_t] for tokens and
    sigma_e / sqrt(d) E x_t for vectors.
    pool: "last" state, or "mean" or "sum" over time.
    gate: h_t = g_t * c_t with g_t = sigmoid(Wg h_(t-1) + Eg x_t) and c_t = Wh h_(t-1) + e_t: a
    gate on what a matrix brings from the state.  A gate on the state itself, as in a GRU,
    (1 - g_t) * h_(t-1), makes h_t depend on all earlier gates at once, and is refused.
    """
    if inputs not in ("tokens", "vectors"):
        raise UsageError(f"unknown inputs {inputs!r}; use tokens or vectors")
    phi = activation(act)
    x = tokens("x") if inputs == "tokens" else sequence("x")
    b = bias("b", b_std)

    def step(h: Node, x: Node) -> Node:
        z = weight("Wh", h_std, "h") @ h + weight("E", e_std, "e") @ x
        z = (z if b is None else z + b).named("z")
        if not gate:
            return phi(z)
        opening = weight("Wg", h_std, "h") @ h + weight("Eg", e_std, "e") @ x
        return activation("sigmoid")(opening) * phi(z)

    h = scan(step, over=x).named("h")
    kind = "gated recurrent network" if gate else "recurrent network"
    return Graph(weight("v", v_std) @ pooled(h, pool), f"{kind} ({phi.title})")
