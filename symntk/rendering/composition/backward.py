"""Covariances of the gradients, from the output to the input."""

from __future__ import annotations

from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Math, Paragraph
from symntk.rendering.heads import Kernel


def backward(page: Page) -> list[Block]:
    """The section."""
    reading = page.reading
    if not reading.backward:
        return []
    blocks: list[Block] = []
    if reading.layered:
        slope = Math(page.typeset(Kernel("dot Sigma", _index(), site="")))
        blocks.append(
            Paragraph(
                (
                    "Back through a layer, the covariance of the gradients is multiplied by a factor ",
                    slope,
                    ".",
                )
            )
        )
    return [*blocks, *page.explained_statements(reading.backward)]


def _index():  # type: ignore[no-untyped-def]
    from symntk.rendering.reading.layers import LAYER

    return LAYER
