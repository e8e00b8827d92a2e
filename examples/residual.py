"""A residual network of any depth, for ``symntk derive examples.residual:residual --depth L``."""

from __future__ import annotations

import symntk as sn


def residual(depth: int | str = "L", act: str = "relu", w_std: float = 1) -> sn.Graph:
    """f = v . phi(h_L), h_(l+1) = h_l + A phi(B h_l) with fresh A and B in each block."""
    phi = sn.activation(act)
    x = sn.vector("x")
    E, A, B, v = sn.weights("E A B v", w_std)
    stream = sn.repeat(lambda h: h + A @ phi(B @ h), E @ x, depth)
    return sn.Graph(v @ phi(stream), f"residual network of {depth} blocks")
