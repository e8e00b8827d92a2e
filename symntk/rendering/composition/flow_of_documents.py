"""The flow on short documents, for kernels that are no sums over windows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import sympy as sp

from symntk.decomposition.flow.gradient_flow import FlowTerm, GradientFlow
from symntk.decomposition.windows.blocks import Pattern
from symntk.gaussian import Expectation
from symntk.rendering.composition.flow_in_time import in_time
from symntk.rendering.composition.flow_means import shown
from symntk.rendering.composition.flow_reasons import nothing_shared, reasons
from symntk.rendering.composition.flow_signs import (
    MU,
    RATE,
    RESIDUAL,
    ZERO,
    bracket,
    example,
    indexed,
    of,
    over_examples,
    score,
    slope,
    total,
)
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Line, Math, Paragraph, Piece, Prose
from symntk.rendering.mathematics.layout import (
    EQUALS,
    Atom,
    Fence,
    Layout,
    Scripts,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed

_LONG = 60
"""Operations in a coefficient that is written out."""

_NUMBERS = {2: "two", 3: "three"}


def flow_of_documents(page: Page, flow: GradientFlow) -> list[Block]:
    """The kernel of documents that agree position by position, and their flow."""
    if not flow.terms:
        return []
    assert flow.sources is not None
    point = page.typeset.point
    theta = of(page.typeset(page.reading.outputs[1].bare()), point, primed(point))
    kernel = total([row(_sign(term.matches), *_matches(point, term)) for term in flow.terms])
    moved = total([row(RATE, _sign(term.matches), *_driven(point, term)) for term in flow.terms])
    shares = "bias" in flow.coefficients
    return [
        Paragraph(
            (
                "The kernel is no sum over pairs of windows: what a token contributes depends on "
                f"where it stands and on the others. For documents of {_NUMBERS[flow.size]} tokens "
                "that all differ, and that have tokens in common at equal positions alone, it is",
            )
        ),
        Display((page.line(theta, kernel),)),
        *([] if shares else [Paragraph(nothing_shared(page, flow.sources))]),
        *_coefficients(page, flow),
        Paragraph(("The score of such a document moves by",)),
        Display((page.line(slope(score(point)), moved),)),
        Paragraph(reasons(page, flow)),
        *in_time(page),
    ]


def _sign(matches: Pattern | None) -> Layout:
    """The letter of a coefficient: rho_2, beta_12, mu."""
    if not matches:
        return MU
    places = "".join(str(place + 1) for place, _ in sorted(matches))
    return Scripts(Atom("ρ" if len(matches) == 1 else "β"), below=Atom(places, "number"))


def _places(term: FlowTerm) -> list[Layout]:
    return [Atom(str(place + 1), "number") for place, _ in sorted(term.matches or ())]


def _matches(point: Layout, term: FlowTerm) -> list[Layout]:
    """[x_1 = x'_1] [x_2 = x'_2]."""
    return [
        bracket(indexed(point, place), indexed(primed(point), place)) for place in _places(term)
    ]


def _driven(point: Layout, term: FlowTerm) -> list[Layout]:
    """The sum of the residuals of examples that agree with x."""
    here, places = Fence(example(point)), _places(term)
    agree = [row(indexed(here, place), EQUALS, indexed(point, place)) for place in places]
    return [over_examples(*([separated(agree)] if agree else [])), RESIDUAL]


def _coefficients(page: Page, flow: GradientFlow) -> list[Block]:
    """What the coefficients are, those that are 0 and those that are too long included."""
    found: dict[sp.Expr, list[Layout]] = {}
    for term in flow.terms:
        found.setdefault(term.coefficient, []).append(_sign(term.matches))
    lines: list[Line] = []
    left: list[Layout] = []
    for value, signs in found.items():
        if value.count_ops() <= _LONG and not _nests(value):
            right = page.typeset(shown(page, value))
            lines.append(page.line(separated(signs, EQUALS), right))
        else:
            left += signs
    blocks: list[Block] = [Paragraph(("Here",)), Display(tuple(lines))] if lines else []
    pieces = [*_too_long(left), *_zeros(flow)]
    return [*blocks, Paragraph(tuple(pieces))] if pieces else blocks


def _nests(value: sp.Expr) -> bool:
    """Whether an expectation stands in the law of another."""
    return any(part.has(Expectation) for e in value.atoms(Expectation) for part in e.law)


def _too_long(signs: list[Layout]) -> Iterator[Piece]:
    if signs:
        yield "The equations above give "
        yield from _listed(signs)
        yield (
            ", which are too long to be written out. "
            if len(signs) > 1
            else (", which is too long to be written out. ")
        )


def _listed(signs: list[Layout]) -> Iterator[Piece]:
    for n, sign in enumerate(signs):
        if n:
            yield " and " if n == len(signs) - 1 else ", "
        yield Math(sign)


def _zeros(flow: GradientFlow) -> Prose:
    """Which products of matches have no term."""
    present = {term.matches for term in flow.terms}
    missing: list[str] = []
    for order in range(1, flow.size + 1):
        every = [
            frozenset((place, place) for place in chosen)
            for chosen in combinations(range(flow.size), order)
        ]
        if present.isdisjoint(every):
            products = f"products of {_NUMBERS[order]} matches" if order > 1 else "single matches"
            missing.append(products)
    if not missing:
        return ()
    return (f"The coefficients of {' and of '.join(missing)} are exactly ", Math(ZERO), ".")
