"""Covariances of the vectors, from the input to the output."""

from __future__ import annotations

from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block


def forward(page: Page) -> list[Block]:
    """The section."""
    return list(page.explained_statements(page.reading.forward))
