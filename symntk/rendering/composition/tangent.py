"""The neural tangent kernel: each parameter's part, and their sum."""

from __future__ import annotations

from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Paragraph


def tangent(page: Page) -> list[Block]:
    """The section."""
    reading = page.reading
    blocks: list[Block] = []
    if reading.parts:
        blocks.append(Paragraph(("Each trained parameter contributes to the kernel",)))
        blocks.append(Display(tuple(page.statement(statement) for statement in reading.parts)))
    blocks.append(Paragraph(("and their sum is",)))
    blocks.append(Display(tuple(page.statement(statement) for statement in reading.total)))
    return blocks
