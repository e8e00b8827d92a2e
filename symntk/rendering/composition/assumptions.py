"""What the derivation rests on."""

from __future__ import annotations

from symntk.rendering.composition.page import Page, _capitalised
from symntk.rendering.document import Block, Emphasis, Items, Piece

LABEL = "A"
_USED = {
    "infinite width": "everywhere",
    "Gaussian pre-activations": "in the forward recursion",
    "gradient independence": "in the backward recursion",
}


def assumptions(page: Page) -> list[Block]:
    """The section: a numbered list, each with its source and where it is used."""
    items: list[tuple[Piece, ...]] = []
    for step in page.derivation.assumptions:
        pieces: list[Piece] = [Emphasis(_capitalised(step.rule) + "."), " ", step.assumption]
        if step.source:
            pieces += [" ", page.cite(step.source)]
        if step.rule in _USED:
            pieces.append(f" Used {_USED[step.rule]}.")
        items.append(tuple(pieces))
    return [Items(tuple(items), LABEL)] if items else []
