"""Sums over all pairs of positions that depend on them through matches of tokens alone.

A match m(t, t') = [x_t = x'_t'] is 0 or 1, so a function of it takes two values, and

    sum_{t, t'} f(m(t, t')) = f(0) (T T' - M) + f(1) M,    M = sum_{t, t'} m(t, t'),

where M is the inner product of the counts of tokens: the cost is that of the distinct tokens
instead of T T'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp
from sympy import Expr

from symntk.derivation import Entry, Equation, Quantity, Statement, entries
from symntk.derivation.program import diagonal, walk
from symntk.emission.sequences.indices import positions_in
from symntk.emission.sequences.reading import others_in
from symntk.emission.sequences.schedule import Group, Key, is_own
from symntk.emission.sequences.sums import Part
from symntk.graph.positions import Length, Positions, lengths_at


@dataclass
class Bags:
    """Finds the groups of a program that see their positions through one match only.

    shapes: the axes of every vector, by its name.
    """

    program: tuple[Statement, ...]
    shapes: Mapping[str, Positions]
    _uniform: dict[Quantity, bool] = field(default_factory=dict)

    def match(self, group: Group, kept: set[Key]) -> Entry | None:
        """The match that a group depends on; None where it depends on more than that."""
        own = tuple(tuple(symbol for symbol, _ in axes) for axes in group.domain)
        if group.reverse is not None or tuple(map(len, own)) != (1, 1):
            return None
        if any(work.key in kept and not work.is_sum for work in group.works):
            return None
        found: set[Entry] = set()
        for work in group.works:
            if others_in(work.value) or any(part.index for part in work.value.atoms(Part)):
                return None
            for entry in entries(work.value):
                if entry.quantity.kind == "match" and is_own(entry, own):
                    found.add(entry)
                elif entry.site in ("aa", "bb"):
                    if not self.is_uniform(entry.quantity):
                        return None
                elif (entry.left or entry.right) and (
                    (entry.quantity, entry.site) not in group.keys or not is_own(entry, own)
                ):
                    return None
        if len(found) != 1:
            return None
        match = found.pop()
        lengths = self.shapes[match.quantity.left]
        sizes = tuple(lengths_at(size, second) for second in (False, True) for size in lengths)
        return match if sizes == tuple(size for axes in group.domain for _, size in axes) else None

    def is_uniform(self, quantity: Quantity) -> bool:
        """Whether a quantity of one input is the same number at all positions of all inputs."""
        if quantity not in self._uniform:
            self._uniform[quantity] = False  # of a recurrence: not uniform as far as is known
            value = self._values.get(quantity)
            self._uniform[quantity] = value is not None and self._is_uniform(value)
        return self._uniform[quantity]

    def _is_uniform(self, value: Expr) -> bool:
        if others_in(value) or value.has(sp.Sum) or value.atoms(Length):
            return False
        return all(
            entry.site == "aa" and positions_in(entry) and self.is_uniform(entry.quantity)
            for entry in entries(value)
        )

    @property
    def _values(self) -> Mapping[Quantity, Expr]:
        return {line.target: _at_one(line) for line in walk(self.program)}


def _at_one(line: Equation) -> Expr:
    return line.value if line.target.is_of_one_input else diagonal(line.value)
