"""The kernels with their expectations evaluated."""

from __future__ import annotations

from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block


def closed_form(page: Page) -> list[Block]:
    """The section."""
    return []
