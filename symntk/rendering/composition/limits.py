"""The limits that define kernels, as layouts."""

from __future__ import annotations

from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Fence,
    Fraction,
    Layout,
    Row,
    Scripts,
    row,
)

LIMIT = Scripts(
    Atom("lim", "operator"), below=row(Atom("n"), Atom("→", "relation"), Atom("∞", "number"))
)
"""lim_{n -> oo}"""


def total(index: str) -> Layout:
    """The sum over an index."""
    return Scripts(Atom("∑", "operator"), below=Atom(index))


def partial(function: Layout, where: Layout, variable: Layout) -> Layout:
    """The derivative of ``function`` at ``where``."""
    above = Row((Atom("∂"), Apply(function, Fence(where))))
    return Fraction(above, Row((Atom("∂"), variable)))
