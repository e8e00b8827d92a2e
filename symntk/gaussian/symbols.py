"""Every symbol of the Gaussian calculus, made once, with its assumptions.

A function of one variable (an activation) is a SymPy expression in ``x``.  Under the expectation
its argument is one of two Gaussian variables,

    (u, v) ~ N(0, [[q1, c], [c, q2]]),        u ~ N(0, q)  when there is only one.

Simplification depends on the assumptions: variances are positive, the covariance is real.
"""

from __future__ import annotations

from sympy import Symbol

x = Symbol("x", real=True)
"""The variable of an activation."""

u = Symbol("u", real=True)
v = Symbol("v", real=True)
"""The two Gaussian variables under an expectation."""

q = Symbol("q", positive=True)
q1 = Symbol("q1", positive=True)
q2 = Symbol("q2", positive=True)
"""Variances: of the only variable, of ``u``, of ``v``."""

c = Symbol("c", real=True)
"""The covariance of ``u`` and ``v``."""
