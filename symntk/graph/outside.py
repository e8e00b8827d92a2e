"""What people ask for and no infinite-width limit of this theory has: refused, with the reason."""

from __future__ import annotations

from typing import NoReturn

from symntk.errors import AssumptionError
from symntk.graph.formula import describe
from symntk.graph.nodes import Node


def max_pool(node: Node, *_: object, **__: object) -> NoReturn:
    """Always an AssumptionError: the maximum takes many dependent Gaussians at once."""
    raise AssumptionError(
        f"max_pool({describe(node)})",
        "an expectation may involve the vectors at two positions at a time, and the maximum over "
        "positions takes the dependent Gaussians at all of them at once",
        "Use average_pool or sum_pool, or .mean() or .sum() over all positions",
    )


def batch_norm(node: Node, *_: object, **__: object) -> NoReturn:
    """Always an AssumptionError: the outputs for one input would depend on the rest of a batch."""
    raise AssumptionError(
        f"batch_norm({describe(node)})",
        "the output for an input must depend on that input alone, and the mean and variance over "
        "a batch make it depend on all the other inputs",
        "Use layer_norm, which is over the coordinates of one vector",
    )
