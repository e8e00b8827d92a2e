"""Covariances of the vectors, from the input to the output."""

from __future__ import annotations

from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Paragraph


def forward(page: Page) -> list[Block]:
    """The section."""
    statements = page.reading.forward
    opening: list[Block] = [Paragraph(("From the input to the output the covariances are",))]
    return [*([] if statements[0].direction else opening), *page.equations(statements)]
