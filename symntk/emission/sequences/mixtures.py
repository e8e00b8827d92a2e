"""Attention over vectors whose weights are numbers: its outputs are other vectors.

With weights w of one document and z = V x, in the limit

    Sigma[y](t, t') = sum_{r, r'} w(t, r) w'(t', r') x_r . x'_r' / d = y_t . y'_t' / d,
    y_t = sum_r w(t, r) x_r,

and sums of Pi over queries, contracted with x_r . x'_r', are sums of Pi(t, t') y_t . y'_t' / d.  So
the rows of each document are mixed once, and its pairs see a network without attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import sympy as sp

from symntk.derivation import Entry, Equation, Quantity, Statement, entries, needed
from symntk.derivation.program import walk
from symntk.emission.sequences.indices import positions_in
from symntk.emission.sequences.terms import Expansion, Term

_MOST = 64
"""Terms that a sum is expanded into."""


MIXING_NOTE = (
    "Attention mixes the rows of each sample by weights of its own, y_t = sum_r w(t, r) x_r: the "
    "code for pairs takes the rows y in the place of x."
)


class Mixed(NamedTuple):
    """A program about the rows y of a document; ``weight``: w, None where the rows are its own."""

    program: tuple[Statement, ...]
    weight: Quantity | None


def mixed(
    program: tuple[Statement, ...], outputs: tuple[Quantity, Quantity], rows: Quantity
) -> Mixed:
    """``program`` with the rows of its input mixed, if that takes all attention out of it.

    rows: the covariance of the input.
    """
    unchanged = Mixed(program, None)
    if not all(isinstance(statement, Equation) for statement in program):
        return unchanged
    equations = {line.target: line for line in program if isinstance(line, Equation)}
    if not any(target.kind == "weight" for target in equations):
        return unchanged
    mixing = _Mixing(equations, rows)
    found = needed(tuple(mixing.equation(line) for line in equations.values()), set(outputs))
    used = {entry.quantity for line in walk(found) for entry in entries(line.value)}
    if len(mixing.weights) != 1 or used & {rows, *mixing.weights}:
        return unchanged
    (weight,) = mixing.weights
    return Mixed(tuple(_about(line, mixing.mixed, rows) for line in found), weight)


def _about(line: Statement, mixed_rows: Quantity, rows: Quantity) -> Statement:
    """An equation about the new rows under the name of the old ones."""
    assert isinstance(line, Equation)
    found = {
        entry: rows.at(entry.site, entry.left, entry.right)
        for entry in entries(line.value)
        if entry.quantity == mixed_rows
    }
    return replace(line, value=line.value.xreplace(found))


@dataclass
class _Mixing:
    """Writes sums of products of w(t, r) w'(t', r') Sigma[x](r, r') by the rows y."""

    equations: Mapping[Quantity, Equation]
    rows: Quantity
    weights: set[Quantity] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.expanded = Expansion(self.equations)

    @property
    def mixed(self) -> Quantity:
        """The covariance of the rows y, under a name that no node has."""
        return replace(self.rows, left=f"mixed {self.rows.left}", right=f"mixed {self.rows.right}")

    def equation(self, line: Equation) -> Equation:
        """An equation with its sums written by the rows y, as far as they can be."""
        if line.target.is_of_one_input or not line.value.has(sp.Sum):
            return line
        terms = list(self.expanded(line.value))
        if len(terms) > _MOST:
            return line
        found = [self._mixed(term) for term in terms]
        if found == terms:
            return line
        return replace(line, value=sp.Add(*(term.total for term in found)))

    def _mixed(self, term: Term) -> Term:
        """A term with y_t . y'_t' in the place of the sums over r and r' that are this."""
        for factor in term.factors:
            if isinstance(factor, Entry) and factor.quantity == self.rows:
                found = self._of_rows(term, factor)
                if found is not None:
                    return found
        return term

    def _of_rows(self, term: Term, factor: Entry) -> Term | None:
        summed = (*factor.left, *factor.right)
        queries, used = [], [factor]
        for key in summed:
            near = [f for f in term.factors if key in positions_in(f) and f != factor]
            if len(near) != 1 or key not in dict(term.limits):
                return None
            (weight,) = near
            if not isinstance(weight, Entry) or weight.quantity.kind != "weight":
                return None
            if weight.right != (key,):
                return None
            self.weights.add(weight.quantity)
            queries.append(weight.left)
            used.append(weight)
        rest = list(term.factors)
        for one in used:
            rest.remove(one)
        entry = self.mixed.at(factor.site, *queries)
        limits = tuple(axis for axis in term.limits if axis[0] not in summed)
        return Term(term.coefficient, (*rest, entry), limits)
