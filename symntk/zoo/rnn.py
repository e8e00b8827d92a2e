"""The recurrent network with an activation (Elman), and gated ones."""

from __future__ import annotations

from typing import Literal

from symntk.activations import activation
from symntk.graph import Graph, Node, scan, sequence, tokens
from symntk.zoo.keywords import Act, Number, Pool, model
from symntk.zoo.parts import bias, plus, pooled, weight, with_act


@model
def rnn(
    act: Act = "tanh",
    pool: Pool = "last",
    inputs: Literal["tokens", "vectors"] = "tokens",
    gate: Literal["candidate", "state"] | None = None,
    e_std: Number = 1,
    h_std: Number = 1,
    b_std: Number = 0,
    v_std: Number = 1,
) -> Graph:
    """Recurrent network over tokens or vectors.

        z_t  = sigma_h / sqrt(n) Wh h_(t-1) + e_t + sigma_b b,  h_0 = 0
        h_t  = phi(z_t)
        s(x) = sigma_v / sqrt(n) v . h_T

    e_t = sigma_e E[:, x_t] for tokens, and sigma_e / sqrt(d) E x_t for vectors. The same weights
    act at every step (Elman 1990; its limit in Yang 2020, Tensor Programs II).

    A gate g_t = sigmoid(sigma_h / sqrt(n) Wg h_(t-1) + sigma_e Eg x_t) can open to the new vector,
    h_t = g_t * phi(z_t). The gate of a GRU (Cho et al. 2014) is on the state as well,
    h_t = (1 - g_t) * h_(t-1) + g_t * phi(z_t), so that h_t takes the gates of all earlier steps
    at once: an expectation of unboundedly many dependent Gaussians, which is refused.

    act: activation phi, a name or a formula in x.
    pool: the last state, the sum or the mean over time, or the first state.
    inputs: what x is a sequence of.
    gate: none by default; on the candidate phi(z_t), or on the state as in a GRU (refused).
    e_std: standard deviation sigma_e of E and Eg.
    h_std: standard deviation sigma_h of Wh and Wg.
    b_std: standard deviation sigma_b of the bias; 0 for none.
    v_std: standard deviation sigma_v of the readout.
    """
    phi, sigmoid = activation(act), activation("sigmoid")
    b = bias("b", b_std)

    def dense(state: str, source: str, h: Node, x: Node) -> Node:
        return weight(state, h_std, "h") @ h + weight(source, e_std, "e") @ x

    def step(h: Node, x: Node) -> Node:
        candidate = phi(plus(dense("Wh", "E", h, x), b).named("z"))
        if gate is None:
            return candidate
        g = sigmoid(dense("Wg", "Eg", h, x)).named("g")
        return g * candidate if gate == "candidate" else h - g * h + g * candidate

    h = scan(step, over=tokens("x") if inputs == "tokens" else sequence("x")).named("h")
    kind = "recurrent network" if gate is None else "gated recurrent network"
    return Graph(weight("v", v_std) @ pooled(h, pool), with_act(kind, phi))
