"""Equations written into one another: those of vectors that nobody gave a name to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container

import sympy as sp

from symntk.derivation import Entry, Equation, Quantity, entries
from symntk.derivation.program import FIRST, SECOND, SWAPPED, Site, merged, relocate
from symntk.gaussian import Expectation
from symntk.graph.positions import indices, reindex
from symntk.trace import Step

Lines = dict[Quantity, Equation]

_MOVES: dict[Site, dict[Site, Site] | None] = {
    "ab": None,
    "ba": SWAPPED,
    "aa": FIRST,
    "bb": SECOND,
}


def at_entry(value: sp.Expr, entry: Entry) -> sp.Expr:
    """An equation's value, which is at (t, t') of (x, x'), at an entry's inputs and positions."""
    moves = _MOVES[entry.site]
    if moves is not None:
        value = relocate(value, moves)
    first, second = {"ba": (True, False)}.get(entry.site, (False, True))
    left, right = entry.quantity.ranks
    own = (*indices(left, first), *indices(right, second))
    places = dict(zip(own, (*entry.left, *entry.right), strict=True))
    return merged(reindex(value, places))


class WrittenOut:
    """A program's equations, some of them written into those that use them.

    values: target -> its value.  steps: target -> the steps of everything written into it.

    An equation is written out if one other uses it, or if it is a multiple of another covariance;
    never those of the vectors in ``kept``, of ``wanted`` results, of recursions, and of laws.  The
    parts of the NTK of ``readouts`` do not count as uses: they are multiples of the covariance.
    """

    def __init__(
        self,
        lines: list[Equation],
        kept: Container[str],
        wanted: set[Quantity],
        readouts: Container[str] = (),
    ) -> None:
        self.lines: Lines = {line.target: line for line in lines}
        self.kept, self.wanted, self.readouts = kept, wanted, readouts
        self.inlined = self._chosen()
        self.values = {
            target: self._value(line.value)
            for target, line in self.lines.items()
            if target not in self.inlined
        }
        self.steps = {target: tuple(self._steps(target)) for target in self.values}

    def _chosen(self) -> set[Quantity]:
        users: dict[Quantity, set[Quantity]] = defaultdict(set)
        under: set[Quantity] = set()
        shifted: set[Quantity] = set()
        for target, line in self.lines.items():
            for entry in entries(line.value):
                if target.kind != "Theta" or target.right not in self.readouts:
                    users[entry.quantity].add(target)
                if not all(place.is_Symbol for place in entry.index_expressions):
                    shifted.add(entry.quantity)
            for expectation in line.value.atoms(Expectation):
                under |= {e.quantity for part in expectation.law for e in entries(part)}
        chosen: set[Quantity] = set()
        for target, line in self.lines.items():
            vectors = {target.left, target.right or target.left}
            named = len(vectors) == 1 and target.left in self.kept
            if target in self.wanted | under or target.kind not in ("Sigma", "Pi") or named:
                continue
            if self._reaches(target, chosen):
                continue
            shown = line.value.has(Expectation) and (target.kind == "Pi" or target in shifted)
            if _is_simple(line.value) or (len(users[target]) <= 1 and not shown):
                chosen.add(target)
        return chosen

    def _reaches(self, target: Quantity, through: set[Quantity]) -> bool:
        """Whether an equation leads back to itself through those that are written out."""
        pending = [target]
        seen: set[Quantity] = set()
        while pending:
            for entry in entries(self.lines[pending.pop()].value):
                found = entry.quantity
                if found == target:
                    return True
                if found in through and found not in seen:
                    seen.add(found)
                    pending.append(found)
        return False

    def _value(self, value: sp.Expr) -> sp.Expr:
        found = {
            entry: self._value(at_entry(self.lines[entry.quantity].value, entry))
            for entry in entries(value)
            if entry.quantity in self.inlined
        }
        return value.xreplace(found) if found else value

    def _steps(self, target: Quantity) -> dict[Step, None]:
        line = self.lines[target]
        found: dict[Step, None] = {}
        for entry in sorted(entries(line.value), key=str):
            if entry.quantity in self.inlined:
                found |= self._steps(entry.quantity)
        return found | {line.step: None}


def _is_simple(value: sp.Expr) -> bool:
    """A multiple of one covariance, or a number."""
    return len(entries(value)) <= 1 and not value.has(Expectation, sp.Sum, sp.Add)
