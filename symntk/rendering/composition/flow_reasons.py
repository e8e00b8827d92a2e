"""Why the terms of a flow are there, in sentences."""

from __future__ import annotations

import sympy as sp

from symntk.activations import ACTIVATIONS
from symntk.decomposition.flow.gradient_flow import GradientFlow
from symntk.decomposition.flow.sources import Sources
from symntk.gaussian import Expectation
from symntk.gaussian.parity import is_odd
from symntk.gaussian.symbols import q, u, x
from symntk.rendering.composition.flow_signs import (
    EXAMPLE,
    MU,
    RESIDUAL,
    RHO,
    UNEQUAL,
    ZERO,
    over_examples,
)
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Emphasis, Math, Piece, Prose
from symntk.rendering.mathematics.layout import (
    EQUALS,
    Atom,
    Layout,
    Scripts,
    row,
    separated,
)


def reasons(page: Page, flow: GradientFlow) -> Prose:
    """What the terms do and why they are there."""
    things = "features" if flow.scope == "features" else "tokens"
    sentences: list[list[Piece]] = []
    single = [term for term in flow.terms if term.matches and len(term.matches) == 1]
    if single:
        drawn = f" draws {things} to the labels that they occur with "
        which: list[Piece] = [" The term in ", Math(RHO)] if len(single) == 1 else [" Matches"]
        drawn = drawn if len(single) == 1 else drawn.replace("draws", "draw")
        term: list[Piece] = [*which, drawn, page.cite("sun2023"), "."]
        sentences.append([Emphasis("Co-occurrence."), *term])
    if any(term.matches and len(term.matches) > 1 for term in flow.terms):
        drawn = " The terms of several tokens draw n-grams to the labels that they occur with"
        beyond = ", beyond what their tokens do." if single else "."
        sentences.append([Emphasis("N-grams."), f"{drawn}{beyond}"])
    if "bias" in flow.coefficients:
        assert flow.sources is not None
        things = "documents" if flow.scope == "documents" else things
        sentences.append([*_bias(page, flow.sources), *_moved(things)])
    if any(term.matches is None for term in flow.terms):
        offset = " is what all documents share once, whatever their lengths: a bias of the output."
        sentences.append([Emphasis("Length."), " The term in ", Math(Atom("ν")), offset])
    pieces: list[Piece] = []
    for sentence in sentences:
        pieces += [" ", *sentence] if pieces else sentence
    return tuple(pieces)


def _bias(page: Page, origin: Sources) -> list[Piece]:
    """The bias term's name and reason."""
    term: list[Piece] = [" The term in ", Math(MU)]
    found = _with_means(page, origin)
    activation = _activation(page, found)
    alone = len(found) == 1
    asymmetry: list[Piece] = [
        Math(row(_mean(page, found[0]), UNEQUAL, ZERO))
        if alone
        else "the mean of an activation is not 0",
        ": its outputs do not average out, so that even inputs with nothing in common share a part "
        "of the kernel ",
        page.cite("sun2023"),
        ".",
    ]
    if not origin.biases:
        if not origin.has_means:
            return [Emphasis("Bias."), *term, " is what all inputs have in common."]
        name = Emphasis(f"Asymmetric bias of {activation}.")
        return [name, *term, " is there because ", *asymmetry]
    labels = Math(separated([page.typeset.subject(label) for label in origin.biases]))
    same = f"{'are' if len(origin.biases) > 1 else 'is'} the same for all inputs."
    if not origin.has_means:
        return [Emphasis("Bias."), *term, " is there because ", labels, f" {same}"]
    return [
        Emphasis("Bias."),
        *term,
        " has two sources. One is ",
        labels,
        f", which {same} The other is the asymmetric bias of {activation}, because ",
        *asymmetry,
    ]


def _moved(things: str) -> list[Piece]:
    """What the bias term does."""
    total = row(over_examples(), RESIDUAL)
    if things == "tokens":
        total = row(total, Scripts(Atom("T"), below=EXAMPLE))
    condition = Math(row(total, UNEQUAL, ZERO))
    return [f" It moves all {things} alike, whatever their own labels, while ", condition, "."]


def _with_means(page: Page, origin: Sources) -> list[sp.Expr]:
    """The activations, in x, whose means are not 0: those that were met, else all but odd ones."""
    met = [mean.integrand.xreplace({u: x}) for mean in origin.means]
    return list(dict.fromkeys(met)) or [
        phi for phi, _ in page.functions.definitions.values() if not is_odd(phi)
    ]


def _activation(page: Page, found: list[sp.Expr]) -> str:
    """The activation in words, by its name where there is one."""
    labels = dict(page.functions.definitions.values())
    if len(found) != 1 or found[0] not in labels:
        return "an activation"
    known = ACTIVATIONS.get(labels[found[0]])
    if known is not None:
        return f"the {known.title}"
    return "the activation" if len(labels) == 1 else "an activation"


def _mean(page: Page, phi: sp.Expr) -> Layout:
    """E[phi(u)]."""
    expectation = Expectation(phi.xreplace({x: u}), q)
    return page.typeset(page.functions.in_expectations(expectation))


def nothing_shared(page: Page, origin: Sources) -> Prose:
    """Why there is no bias term."""
    vanishes = Math(row(MU, EQUALS, ZERO))
    if page.functions.definitions and origin.is_odd:
        phi, _ = next(iter(page.functions.definitions.values()))
        return (
            "The activation is an odd function, ",
            Math(row(_mean(page, phi), EQUALS, ZERO)),
            ": what has nothing in common is uncorrelated in every layer, and shares nothing, ",
            vanishes,
            " exactly.",
        )
    return ("What has nothing in common shares nothing, ", vanishes, " exactly.")
