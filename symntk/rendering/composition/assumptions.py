"""What the derivation rests on."""

from __future__ import annotations

from symntk.rendering.composition.page import Page, capitalised
from symntk.rendering.document import Block, Emphasis, Items, Paragraph, Piece

LABEL = "A"
_USED = {
    "infinite width": "everywhere",
    "Gaussian pre-activations": "in the forward recursion",
    "gradient independence": "in the backward recursion",
}


def assumptions(page: Page) -> list[Block]:
    """The section: a numbered list of them, each with its source and where it is used."""
    items: list[tuple[Piece, ...]] = []
    for step in page.derivation.assumptions:
        text = step.assumption.rstrip(".")
        pieces: list[Piece] = [Emphasis(capitalised(step.rule) + "."), " ", text]
        if step.source:
            pieces += [" ", page.cite(step.source)]
        pieces.append(f". Used {_USED[step.rule]}." if step.rule in _USED else ".")
        items.append(tuple(pieces))
    if not items:
        return []
    opening = Paragraph(("The derivation rests on the following.",))
    return [opening, Items(tuple(items), LABEL)]
