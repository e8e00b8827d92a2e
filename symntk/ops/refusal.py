"""Refusals that several operations share."""

from __future__ import annotations

from collections.abc import Sequence

from symntk.errors import AssumptionError
from symntk.graph import Node, describe
from symntk.ops.law import Law


def require_transparent(node: Node, laws: Sequence[Law]) -> None:
    """Refuse an argument whose coordinates have no known law (data, the end of a block)."""
    for argument, law in zip(node.inputs, laws, strict=True):
        if law.opaque:
            raise AssumptionError(
                describe(argument),
                "its coordinates are not functions of Gaussians (it is data, or a repeated block "
                "that ends in an activation), so only a weight matrix can be applied to it",
                f"Put a weight matrix between it and {node.op}",
            )
