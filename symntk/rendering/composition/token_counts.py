"""Sums of brackets over positions as what they are: inner products of counts.

sum_{t,t'} [x_t = x'_t'] = sum_w n_w(x) n_w(x'),    n_w(x) how often the token w occurs in x
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symntk.graph.positions import Length, indices, symbols_in
from symntk.rendering.heads import Kernel

Pattern = tuple[int, ...]

NAMES = {1: "tokens", 2: "pairs of adjacent tokens", 3: "triples of adjacent tokens"}
"""What runs of tokens are called."""


@dataclass(frozen=True, slots=True)
class Count:
    """The inner product of the counts of a pattern: tokens that agree at ``offsets``.

    symbol: its name; total: the sum of brackets that it is.
    """

    offsets: Pattern
    symbol: sp.Symbol
    total: sp.Sum

    @property
    def counted(self) -> str:
        """What is counted."""
        size = len(self.offsets)
        if self.offsets == tuple(range(size)):
            return NAMES.get(size, f"runs of {size} tokens")
        return f"tokens at distances {', '.join(map(str, self.offsets))}"


def recognised(total: sp.Sum) -> Count | None:
    """The inner product of counts that a sum of brackets is; None where it is none.

    Brackets are 0 beyond the ends, so that the sum may run over more positions than have all
    tokens of the pattern, not over fewer.
    """
    brackets = [*sp.Mul.make_args(total.function)]
    limits = {symbol: (low, high) for symbol, low, high in total.limits}
    if len(limits) != 2 or not all(_is_match(bracket) for bracket in brackets):
        return None
    first, second = sorted(limits, key=lambda symbol: symbol.name.endswith("'"))
    found: set[int] = set()
    for bracket in brackets:
        here, there = bracket.left[0] - first, bracket.right[0] - second
        if here != there or not here.is_Integer:
            return None
        found.add(int(here))
    lowest, highest = min(found), max(found)
    ends = _length(limits[first][1]), _length(limits[second][1])
    if ends[0] is None or ends[1] is None:
        return None
    lengths = (ends[0], ends[1])
    for symbol, length in zip((first, second), lengths, strict=True):
        low, high = limits[symbol]
        if not (1 - lowest >= low and (high - (length - highest)).is_nonnegative):
            return None
    offsets = tuple(sorted(offset - lowest for offset in found))
    label = "N" if offsets == (0,) else "N_" + "".join(str(offset + 1) for offset in offsets)
    return Count(
        offsets, sp.Symbol(label, nonnegative=True), _written(brackets[0], offsets, lengths)
    )


def _is_match(bracket: sp.Expr) -> bool:
    return isinstance(bracket, Kernel) and bracket.letter == "match" and bracket.site == "ab"


def _length(end: sp.Expr) -> sp.Expr | None:
    """The one length that the end of a sum is made of."""
    found = [symbol for symbol in symbols_in(end) if isinstance(symbol, Length)]
    return found[0] if len(found) == 1 else None


def _written(like: Kernel, offsets: Pattern, lengths: tuple[sp.Expr, sp.Expr]) -> sp.Sum:
    (t,), (other,) = indices(1), indices(1, True)
    product = sp.Mul(
        *(
            Kernel("match", None, like.vector, "ab", (t + offset,), (other + offset,))
            for offset in offsets
        )
    )
    ends = (length - offsets[-1] for length in lengths)
    return sp.Sum(product, *((s, 1, end) for s, end in zip((t, other), ends, strict=True)))
