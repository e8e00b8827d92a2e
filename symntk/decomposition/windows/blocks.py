"""Functions of a pair of windows, by their values where different conditions hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Any, NamedTuple, TypeAlias

from symntk.decomposition.windows.conditions import (
    Aligned,
    Condition,
    Conditions,
    Equal,
    Spot,
    State,
    equal,
    of_side,
    states,
)

Offset: TypeAlias = tuple[int, int]
"""(a, b) stands for the match m(t + a, t' + b) = [x_(t + a) = x'_(t' + b)]."""

Pattern: TypeAlias = frozenset[Offset]
"""The matches that are 1."""

Value: TypeAlias = Any
"""A SymPy expression or a number."""

Rule: TypeAlias = Callable[..., Value]


@dataclass(frozen=True)
class Block:
    """A function of some conditions, by its value in each of their `states`."""

    conditions: Conditions
    values: Mapping[State, Value]

    @classmethod
    def constant(cls, value: Value) -> Block:
        """A function of nothing."""
        return cls(frozenset(), {frozenset(): value})

    @classmethod
    def indicator(cls, condition: Condition, one: Value) -> Block:
        """``one`` where the condition holds, and 0 where not."""
        here = frozenset([condition])
        return cls(here, {frozenset(): 0 * one, here: one})

    def __call__(self, state: State) -> Value:
        """The value in a state of these conditions and perhaps others."""
        return self.values[state & self.conditions]

    def finer(self, conditions: Iterable[Condition]) -> Block:
        """The same function, of more conditions."""
        every = self.conditions.union(conditions)
        if every == self.conditions:
            return self
        return Block(every, {state: self(state) for state in states(every)})


Blocks: TypeAlias = tuple[Block, ...]
"""A sum of functions of windows.  They are kept apart as long as nothing joins them."""


@dataclass(frozen=True)
class Algebra:
    """Sums and products of functions of windows.

    total, times: of values.
    is_distinct: whether no token comes twice within a window.
    """

    total: Rule
    times: Rule
    is_distinct: bool

    def added(self, *parts: Blocks) -> Blocks:
        """The sum; functions of the same conditions are joined."""
        found: dict[Conditions, Block] = {}
        for block in chain.from_iterable(parts):
            if block.conditions in found:
                block = self.combined((found[block.conditions], block), self.total)
            found[block.conditions] = block
        return tuple(found.values())

    def multiplied(self, *parts: Blocks) -> Blocks:
        """The product, multiplied out."""
        return self.added(*((self.combined(row, self.times),) for row in product(*parts)))

    def whole(self, blocks: Blocks) -> Block:
        """A sum of functions as one function."""
        return blocks[0] if len(blocks) == 1 else self.combined(blocks, self.total)

    def combined(self, blocks: Iterable[Block], rule: Rule) -> Block:
        """``rule`` applied to the values of functions, state by state."""
        blocks = tuple(blocks)
        conditions = Conditions().union(*(block.conditions for block in blocks))
        return Block(
            conditions,
            {
                state: rule(*(block(state) for block in blocks))
                for state in states(conditions, self.is_distinct)
            },
        )


class Monomial(NamedTuple):
    """A product of indicators.

    here, there: what holds in the window of x and in that of x', and what else that could does not.
    matches: the (a, b) with x_(t + a) = x'_(t' + b), of equal tokens in a window the first.
    is_aligned: whether [t = t'] is a factor.
    """

    here: State
    there: State
    matches: Pattern
    is_aligned: bool


def polynomial(block: Block, algebra: Algebra) -> Mapping[Monomial, Value]:
    """The coefficients of a function of windows in products of matches, by Moebius inversion:

        c(S) = sum_{U in S} (-1)^(|S| - |U|) f(U),

    f(U) being the value where exactly the matches U hold; for each kind of the two windows.
    """
    block = compared(block, algebra)
    values = {_monomial(state): block(state) for state in block.values}
    return {
        monomial: algebra.total(
            *(
                (-1) ** (_size(monomial) - _size(part)) * values[part]
                for part in _divisors(monomial)
            )
        )
        for monomial in values
    }


def compared(block: Block, algebra: Algebra) -> Block:
    """The same function of more conditions: spots of one document that a chain of equalities may
    join are compared, so that matches are between different tokens of each window.
    """
    if algebra.is_distinct:
        return block
    groups: dict[Spot, set[Spot]] = {}
    for condition in block.conditions:
        if isinstance(condition, Equal):
            joined = set().union(*(groups.get(spot, {spot}) for spot in condition.spots))
            groups |= dict.fromkeys(joined, joined)
    pairs = (
        equal(a, b)
        for group in groups.values()
        for a, b in combinations(sorted(group), 2)
        if a.second == b.second
    )
    return block.finer(pairs)


def _monomial(state: State) -> Monomial:
    """The product of the matches of a state, between the first of equal tokens."""
    sides = [of_side(state, second) for second in (False, True)]
    first = {spot: spot for c in state if isinstance(c, Equal) for spot in c.spots}
    for side in sides:
        for condition in side:
            if isinstance(condition, Equal):
                same = [s for s in first if first[s] in {first[c] for c in condition.spots}]
                first |= dict.fromkeys(same, min(first[s] for s in same))
    matches = (
        (first[c.first].offset, first[c.other].offset)
        for c in state
        if isinstance(c, Equal) and c.is_match
    )
    return Monomial(sides[0], sides[1], frozenset(matches), Aligned() in state)


def _size(monomial: Monomial) -> int:
    return len(monomial.matches) + monomial.is_aligned


def _divisors(monomial: Monomial) -> Iterator[Monomial]:
    """The products of some of the matches."""
    for aligned in {False, monomial.is_aligned}:
        for pattern in patterns(monomial.matches):
            yield monomial._replace(matches=pattern, is_aligned=aligned)


def patterns(offsets: Iterable[Offset]) -> Iterable[Pattern]:
    """Every subset of the offsets, small ones first."""
    every = sorted(offsets)
    sizes = range(len(every) + 1)
    return map(frozenset, chain.from_iterable(combinations(every, size) for size in sizes))
