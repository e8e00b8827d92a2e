"""The coefficients of a kernel order by order: how many tokens must agree, and how much it counts.

Sizes are relative to a unit: the mean of the coefficients that are not 0 of the lowest order that
has any, the constant apart; for most networks that is a single token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from symntk.decomposition.polynomials.monomials import constant_ratio

if TYPE_CHECKING:
    from symntk.decomposition.report.features import Feature, Features


@dataclass(frozen=True)
class Order:
    """The coefficients of all products of ``number`` matches.

    low, high: the smallest and largest of those that are not exactly 0, relative to the unit; both
        0 where there is none.
    exact: what ``low`` = ``high`` is exactly where it is the same at every standard deviation.
    is_whole: whether none of them is 0.
    """

    number: int
    low: float
    high: float
    exact: sp.Expr | None
    is_whole: bool

    @property
    def is_zero(self) -> bool:
        """Whether every coefficient is exactly 0."""
        return self.exact == 0


def unit(features: Features) -> tuple[Feature, ...]:
    """The rows whose mean sizes are relative to; none where every coefficient is 0."""
    there = [row for row in features.rows if row.order and row.coefficient != 0]
    lowest = min((row.order for row in there), default=0)
    return tuple(row for row in there if row.order == lowest)


def orders(features: Features, highest: int) -> tuple[Order, ...]:
    """The orders 0, ..., ``highest``; one that the polynomial does not reach is exactly 0."""
    units = unit(features)
    return tuple(_order(n, _rows(features, n), units) for n in range(highest + 1))


def _rows(features: Features, number: int) -> Sequence[Feature]:
    """The rows of one order; those of equal positions where no others have a coefficient."""
    tables = features.rows, features.positional
    found = [[row for row in table if row.order == number] for table in tables]
    return next((rows for rows in found if any(row.coefficient != 0 for row in rows)), found[0])


def _order(number: int, rows: Sequence[Feature], units: Sequence[Feature]) -> Order:
    there = [row for row in rows if row.coefficient != 0]
    if not there:
        return Order(number, 0.0, 0.0, sp.S.Zero, False)
    size = sum(row.value for row in units) / len(units) if units else 1.0
    found = sorted(row.value / size for row in there)
    return Order(number, found[0], found[-1], _exact(there, units), len(there) == len(rows))


def _exact(rows: Sequence[Feature], units: Sequence[Feature]) -> sp.Expr | None:
    if len({row.coefficient for row in units}) != 1:
        return None
    ratios = {constant_ratio(row.coefficient, units[0].coefficient) for row in rows}
    return ratios.pop() if len(ratios) == 1 else None
