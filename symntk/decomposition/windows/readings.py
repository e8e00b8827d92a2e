"""Sums over pairs of windows as sums over what is read at one position of each document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

import sympy as sp

from symntk.decomposition.windows.arithmetic import Numbers
from symntk.decomposition.windows.blocks import Algebra, Block, Value, compared, polynomial
from symntk.decomposition.windows.conditions import (
    Conditions,
    Equal,
    Present,
    Spot,
    State,
    as_first,
    equal,
    occurs,
    of_side,
)
from symntk.decomposition.windows.windows import Windows, excess
from symntk.derivation import Derivation
from symntk.graph.positions import Length, length_at, symbols_in

TOLERANCE = 1e-13
"""What is smaller, relative to the largest coefficient, is rounding."""


@dataclass(frozen=True)
class Reading:
    """Tokens at ``offsets`` around each position of one kind, in a sum over T + ``excess``.

    conditions, kind: what a kind of position is told by, and which of it holds.
    is_aligned: whether each position is counted on its own.
    is_document: whether it is the document itself, which counts once.
    """

    offsets: tuple[int, ...]
    conditions: Conditions = frozenset()
    kind: State = frozenset()
    excess: int = 0
    is_aligned: bool = False
    is_document: bool = False

    @property
    def occurs(self) -> bool:
        """Whether some document has such tokens at such a position."""
        absent = {
            condition.spot.offset
            for condition in self.conditions - self.kind
            if isinstance(condition, Present) and not condition.excess
        }
        is_there = occurs(self.kind, self.conditions, self.excess)
        return is_there and absent.isdisjoint(self.offsets)

    @property
    def anchored(self) -> Reading:
        """The same counts by the position of the first token, which has the offset 0 then.

        Readings that differ in where the window of a token lies become one, but for their kinds.
        Those that compare tokens of one document stay: together they would have too many kinds.
        """
        is_plain = all(isinstance(condition, Present) for condition in self.conditions)
        if not self.offsets or self.is_aligned or not is_plain:
            return self
        low, high = min(self.offsets), max(self.offsets)

        def moved(conditions: Conditions) -> Iterator[Present]:
            for condition in conditions:
                assert isinstance(condition, Present)
                yield Present(Spot(False, condition.spot.offset - low), condition.excess)

        window = Present(Spot(False, -low), self.excess)  # the position that was counted
        asked = {
            condition
            for condition in (*moved(self.conditions), window)
            if condition.spot.offset < 0 or condition.spot.offset - condition.excess > high - low
        }
        return Reading(
            tuple(offset - low for offset in self.offsets),
            frozenset(asked),
            frozenset(asked & {*moved(self.kind), window}),
            excess=low - high,
        )


Moments: TypeAlias = Mapping[tuple[Reading, Reading], float]
"""M: the coefficients of the products of what is read in x and in x'."""


class _Part(NamedTuple):
    """``scale`` times a sum of a function of two windows, over T + k and T' + k' positions."""

    scale: Value
    block: Block
    counts: tuple[int, int]


def moments(derivation: Derivation, output: str, sizes: tuple[int, int]) -> Moments:
    """M for the output of a derivation; the lengths T and T' in its coefficients are ``sizes``.

    Raises NotWindows for a kernel that is no sum over pairs of windows.
    """
    found: dict[tuple[Reading, Reading], float] = defaultdict(float)
    numbers = Numbers({**derivation.values, **_lengths(derivation, sizes)})
    windows = Windows(derivation, arithmetic=numbers)
    parts: list[_Part] = []
    for part in windows.summands(output):
        scale = numbers.number(part.coefficient)
        if part.body is None:
            whole = Reading((), is_document=True)
            found[whole, whole] += float(scale)
        else:
            first, second = (excess(derivation, count) for count in part.counts)
            parts += [_Part(scale, b, (first, second)) for b in windows.blocks(part.body)]
    for scale, block, counts in _compared(parts, windows.algebra):
        for pair, value in _of_block(block, windows.algebra, counts):
            found[pair] += float(scale * value)
    return found


def _lengths(derivation: Derivation, sizes: tuple[int, int]) -> Mapping[sp.Symbol, sp.Expr]:
    (node,) = derivation.graph.inputs
    lengths = (s for length in node.positions for s in symbols_in(length) if isinstance(s, Length))
    return {
        length_at(length, bool(place)): sp.Integer(size)
        for length in lengths
        for place, size in enumerate(sizes)
    }


def _compared(parts: Sequence[_Part], algebra: Algebra) -> Sequence[_Part]:
    """The same functions, where tokens that one compares are compared in all that match them."""
    while True:
        parts = [part._replace(block=compared(part.block, algebra)) for part in parts]
        pairs = {pair for part in parts for pair in _pairs(part.block)}
        finer = [part._replace(block=_finer(part.block, pairs)) for part in parts]
        if all(a.block is b.block for a, b in zip(parts, finer, strict=True)):
            return parts
        parts = finer


def _pairs(block: Block) -> Iterator[tuple[int, int]]:
    for condition in block.conditions:
        if isinstance(condition, Equal) and not condition.is_match:
            yield condition.first.offset, condition.other.offset


def _finer(block: Block, pairs: set[tuple[int, int]]) -> Block:
    spots = {spot for c in block.conditions if isinstance(c, Equal) for spot in c.spots}
    return block.finer(
        equal(a, b)
        for a, b in combinations(sorted(spots), 2)
        if a.second == b.second and (a.offset, b.offset) in pairs
    )


def _of_block(
    block: Block, algebra: Algebra, counts: Sequence[int]
) -> Iterator[tuple[tuple[Reading, Reading], Value]]:
    """The entries of M that a function of two windows gives, rounding left out."""
    found: dict[tuple[Reading, Reading], Value] = defaultdict(float)
    for monomial, value in polynomial(block, algebra).items():
        pairs = sorted(monomial.matches)
        here, there = (
            Reading(
                tuple(pair[n] for pair in pairs),
                as_first(of_side(block.conditions, bool(n))),
                as_first((monomial.here, monomial.there)[n]),
                counts[n],
                monomial.is_aligned,
            )
            for n in (0, 1)
        )
        if here.occurs and there.occurs:
            found[here.anchored, there.anchored] += value
    size = max(map(abs, found.values()), default=0)
    yield from ((pair, value) for pair, value in found.items() if abs(value) > TOLERANCE * size)
