"""From a derivation to a document."""

from __future__ import annotations

from collections.abc import Callable

from symntk.derivation import Derivation
from symntk.rendering.composition.assumptions import assumptions
from symntk.rendering.composition.backward import backward
from symntk.rendering.composition.closed_form import closed_form
from symntk.rendering.composition.definitions import definitions
from symntk.rendering.composition.dual_activation import dual_activation
from symntk.rendering.composition.forward import forward
from symntk.rendering.composition.gradient_flow import gradient_flow
from symntk.rendering.composition.page import Page
from symntk.rendering.composition.tangent import tangent
from symntk.rendering.document import Block, Document, Math, Paragraph, Section
from symntk.rendering.notation import NotationProfile

SECTIONS: dict[str, Callable[[Page], list[Block]]] = {
    "Definitions": definitions,
    "Assumptions": assumptions,
    "Forward recursion": forward,
    "Dual activation": dual_activation,
    "Backward recursion": backward,
    "Neural tangent kernel": tangent,
    "Closed form": closed_form,
    "Gradient flow": gradient_flow,
}
"""The sections in order; one that has nothing to say is left out."""


def compose(derivation: Derivation, profile: NotationProfile) -> Document:
    """The document of ``derivation`` in a notation."""
    page = Page.of(derivation, profile)
    opening = (_opening(page),)
    sections = []
    for title, section in SECTIONS.items():
        blocks = section(page)
        if blocks:
            sections.append(Section(title, tuple(blocks)))
    subject = page.derivation.graph.title
    title = f"{HEADING} of {_with_article(subject)}" if subject else HEADING
    return Document(
        title=(title,),
        heading=HEADING,
        opening=opening,
        sections=tuple(sections),
        cited=tuple(page.cited),
    )


HEADING = "Neural tangent kernel"


def _with_article(title: str) -> str:
    if title.split()[0].lower() in ("a", "an", "the"):
        return title[:1].lower() + title[1:]
    return f"{'an' if title[:1].lower() in 'aeiou' else 'a'} {title}"


def _opening(page: Page) -> Paragraph:
    nngp, ntk = (
        page.typeset(type(k)(k.letter, k.layer, k.vector, "")) for k in page.reading.outputs
    )
    subject = page.derivation.graph.title
    network = _with_article(subject) if subject else "the network below"
    return Paragraph(
        (
            f"We derive the neural tangent kernel of {network}. At initialisation and as its "
            "hidden layers become infinitely wide, it is a Gaussian process with a covariance ",
            Math(nngp),
            " (its NNGP kernel) ",
            page.cite("lee2018"),
            ", and gradient descent on its parameters becomes gradient descent on functions with "
            "a fixed kernel ",
            Math(ntk),
            ", the neural tangent kernel ",
            page.cite("jacot2018"),
            ".",
        )
    )
