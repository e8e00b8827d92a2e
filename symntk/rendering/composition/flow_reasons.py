"""Why the terms of a flow are there, in sentences."""

from __future__ import annotations

from symntk.activations import ACTIVATIONS
from symntk.decomposition.gradient_flow import GradientFlow
from symntk.decomposition.sources import Sources
from symntk.gaussian.symbols import u
from symntk.rendering.composition.flow_signs import (
    EXAMPLE,
    MU,
    RESIDUAL,
    RHO,
    UNEQUAL,
    ZERO,
    of,
    over_examples,
)
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Emphasis, Math, Piece, Prose
from symntk.rendering.mathematics.layout import (
    EQUALS,
    Apply,
    Atom,
    Fence,
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
    activation = _activation(page)
    asymmetry: list[Piece] = [
        Math(row(mean(page), UNEQUAL, ZERO)),
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


def _activation(page: Page) -> str:
    """The activation in words, by its name where there is one."""
    labels = [label for _, label in page.functions.definitions.values()]
    if len(labels) != 1:
        return "an activation"
    known = ACTIVATIONS.get(labels[0])
    return "the activation" if known is None else f"the {known.title}"


def mean(page: Page) -> Layout:
    """E[phi(u)]."""
    symbols = list(page.functions.definitions)
    phi = page.typeset(symbols[0]) if symbols else Atom("φ")
    return Apply(Atom("E", "blackboard"), Fence(of(phi, page.typeset(u)), "[", "]"))


def nothing_shared(page: Page, origin: Sources) -> Prose:
    """Why there is no bias term."""
    vanishes = Math(row(MU, EQUALS, ZERO))
    if page.functions.definitions and origin.is_odd:
        return (
            "The activation is an odd function, ",
            Math(row(mean(page), EQUALS, ZERO)),
            ": what has nothing in common is uncorrelated in every layer, and shares nothing, ",
            vanishes,
            " exactly.",
        )
    return ("What has nothing in common shares nothing, ", vanishes, " exactly.")
