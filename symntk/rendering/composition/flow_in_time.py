"""The flow of squared loss, which has a closed form in time."""

from __future__ import annotations

from symntk.rendering.composition.flow_signs import (
    FEATURE,
    MU,
    ONE,
    RATE,
    RHO,
    SUM,
    TIME,
    exponential,
    indexed,
    less,
    minus,
    of,
    score,
    total,
)
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Math, Paragraph, Piece
from symntk.rendering.mathematics.layout import Atom, Fence, Fraction, Layout, Scripts, row
from symntk.rendering.mathematics.marks import raised_by

_ALL = Atom("X")
_LABELS = Atom("y")


def in_time(page: Page) -> list[Block]:
    """S(x) for squared loss, through the spectrum of the kernel of the examples."""
    theta = page.typeset(page.reading.outputs[1].bare())
    point = page.typeset.point
    gram = of(theta, _ALL, _ALL)
    risen = Fence(_risen(row(RATE, gram, TIME)))
    value = row(of(theta, point, _ALL), raised_by(gram, minus(ONE)), risen, _LABELS)
    return [
        Paragraph(
            (
                "With squared loss the equation is linear. With the labels ",
                Math(_LABELS),
                " of all examples ",
                Math(_ALL),
                " it is solved by",
            )
        ),
        Display((page.line(score(point), value),)),
    ]


def _risen(exponent: Layout) -> Layout:
    """1 - exp(-exponent)."""
    return less(ONE, exponential(minus(exponent)))


def features_in_time(page: Page, shares: bool, feature: Layout = FEATURE) -> list[Block]:
    """The same for features, of which e comes n_e times, with labels of mean m_e.

    The matrix of rates is (rho I + mu 1 1^T) diag(n): without mu every feature has its own; with it
    the eigenvalues lambda are the roots of mu sum_e n_e / (lambda - rho n_e) = 1.
    """
    number, mean = indexed("n", feature), indexed("m", feature)
    what = "features" if feature == FEATURE else "documents of one token"
    opening: list[Piece] = [
        *(f"For {what}, of which ", Math(feature), " comes ", Math(number)),
        *(" times with labels of mean ", Math(mean)),
    ]
    if not shares:
        value = row(mean, Fence(_risen(row(RATE, RHO, number, TIME))))
        return [
            *in_time(page),
            Paragraph((*opening, ", this is")),
            Display((page.line(score(feature), value),)),
        ]
    rate, size, count, middle = (Atom(letter) for letter in "λVnm")
    pole = Fraction(row(MU, number), less(rate, row(RHO, number)))
    fast = _risen(row(RATE, Fence(total([RHO, row(size, MU)])), count, TIME))
    slow = _risen(row(RATE, RHO, count, TIME))
    value = total([row(middle, Fence(fast)), row(Fence(less(mean, middle)), Fence(slow))])
    rates: list[Piece] = [
        *(", the rates are ", Math(row(RATE, rate)), " with the roots ", Math(rate), " of"),
    ]
    even: list[Piece] = [
        *("one between any two neighbours among the ", Math(row(RHO, number))),
        " and one above all of them, at which what is shared is learnt. If each of ",
        *(Math(size), " of them comes ", Math(count), " times, with labels of mean "),
        *(Math(middle), " in all, then"),
    ]
    return [
        *in_time(page),
        Paragraph((*opening, *rates)),
        Display((page.line(row(Scripts(SUM, below=feature), pole), ONE),)),
        Paragraph(tuple(even)),
        Display((page.line(score(feature), value),)),
    ]
