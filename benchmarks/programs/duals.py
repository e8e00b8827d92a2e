"""Expectations of products of activations and of their slopes, in NumPy, as papers state them.

Functions of the variances q and r and of the covariance c, arrays that broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Dual = Callable[[Any, Any, Any], tuple[Any, Any]]


def relu(q: Any, r: Any, c: Any) -> tuple[Any, Any]:
    """Cho & Saul (2009); 0 where a variance is 0."""
    scale = np.sqrt(q * r)
    rho = np.clip(np.divide(c, scale, out=np.zeros_like(c), where=scale > 0), -1, 1)
    slope = 0.5 - np.arccos(rho) / (2 * np.pi)
    return scale * (np.sqrt(1 - rho**2) / (2 * np.pi) + rho * slope), slope


def erf(q: Any, r: Any, c: Any) -> tuple[Any, Any]:
    """Williams (1997)."""
    s = (1 + 2 * q) * (1 + 2 * r)
    return 2 / np.pi * np.arcsin(2 * c / np.sqrt(s)), 4 / np.pi / np.sqrt(s - 4 * c**2)


def gelu(q: Any, r: Any, c: Any) -> tuple[Any, Any]:
    """Tsuchida et al. (2021)."""
    s, square = (1 + q) * (1 + r), c**2
    d = s - square
    root = np.sqrt(d)
    angle = np.arcsin(c / np.sqrt(s))
    value = c / 4 + (c * angle + (q * r * d + square) / (s * root)) / (2 * np.pi)
    rational = c * (s * (q + r + 3) - square * (q + r + 2)) / (s * d * root)
    return value, 0.25 + (angle + rational) / (2 * np.pi)


def quadrature(phi: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Dual:
    """The trapezoidal rule for two variables: exact to rounding where both are analytic near the
    real line, which they are as far as the step of 0.08 asks for.
    """
    nodes = np.linspace(-9.5, 9.5, 239)
    weights = np.exp(-(nodes**2) / 2) * (nodes[1] - nodes[0]) / np.sqrt(2 * np.pi)

    def dual(q: Any, r: Any, c: Any) -> tuple[Any, Any]:
        q, r, c = np.broadcast_arrays(q, r, c)
        found = np.empty((2, *c.shape))
        for place in np.ndindex(c.shape):
            u = np.sqrt(q[place]) * nodes
            rest = np.sqrt(max(r[place] - c[place] ** 2 / q[place], 0.0))
            v = c[place] / np.sqrt(q[place]) * nodes[:, None] + rest * nodes
            found[:, *place] = [(f(u) * weights) @ f(v) @ weights for f in (phi, slope)]
        return found[0], found[1]

    return dual


DUALS: dict[str, Dual] = {
    "relu": relu,
    "erf": erf,
    "gelu": gelu,
    "tanh": quadrature(np.tanh, lambda x: 1 / np.cosh(x) ** 2),
}
