"""The flow on documents whose kernel is a sum over pairs of windows, in counts of n-grams."""

from __future__ import annotations

from symntk.decomposition.flow.gradient_flow import FlowTerm, GradientFlow
from symntk.decomposition.windows.blocks import Pattern
from symntk.rendering.composition.flow_counts import (
    LENGTH,
    TOKEN,
    coefficient,
    count,
    over_tokens,
    stand,
    tokens,
)
from symntk.rendering.composition.flow_in_time import features_in_time, in_time
from symntk.rendering.composition.flow_means import of_term, shared_part, variance
from symntk.rendering.composition.flow_reasons import nothing_shared, reasons
from symntk.rendering.composition.flow_signs import (
    EXAMPLE,
    MU,
    RATE,
    RESIDUAL,
    RHO,
    ZERO,
    example,
    indexed,
    of,
    over_examples,
    score,
    slope,
    total,
)
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Math, Paragraph, Piece, Prose
from symntk.rendering.mathematics.layout import Atom, Layout, row
from symntk.rendering.mathematics.marks import primed


def flow_of_windows(page: Page, flow: GradientFlow) -> list[Block]:
    """The kernel in counts, its coefficients, and the flow of every count's weight."""
    sums = flow.sums
    if sums is None or not flow.terms:
        return []
    point = page.typeset.point
    theta = of(page.typeset(page.reading.outputs[1].bare()), point, primed(point))
    kernel = total([_product(page, term) for term in flow.terms])
    is_of_tokens = sums.size == 1 and sums.is_exact and None not in sums.coefficients
    flows = _of_tokens if is_of_tokens else _of_counts
    return [
        Paragraph(_opening(page, flow)),
        Display((page.line(theta, kernel),)),
        *_coefficients(page, flow),
        *flows(page, flow),
    ]


def _product(page: Page, term: FlowTerm) -> Layout:
    """A term of the kernel: its coefficient times an inner product of counts."""
    point, matches = page.typeset.point, term.matches
    if matches is None:
        return coefficient(matches)
    if not matches:
        return row(MU, LENGTH, primed(LENGTH))
    counts = (count(matches, point), count(matches, primed(point), second=True))
    return row(coefficient(matches), over_tokens(matches), *counts)


def _opening(page: Page, flow: GradientFlow) -> Prose:
    """What is counted, and where the kernel is a sum of such counts."""
    sums = flow.sums
    assert sums is not None
    told: list[list[Piece]] = []
    for term in flow.terms:
        if term.matches:
            number = Math(count(term.matches, page.typeset.point))
            what = Math(tokens(term.matches))
            told.append([number, " how often ", what, f" {stand(term.matches)}"])
        elif term.matches is not None:
            told.append(
                [Math(LENGTH), " the number of its windows" if sums.size > 1 else " its length"]
            )
    told = [part for n, part in enumerate(told) if part not in told[:n]]
    pieces: list[Piece] = ["Sums of matches are inner products of counts. With "]
    for n, part in enumerate(told):
        if n:
            pieces.append(" and " if n == len(told) - 1 else ", ")
        pieces += part
        if n == 0:
            pieces.append(" in a document")
    if sums.is_mean:
        pieces.append(", divided by its length")
    pieces.append(", the kernel is")
    if not sums.is_exact:
        pieces.append(", away from the ends of the documents")
        if sums.has_repeats:
            pieces.append(" and for windows in which no token comes twice")
    return tuple(pieces)


def _coefficients(page: Page, flow: GradientFlow) -> list[Block]:
    origin = flow.sources
    assert origin is not None
    shares = "bias" in flow.coefficients
    if flow.equations:
        return _of_equations(page, flow)
    blocks = variance(page, origin)
    blocks += shared_part(page, flow) if shares else [Paragraph(nothing_shared(page, origin))]
    lines = [
        page.line(coefficient(term.matches), page.typeset(of_term(page, flow, term)))
        for term in flow.terms
        if term.matches != frozenset()
    ]
    opening = "Beyond that, what matches shares" if shares else "What matches shares"
    return [*blocks, Paragraph((opening,)), Display(tuple(lines)), Paragraph(_zeros(flow))]


def _of_equations(page: Page, flow: GradientFlow) -> list[Block]:
    """What the coefficients are where they are not written out."""
    assert flow.sources is not None
    if "bias" not in flow.coefficients:
        found: Prose = (Math(RHO), " is what a pair of equal tokens contributes to it, ")
        blocks: list[Block] = [Paragraph(nothing_shared(page, flow.sources))]
    else:
        found = (
            Math(MU),
            " is what a pair of different tokens contributes to it, and ",
            Math(RHO),
            " what a pair of equal ones contributes beyond that, ",
        )
        blocks = []
    ending = "as the equations above give it with a bracket of 0 and of 1. "
    return [*blocks, Paragraph(("Here ", *found, ending, *_zeros(flow)))]


def _zeros(flow: GradientFlow) -> Prose:
    """Which n-grams have no term."""
    assert flow.sums is not None
    zeros = [m for m, value in flow.sums.coefficients.items() if m and value == 0]
    pieces: list[Piece] = []
    for n, matches in enumerate(zeros):
        if n:
            pieces.append(" and " if n == len(zeros) - 1 else ", ")
        pieces.append(Math(tokens(matches)))
    if zeros:
        noun, verb = ("coefficients", "are") if len(zeros) > 1 else ("coefficient", "is")
        pieces = [f"The {noun} of ", *pieces, f" {verb} exactly ", Math(ZERO), ". "]
    most = max((len(term.matches or ()) for term in flow.terms), default=0)
    more = {0: "a token", 1: "two tokens", 2: "three tokens"}.get(most, f"{most + 1} tokens")
    return (*pieces, f"The coefficients of {more} or more are exactly ", Math(ZERO), ".")


def _of_tokens(page: Page, flow: GradientFlow) -> list[Block]:
    """The label scores of tokens; a document's score is their sum."""
    assert flow.sums is not None
    middle = "mean" if flow.sums.is_mean else "sum"
    opening: Prose = (
        f"The score of a document is the {middle} of the scores of its tokens, and the label score "
        "of a token ",
        Math(TOKEN),
        ", that of the document which it alone makes, moves by",
    )
    moved = total([_driven(page, term) for term in flow.terms])
    return [
        Paragraph(opening),
        Display((page.line(slope(score(TOKEN)), moved),)),
        Paragraph(reasons(page, flow)),
        *features_in_time(page, "bias" in flow.coefficients, TOKEN),
    ]


def _of_counts(page: Page, flow: GradientFlow) -> list[Block]:
    """The weight of every count, and the score as their sum.

    A count has one weight, which several terms drive where n-grams match in another order.
    """
    drives: dict[Layout, list[FlowTerm]] = {}
    for term in flow.terms:
        drives.setdefault(_weight(term.matches), []).append(term)
    parts = [_part(page, terms[0]) for terms in drives.values()]
    whole = page.line(score(page.typeset.point), total(parts))
    moved = [
        page.line(slope(weight), total([_driven(page, term) for term in terms]))
        for weight, terms in drives.items()
    ]
    return [
        Paragraph(("The score of a document is a sum over what it contains,",)),
        Display((whole,)),
        Paragraph(
            (
                "with weights that start at ",
                Math(ZERO),
                " and move by",
            )
        ),
        Display(tuple(moved)),
        Paragraph(reasons(page, flow)),
        *in_time(page),
    ]


def _driven(page: Page, term: FlowTerm) -> Layout:
    """eta c sum_j r_j N(x_j)."""
    parts = [RATE, coefficient(term.matches), over_examples(), RESIDUAL]
    if term.matches:
        parts.append(count(term.matches, example(page.typeset.point), second=True))
    elif term.matches is not None:
        parts.append(indexed(LENGTH, EXAMPLE))
    return row(*parts)


def _part(page: Page, term: FlowTerm) -> Layout:
    """A term of the score: counts times their weights."""
    weight, matches = _weight(term.matches), term.matches
    if matches is None:
        return weight
    if not matches:
        return row(LENGTH, weight)
    return row(over_tokens(matches), count(matches, page.typeset.point), weight)


def _weight(matches: Pattern | None) -> Layout:
    letter = Atom("a")
    if matches is None:
        return indexed(letter, ZERO)
    return indexed(letter, tokens(matches)) if matches else letter
