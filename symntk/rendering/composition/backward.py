"""Covariances of the gradients, from the output to the input."""

from __future__ import annotations

from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Paragraph


def backward(page: Page) -> list[Block]:
    """The section."""
    reading = page.reading
    if not reading.backward:
        return []
    opening = "From the output back to the input the covariances of the gradients are"
    if any(statement.span for statement in reading.backward) and not reading.layered:
        opening = (
            "From the output back to the input the covariances of the gradients are, in a repeated "
            "block for a gradient of unit covariance at the block's end,"
        )
    if reading.layered:
        opening = (
            "Going back through a layer multiplies the covariance of the gradients by the factor"
        )
    if reading.backward[0].direction:
        return page.equations(reading.backward)
    return [Paragraph((opening,)), *page.equations(reading.backward)]
