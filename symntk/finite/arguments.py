"""The arguments of a check, read and completed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from symntk.errors import UsageError
from symntk.finite.extents import Array
from symntk.graph import Graph, Weight, ancestors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BUDGET = 200_000_000
"""Random numbers that a check draws when the number of networks is left open: a few seconds."""

FEWEST, MOST = 24, 400
"""Networks of each width when their number is left open."""

SAMPLES, DIMENSION = 4, 6
"""Number of random inputs, and their dimension where the graph leaves it open."""

MOST_INPUTS = 12
"""The joint test weighs all pairs of inputs, so their number is bounded."""


def read_inputs(
    graph: Graph,
    given: ArrayLike | Mapping[str, ArrayLike] | None,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """The inputs by name: those given, or rows from N(0, I), each with its own length."""
    names = [str(node["name"]) for node in graph.inputs]
    dims = [node.width if isinstance(node.width, int) else None for node in graph.inputs]
    if given is None:
        return {
            name: rng.standard_normal((SAMPLES, dim or DIMENSION))
            for name, dim in zip(names, dims, strict=True)
        }
    if not isinstance(given, Mapping):
        if len(names) != 1:
            raise UsageError(f"give inputs by name, as a dict: {', '.join(names)}")
        given = {names[0]: given}
    if set(given) != set(names):
        raise UsageError(f"the inputs are {', '.join(names)}, not {', '.join(map(str, given))}")
    data = {name: np.asarray(given[name], dtype=float) for name in names}
    for (name, array), dim in zip(data.items(), dims, strict=True):
        if array.ndim != 2 or not array.size or dim not in (None, array.shape[1]):
            raise UsageError(f"{name}: an array of shape (N, {dim or 'd'}), not {array.shape}")
    counts = {len(array) for array in data.values()}
    if len(counts) > 1 or max(counts) > MOST_INPUTS:
        raise UsageError(f"give one number of inputs, at most {MOST_INPUTS}, not {sorted(counts)}")
    return data


def read_widths(widths: Sequence[int]) -> list[int]:
    """The widths in rising order, each once."""
    checked = sorted(set(widths))
    if len(checked) < 2 or checked[0] < 1:
        raise UsageError(f"widths are two or more different positive numbers, not {widths!r}")
    return checked


def distinct(widths: list[int]) -> list[int]:
    """The widths that networks really have, which must still be different."""
    if len(set(widths)) < len(widths):
        raise UsageError(
            f"the graph's own widths keep their proportion only at the widths {sorted(set(widths))}"
            " of those asked for: ask for larger ones"
        )
    return widths


def read_seeds(seeds: int | None, size: int) -> int:
    """The number of networks of each width; ``size`` is that of one of each width together."""
    if seeds is None:
        return min(MOST, max(FEWEST, BUDGET // max(1, size)))
    if seeds < 2:
        raise UsageError(f"a check needs at least two networks of each width, not {seeds}")
    return seeds


def require_finite_ntk(graph: Graph) -> None:
    """Refuse a trained weight whose part of the NTK grows with the width."""
    for node in (node for body in graph.bodies() for node in ancestors(body)):
        weight = node.parameter
        if not isinstance(weight, Weight) or not weight.trainable:
            continue
        (argument,) = node.inputs
        known = isinstance(argument.width, int) or argument.op == "input"
        if weight.parametrization == "standard" and not known:
            raise UsageError(
                f"{weight.name}: in the standard parametrisation its part of the NTK grows with "
                "the width it acts on; give that width a number, or use 'ntk'"
            )
