"""Which networks see their pairs of positions through matches of tokens alone.

A match m(t, t') = [x_t = x'_t'] is 0 or 1, so what is computed at (t, t') takes two values, and the
cost is that of counting the distinct tokens instead of T T' (`symntk.emission.sequences.cases`).
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
from symntk.emission.sequences.schedule import Group, Key, Schedule, is_own
from symntk.emission.sequences.sums import Part
from symntk.graph.positions import Positions, lengths_at


@dataclass
class Bags:
    """Finds the groups of a program that see their positions through one match only.

    shapes: the axes of every vector, by its name.
    """

    program: tuple[Statement, ...]
    shapes: Mapping[str, Positions]
    _uniform: dict[Quantity, bool] = field(default_factory=dict)

    def whole(self, schedule: Schedule) -> Entry | None:
        """The match that all groups depend on, so that none needs an array over positions."""
        found: set[Entry] = set()
        for item in schedule.items:
            if not isinstance(item, Group):
                return None
            if item.domain != ((), ()):
                match = self.match(item, None)
                if match is None:
                    return None
                found.add(match)
            elif any(entry.left or entry.right for w in item.works for entry in entries(w.value)):
                return None
        return found.pop() if len(found) == 1 else None

    def match(self, group: Group, kept: set[Key] | None) -> Entry | None:
        """The match that a group depends on; None where it depends on more than that.

        kept: what stands in arrays over pairs of positions; None where nothing does, as all groups
            are like this one.
        """
        own = tuple(tuple(symbol for symbol, _ in axes) for axes in group.domain)
        if group.reverse is not None or tuple(map(len, own)) != (1, 1):
            return None
        if any(work.key in (kept or ()) and not work.is_sum for work in group.works):
            return None
        for work in group.works:
            if others_in(work.value) or any(part.index for part in work.value.atoms(Part)):
                return None
            for entry in entries(work.value):
                if entry.site in ("aa", "bb"):
                    if not self.is_uniform(entry.quantity):
                        return None
                elif entry.left or entry.right:
                    at_hand = (entry.quantity, entry.site) in group.keys or kept is None
                    is_match = entry.quantity.kind == "match"
                    if not is_own(entry, own) or not (at_hand or is_match):
                        return None
        return self._of_domain(group)

    def _of_domain(self, group: Group) -> Entry | None:
        """The match at the positions of a group."""
        sizes = tuple(size for axes in group.domain for _, size in axes)
        for line in walk(self.program):
            for entry in entries(line.value):
                if entry.quantity.kind == "match":
                    lengths = self.shapes[entry.quantity.left]
                    if sizes == tuple(
                        lengths_at(n, second) for second in (False, True) for n in lengths
                    ):
                        return entry.quantity.at("ab")
        return None

    def is_uniform(self, quantity: Quantity) -> bool:
        """Whether a quantity of one input is the same number at all of its positions."""
        if quantity not in self._uniform:
            self._uniform[quantity] = False  # of a recurrence: not uniform as far as is known
            value = self._values.get(quantity)
            self._uniform[quantity] = value is not None and self._is_uniform(value)
        return self._uniform[quantity]

    def _is_uniform(self, value: Expr) -> bool:
        totals = {total: sp.S.One for total in value.atoms(sp.Sum) if not _free_positions(total)}
        value = value.xreplace(totals)
        if others_in(value) or value.has(sp.Sum):
            return False
        return all(
            entry.site == "aa" and self.is_uniform(entry.quantity) for entry in entries(value)
        )

    @property
    def _values(self) -> Mapping[Quantity, Expr]:
        return {line.target: _at_one(line) for line in walk(self.program)}


def _free_positions(total: sp.Sum) -> set[sp.Symbol]:
    return positions_in(total.function) - {variable for variable, *_ in total.limits}


def _at_one(line: Equation) -> Expr:
    return line.value if line.target.is_of_one_input else diagonal(line.value)
