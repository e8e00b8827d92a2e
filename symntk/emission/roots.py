"""Angles from roots that are at hand.

The angle of two gaps is 2 atan(sqrt(g / s)), and sqrt(g / s) = sqrt(g s) / s: where the root of g s
is computed anyhow, the angle needs none of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import sympy as sp
from sympy import Expr

from symntk.emission.plan import Assign
from symntk.emission.raw import Angle, Root


class AngleByRoot(sp.Function):
    """The angle of the gaps g and s, from sqrt(g s), g and s; a function of the emitted module."""

    nargs = 3


def with_roots(lines: Iterable[Assign]) -> Iterator[Assign]:
    """The lines of a loop, in order; angles come from the roots that earlier lines hold."""
    known: dict[Expr, Expr] = {}
    for line in lines:
        if isinstance(line.value, Root):
            g, s = line.value.args
            known[Angle(g, s)] = AngleByRoot(line.target, g, s)
        yield replace(line, value=line.value.xreplace(known)) if known else line
