"""The signs of the gradient flow as layouts: scores, residuals, sums over the data."""

from __future__ import annotations

from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Fence,
    Fraction,
    Layout,
    Row,
    Scripts,
    Sum,
    row,
    separated,
)

TIME = Atom("τ")
"""Time; t is a position of a sequence."""

RATE = Atom("η")
RHO, MU = Atom("ρ"), Atom("μ")
ONE, ZERO = Atom("1", "number"), Atom("0", "number")
EXAMPLE = Atom("j")
"""The number of an example."""

FEATURE = Atom("e")
"""One of the inputs that are equal or orthogonal."""

SUM = Atom("∑", "operator")
UNEQUAL = Atom("≠", "relation")


def indexed(base: str | Layout, below: str | Layout) -> Layout:
    """``base`` with an index."""
    letter = Atom(base) if isinstance(base, str) else base
    return Scripts(letter, below=Atom(below) if isinstance(below, str) else below)


def of(function: str | Layout, *arguments: Layout) -> Layout:
    """A function at arguments."""
    letter = Atom(function) if isinstance(function, str) else function
    return Apply(letter, Fence(separated(list(arguments))))


def score(where: Layout) -> Layout:
    """S at an input."""
    return of("s", where)


def slope(what: Layout) -> Layout:
    """The derivative of ``what`` in time."""
    differential = Atom("d")
    return Fraction(Row((differential, what)), Row((differential, TIME)))


def example(point: Layout) -> Layout:
    """x_j."""
    return Scripts(point, below=EXAMPLE)


RESIDUAL = indexed("r", EXAMPLE)


def over_examples(*condition: Layout) -> Layout:
    """The sum over the examples, those that meet a condition if there is one."""
    below: Layout = EXAMPLE
    if condition:
        below = row(EXAMPLE, Atom(":", "punctuation"), *condition)
    return Scripts(SUM, below=below)


def total(terms: list[Layout]) -> Layout:
    """The sum of terms."""
    return terms[0] if len(terms) == 1 else Sum(tuple(("+", term) for term in terms))


def less(first: Layout, *others: Layout) -> Layout:
    """A difference."""
    return Sum((("+", first), *(("−", other) for other in others)))


def minus(term: Layout) -> Layout:
    """A term with a sign."""
    return Sum((("−", term),))


def exponential(exponent: Layout) -> Layout:
    """Exp of something."""
    return of(Atom("exp", "operator"), exponent)


def bracket(first: Layout, second: Layout) -> Layout:
    """[first = second], 1 or 0."""
    return Fence(row(first, Atom("=", "relation"), second), "[", "]")
