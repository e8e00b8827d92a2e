"""Functions of the matches in a window, as values for every pattern of matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, product

import sympy as sp

from symntk.decomposition.multilinear import collected

Offset = tuple[int, int]
"""(a, b) stands for the match m(t + a, t' + b) = [x_(t + a) = x'_(t' + b)]."""

Pattern = frozenset[Offset]
"""The matches that are 1."""


@dataclass(frozen=True)
class Block:
    """A function of the matches at some offsets, by its value for each pattern of them."""

    offsets: Pattern
    values: Mapping[Pattern, sp.Expr]

    @classmethod
    def constant(cls, value: sp.Expr) -> Block:
        """A function of no match."""
        return cls(frozenset(), {frozenset(): value})

    @classmethod
    def match(cls, offset: Offset) -> Block:
        """One match indicator."""
        here = frozenset([offset])
        return cls(here, {frozenset(): sp.S.Zero, here: sp.S.One})

    def __call__(self, pattern: Pattern) -> sp.Expr:
        """The value where exactly the matches in ``pattern`` are 1."""
        return self.values[pattern & self.offsets]

    def moved(self, by: Offset) -> Block:
        """The same function around another pair of positions."""
        return Block(
            _moved(self.offsets, by), {_moved(p, by): value for p, value in self.values.items()}
        )

    def anchored(self) -> Block:
        """The same function around the first positions that it depends on."""
        if not self.offsets:
            return self
        first, second = (min(offset[side] for offset in self.offsets) for side in (0, 1))
        return self.moved((-first, -second))

    def coefficients(self) -> dict[Pattern, sp.Expr]:
        """The coefficients of the monomials in the matches, by Moebius inversion."""
        return {
            pattern: collected(
                sp.Add(
                    *(
                        (-1) ** (len(pattern) - len(inner)) * self.values[inner]
                        for inner in patterns(pattern)
                    )
                )
            )
            for pattern in patterns(self.offsets)
        }


def _moved(pattern: Pattern, by: Offset) -> Pattern:
    return frozenset((a + by[0], b + by[1]) for a, b in pattern)


def patterns(offsets: Iterable[Offset]) -> Iterable[Pattern]:
    """Every subset of the offsets, small ones first."""
    every = sorted(offsets)
    sizes = range(len(every) + 1)
    return map(frozenset, chain.from_iterable(combinations(every, size) for size in sizes))


Blocks = tuple[Block, ...]
"""A sum of functions of windows.  They are kept apart as long as nothing joins them."""


def added(*parts: Blocks) -> Blocks:
    """The sum; functions of the same matches are joined."""
    found: dict[Pattern, Block] = {}
    for block in chain.from_iterable(parts):
        if block.offsets in found:
            block = combined((found[block.offsets], block), lambda *values: sp.Add(*values))
        found[block.offsets] = block
    return tuple(found.values())


def multiplied(*parts: Blocks) -> Blocks:
    """The product, multiplied out."""
    rows = product(*parts)
    return added(*((combined(row, lambda *values: sp.Mul(*values)),) for row in rows))


def whole(blocks: Blocks) -> Block:
    """A sum of functions as one function."""
    return combined(blocks, lambda *values: sp.Add(*values))


def combined(blocks: Iterable[Block], rule: Callable[..., sp.Expr]) -> Block:
    """``rule`` applied to the values of functions, pattern by pattern."""
    blocks = tuple(blocks)
    offsets: Pattern = frozenset().union(*(block.offsets for block in blocks))
    return Block(offsets, {p: rule(*(block(p) for block in blocks)) for p in patterns(offsets)})
