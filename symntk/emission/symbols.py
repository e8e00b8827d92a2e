"""The symbols in which kernels are computed, for one pair of inputs (a, b).

A vector of variances q1, q2 and covariance c has n = sqrt(q1 q2) and the two gaps

    g = n - c,   s = n + c,   g s = q1 q2 - c^2,   c = n cos(angle),   sqrt(g s) = n sin(angle).

The gaps are carried from layer to layer instead of c: every map acts on them without cancellation,
so that nearly parallel and nearly opposite inputs keep their relative precision at any depth.
"""

from __future__ import annotations

from sympy import Symbol

from symntk.gaussian.symbols import c, q, q1, q2

r1 = Symbol("r1", positive=True)
r2 = Symbol("r2", positive=True)
"""sqrt(q1), sqrt(q2)."""

n = Symbol("n", positive=True)
"""r1 r2."""

g = Symbol("g", nonnegative=True)
s = Symbol("s", nonnegative=True)
"""The gaps n - c and n + c."""

low = Symbol("low", nonnegative=True)
"""min(g, s)."""

root = Symbol("root", nonnegative=True)
"""sqrt(g s)."""

angle = Symbol("angle", nonnegative=True)
"""The angle of cosine c / n, from 0 to pi."""

small = Symbol("small", nonnegative=True)
"""The angle of cosine |c| / n, from 0 to pi/2."""

size = Symbol("size", nonnegative=True)
"""|c|."""

root1 = Symbol("root1", nonnegative=True)
root2 = Symbol("root2", nonnegative=True)
"""sqrt(E f(u)^2) and sqrt(E f(v)^2) of an expectation E[f(u) f(v)]."""

__all__ = [
    "angle",
    "c",
    "g",
    "low",
    "n",
    "q",
    "q1",
    "q2",
    "r1",
    "r2",
    "root",
    "root1",
    "root2",
    "s",
    "size",
    "small",
]
