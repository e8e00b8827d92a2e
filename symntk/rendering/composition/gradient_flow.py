"""The gradient flow that the kernel drives, in general and by the terms of the kernel."""

from __future__ import annotations

from dataclasses import replace

from symntk.rendering.composition.flow_in_time import in_time
from symntk.rendering.composition.flow_of_documents import flow_of_documents
from symntk.rendering.composition.flow_of_features import flow_of_features
from symntk.rendering.composition.flow_of_windows import flow_of_windows
from symntk.rendering.composition.flow_signs import (
    EXAMPLE,
    ONE,
    RATE,
    RESIDUAL,
    SUM,
    TIME,
    ZERO,
    bracket,
    example,
    exponential,
    indexed,
    less,
    minus,
    of,
    over_examples,
    score,
    slope,
)
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Line, Math, Paragraph, Prose
from symntk.rendering.mathematics.layout import (
    EQUALS,
    Apply,
    Atom,
    Fence,
    Fraction,
    Layout,
    Scripts,
    Sum,
    row,
    separated,
)

_CLASS, _OTHER = Atom("k"), Atom("l")


def gradient_flow(page: Page) -> list[Block]:
    """The section."""
    if not page.derivation.trained:
        return []
    flow = page.derivation.flow
    blocks = _in_general(page)
    if flow.scope == "features":
        blocks += flow_of_features(page, flow)
    elif flow.scope == "windows":
        blocks += flow_of_windows(page, flow)
    elif flow.scope == "documents":
        blocks += flow_of_documents(page, flow)
    else:
        blocks.append(Paragraph((f"The kernel is not taken apart into terms: {flow.reason}.",)))
        blocks += in_time(page)
    return blocks


def _in_general(page: Page) -> list[Block]:
    point, here = page.typeset.point, example(page.typeset.point)
    theta = of(page.typeset(page.reading.outputs[1].bare()), point, here)
    return [
        Paragraph(_setting(page, here)),
        Display((page.line(slope(score(point)), row(RATE, over_examples(), RESIDUAL, theta)),)),
        Paragraph(
            (
                *("from ", Math(row(score(point), EQUALS, ZERO)), " at time "),
                *(Math(row(TIME, EQUALS, ZERO)), ", with the residual "),
                *(Math(row(RESIDUAL, EQUALS, minus(_loss_slope(here)))), " of each example"),
            )
        ),
        Display(tuple(_residuals(page, here))),
        Paragraph(_labels()),
    ]


def _setting(page: Page, here: Layout) -> Prose:
    """What the score is, and how it is trained."""
    point, label = page.typeset.point, indexed("y", EXAMPLE)
    function, initial = Atom("f"), indexed("f", ZERO)
    difference = less(of(function, point), of(initial, point))
    return (
        "As the width grows the kernel stays what it is at initialisation while the network is "
        "trained ",
        *(page.cite("jacot2018"), " ", page.cite("lee2019"), ". Let "),
        Math(row(score(point), EQUALS, difference)),
        *(
            " be what training has added to the output ",
            Math(initial),
            " of the network as it was ",
        ),
        *("drawn. Gradient descent in small steps, at a rate ", Math(RATE), ", on the sum of the "),
        *("losses ", Math(of(Atom("ℓ"), label, score(here))), " of examples "),
        *(Math(Fence(separated([here, label]))), " moves it by"),
    )


def _labels() -> Prose:
    """What the labels of each loss are."""
    label = indexed("y", EXAMPLE)
    return (
        *("with labels ", Math(row(label, Atom("∈", "relation"), _two_labels())), " and "),
        *(Math(row(of("g", Atom("u")), EQUALS, _logistic())), " for logistic loss; with classes "),
        *(
            Math(_CLASS),
            " for the cross-entropy of a softmax, where each class has a readout and a ",
        ),
        *(
            "score ",
            Math(indexed("s", _CLASS)),
            " of its own, which obeys the equation with its own ",
        ),
        *("residuals; and with numbers ", Math(label), " for half the squared error. A language "),
        "model is the case of classes, with the token that comes next as the class.",
    )


def _loss_slope(here: Layout) -> Layout:
    d = Atom("∂")
    return Fraction(row(d, Atom("ℓ")), row(d, score(here)))


def _two_labels() -> Layout:
    return Fence(separated([minus(ONE), ONE]), "{", "}")


def _logistic() -> Layout:
    below = Sum((("+", ONE), ("+", exponential(minus(Atom("u"))))))
    return Fraction(ONE, below)


def _residuals(page: Page, here: Layout) -> list[Line]:
    label = indexed("y", EXAMPLE)
    own, each = (
        Apply(Scripts(Atom("s"), below=number), Fence(here)) for number in (_CLASS, _OTHER)
    )
    share = Fraction(exponential(own), row(Scripts(SUM, below=_OTHER), exponential(each)))
    by_class = Scripts(Atom("r"), below=separated([EXAMPLE, _CLASS]))
    rows: list[tuple[Layout, Layout, str]] = [
        (RESIDUAL, row(label, of("g", minus(row(label, score(here))))), "logistic loss"),
        (by_class, less(bracket(label, _CLASS), share), "softmax"),
        (RESIDUAL, less(label, score(here)), "squared loss"),
    ]
    return [
        replace(page.line(left, right), remark=Atom(loss, "words")) for left, right, loss in rows
    ]
