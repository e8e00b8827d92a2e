"""Whether a kernel asks where tokens that agree stand, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import sympy as sp

from symntk.decomposition.polynomials.instance import Instance, Key, Matches
from symntk.decomposition.polynomials.multilinear import collected
from symntk.decomposition.report.features import Features
from symntk.decomposition.windows.blocks import Pattern

Answer: TypeAlias = Literal["all the same", "in part", "not at all"]
"""How much a product of matches counts beside the same one with the tokens elsewhere in x'."""


@dataclass(frozen=True)
class Arrangement:
    """What becomes of the coefficients where tokens of x stand elsewhere in x'.

    moved: of a token, at another place; turned: of two neighbours, in the other order; None where
        the tokens have no coefficient in the first place.
    """

    moved: Answer | None
    turned: Answer | None


def arrangement(features: Features) -> Arrangement:
    """The arrangement that a table's kernel asks for."""
    known = {row.matches: row.coefficient for row in features.rows if row.coefficient != 0}
    single = next((pattern for pattern in known if len(pattern) == 1), None)
    pair = next(filter(_is_pair, known), None)
    is_window = features.scope == "window"  # each window of x meets each one of x'
    values: _Coefficients | dict[Pattern, sp.Expr] = known if is_window else _Coefficients(features)
    moved: Answer | None = None
    turned: Answer | None = None
    if single is not None and any(row.order for row in features.positional if row.coefficient != 0):
        moved = "in part"
    elif single is not None:
        elsewhere = single if is_window else _moved(single, features.size)
        moved = _answer(known[single], values.get(elsewhere, sp.S.Zero))
    if pair is not None:
        turned = _answer(known[pair], values.get(_turned(pair), sp.S.Zero))
    return Arrangement(moved, turned)


def _is_pair(pattern: Pattern) -> bool:
    """Whether two neighbours agree, in their order."""
    return len(pattern) == 2 and all(a == b for a, b in pattern) and _span(pattern) == 1


def _span(pattern: Pattern) -> int:
    places = [a for a, _ in pattern]
    return max(places) - min(places)


def _moved(pattern: Pattern, size: int) -> Pattern:
    """The token elsewhere in x'."""
    ((a, b),) = pattern
    return frozenset([(a, b + 1 if b + 1 < size else b - 1)])


def _turned(pattern: Pattern) -> Pattern:
    """The two tokens in the other order in x'."""
    (a, b), (c, d) = sorted(pattern)
    return frozenset([(a, d), (c, b)])


def _answer(there: sp.Expr, elsewhere: sp.Expr) -> Answer:
    if elsewhere == 0:
        return "not at all"
    return "all the same" if collected(there - elsewhere) == 0 else "in part"


@dataclass
class _Coefficients:
    """Coefficients of products of any matches between two documents."""

    features: Features
    _known: dict[Pattern, sp.Expr] = field(default_factory=dict)
    _within: dict[Key, sp.Expr] = field(default_factory=dict)

    def get(self, pattern: Pattern, _: object = None) -> sp.Expr:
        """The coefficient of the product over one or two matches."""
        parts = [self._kernel(pattern), self._kernel(frozenset())]
        if len(pattern) == 1:
            return collected(parts[0] - parts[1])
        singles = sp.Add(*(self._kernel(frozenset([match])) for match in pattern))
        return collected(parts[0] - singles + parts[1])

    def _kernel(self, pattern: Pattern) -> sp.Expr:
        if pattern not in self._known:
            size = self.features.size
            matches = Matches((size, size), pattern)
            instance = Instance(self.features.derivation, matches, self._within)
            self._known[pattern] = instance.output(self.features.output)
        return self._known[pattern]
