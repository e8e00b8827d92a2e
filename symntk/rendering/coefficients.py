"""Coefficients of features as cells of a table, the long ones as equations below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from symntk.decomposition.polynomials.heads import MOMENTS
from symntk.decomposition.polynomials.monomials import gathered
from symntk.rendering.document import Display, Line, Math
from symntk.rendering.mathematics.layout import Atom, Layout, Scripts
from symntk.rendering.mathematics.metric import points
from symntk.rendering.mathematics.plain import plain, width
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.notation import NOTATIONS

COLUMNS, POINTS = 36, 150.0
"""How wide a formula may be in a cell, in a terminal and on a page."""


@dataclass
class Coefficients:
    """Writes coefficients; each that is too long for a cell gets a name, c_1, c_2, ..."""

    names: dict[sp.Expr, Layout] = field(default_factory=dict)
    typeset: Typesetter = field(default_factory=lambda: Typesetter(NOTATIONS["jacot"], {}))

    def cell(self, coefficient: sp.Expr) -> Math:
        """The coefficient itself where it is short, else its name."""
        formula = self.formula(coefficient)
        if width(plain(formula)) <= COLUMNS and points(formula) <= POINTS:
            return Math(formula)
        number = Atom(str(len(self.names) + 1), "number")
        return Math(self.names.setdefault(coefficient, Scripts(Atom("c"), below=number)))

    def formula(self, coefficient: sp.Expr) -> Layout:
        """The coefficient, whatever its length, one number before each monomial."""
        return self.typeset(gathered(coefficient))

    @property
    def about(self) -> str:
        """What stands before the equations."""
        if not any(c.atoms(*MOMENTS) for c in self.names):
            return "The coefficients are"
        return (
            "Means over heads have the law of the logits of two queries behind a semicolon: a "
            "factor, and the covariances of those of x, of those of x′, and across. The weights "
            "of attention are a and a′, and the derivatives of all of them by one logit have "
            "its number. The coefficients are"
        )

    @property
    def equations(self) -> Iterable[Display]:
        """What the names stand for."""
        lines = (Line(name, self.formula(c)) for c, name in self.names.items())
        return [Display((line,)) for line in lines]
