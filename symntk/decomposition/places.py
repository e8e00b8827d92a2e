"""Kinds of positions in a document, by how far the edges are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from symntk.decomposition.summands import NotWindows
from symntk.graph.positions import Length, symbols_in


class Place(NamedTuple):
    """A position t with ``left`` positions before it and ``right`` behind it, as far as counts.

    Beyond the last position, in a window that overlaps the edge, ``right`` is negative.
    """

    left: int
    right: int

    def has(self, offset: int, length: sp.Expr) -> bool:
        """Whether t + offset lies in a sequence of ``length`` = T + k."""
        return -self.left <= offset <= self.right + excess(length)


def excess(length: sp.Expr) -> int:
    """K of a length T + k."""
    (symbol,) = (s for s in symbols_in(length) if isinstance(s, Length))
    rest = length - symbol
    if not rest.is_Integer:
        raise NotWindows(f"a sequence of length {length}")
    return int(rest)


@dataclass
class Reach:
    """How far windows reach, noted while they are evaluated: an `Edge` that says yes."""

    left: int = 0
    right: int = 0

    def __call__(self, offset: int, length: sp.Expr, second: bool) -> bool:
        """Yes; and what was asked is noted."""
        self.left = max(self.left, -offset)
        self.right = max(self.right, offset - excess(length))
        return True

    def place(self, t: int, size: int) -> Place:
        """The kind of the position t of a document of ``size`` tokens."""
        return Place(min(t, self.left), min(size - 1 - t, self.right))

    def places(self, counts: Iterable[sp.Expr]) -> Iterator[Place]:
        """Every kind of position that sums over T + k positions meet."""
        beyond = max([0, *map(excess, counts)])
        for left in range(self.left + 1):
            for right in range(-beyond, self.right + 1):
                yield Place(left, right)
