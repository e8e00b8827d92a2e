"""Code for samples and pairs before what depends on one sample alone is taken out of loops."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp
from sympy import Expr, Symbol

LAWS_IN_SEGMENT = 1
"""Pairs of Gaussians in one segment: longer loops do not become vector instructions."""

Line = tuple[Symbol, Expr, str]
Law = tuple[Expr, Expr, Expr]


class Angle(sp.Function):
    """2 atan2(sqrt(g), sqrt(s)), a function of the emitted module."""

    nargs = 2


class Root(sp.Function):
    """sqrt(g s), one root of a product, which SymPy would split."""

    nargs = 2


@dataclass
class RawSegment:
    """Lines for one pair, before hoisting."""

    lines: list[Line] = field(default_factory=list)


@dataclass
class RawRepeat:
    """A loop over lines."""

    counter: str
    times: int
    pairs: list[RawSegment | RawRepeat]
    samples: list[Line | RawSegment | RawRepeat]


@dataclass
class Scope:
    """The code of one block: items for pairs and for samples, and the laws known in it."""

    pairs: list[RawSegment | RawRepeat] = field(default_factory=list)
    samples: list[Line | RawSegment | RawRepeat] = field(default_factory=list)
    laws: dict[Law, dict[Symbol, Expr]] = field(default_factory=dict)
    segment: RawSegment = field(default_factory=RawSegment)
    laws_in_segment: int = 0

    def close(self) -> None:
        """Ends the current segment; the sample code stores its features at this point."""
        if self.segment.lines:
            self.pairs.append(self.segment)
            self.samples.append(self.segment)
        self.segment = RawSegment()
        self.laws_in_segment = 0
