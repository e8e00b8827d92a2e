"""The Gaussian expectations of the activation, derived."""

from __future__ import annotations

from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block


def dual_activation(page: Page) -> list[Block]:
    """The section."""
    return []
