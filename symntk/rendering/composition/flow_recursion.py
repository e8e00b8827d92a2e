"""Kernels at equal and at orthogonal inputs, as what the recursion gives."""

from __future__ import annotations

from symntk.decomposition.gradient_flow import GradientFlow
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block


def at_features(page: Page, flow: GradientFlow) -> list[Block]:
    """The recursion at two equal and at two orthogonal inputs."""
    return []
