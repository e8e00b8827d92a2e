"""The flow on features: inputs that are equal or orthogonal, as one-hot vectors are."""

from __future__ import annotations

from symntk.decomposition.flow.gradient_flow import GradientFlow
from symntk.rendering.composition.flow_in_time import features_in_time
from symntk.rendering.composition.flow_means import of_term, shared_part, variance
from symntk.rendering.composition.flow_reasons import nothing_shared, reasons
from symntk.rendering.composition.flow_recursion import at_features
from symntk.rendering.composition.flow_signs import (
    FEATURE,
    MU,
    RATE,
    RESIDUAL,
    RHO,
    bracket,
    example,
    of,
    over_examples,
    score,
    slope,
    total,
)
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Math, Paragraph
from symntk.rendering.mathematics.layout import EQUALS, row
from symntk.rendering.mathematics.marks import primed


def flow_of_features(page: Page, flow: GradientFlow) -> list[Block]:
    """What the kernel is for such inputs, and their flow, term by term."""
    if not flow.terms:
        return []
    point = page.typeset.point
    theta = of(page.typeset(page.reading.outputs[1].bare()), point, primed(point))
    shares = "bias" in flow.coefficients
    same = row(RHO, bracket(point, primed(point)))
    matching = over_examples(example(point), EQUALS, FEATURE)
    terms = [row(RATE, RHO, matching, RESIDUAL)]
    if shares:
        terms.append(row(RATE, MU, over_examples(), RESIDUAL))
    return [
        Paragraph(
            (
                "Let the inputs be features: vectors of one norm, of which any two are equal or "
                "orthogonal, as one-hot vectors are. Then every covariance has two values, and the "
                "kernel is",
            )
        ),
        Display((page.line(theta, total([same, MU] if shares else [same])),)),
        *_coefficients(page, flow),
        Paragraph(
            (
                "The score of a feature ",
                Math(FEATURE),
                " moves by",
            )
        ),
        Display((page.line(slope(score(FEATURE)), total(terms)),)),
        Paragraph(reasons(page, flow)),
        *features_in_time(page, shares),
    ]


def _coefficients(page: Page, flow: GradientFlow) -> list[Block]:
    """Rho and mu in closed form, or as what the recursion gives."""
    if flow.equations:
        return at_features(page, flow)
    origin, coefficients = flow.sources, flow.coefficients
    assert origin is not None
    shares = "bias" in coefficients
    blocks = variance(page, origin)
    blocks += shared_part(page, flow) if shares else [Paragraph(nothing_shared(page, origin))]
    matching = of_term(page, flow, flow.terms[0])
    opening = "Beyond that, a feature shares" if shares else "A feature shares"
    return [
        *blocks,
        Paragraph((f"{opening} with itself",)),
        Display((page.line(RHO, page.typeset(matching)),)),
    ]
