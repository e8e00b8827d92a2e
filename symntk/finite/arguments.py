"""The arguments of a check, read and completed."""

from __future__ import annotations

from collections.abc import Sequence

from symntk.errors import UsageError
from symntk.finite.network import Architecture
from symntk.finite.samples import Samples
from symntk.graph import Graph, Node, Weight, ancestors

WIDTHS = (64, 128, 256, 512, 1024)
"""Widths of networks when they are left open."""

WIDTHS_OF_MANY_HEADS = (16, 32, 64, 128)
"""The same for networks with a layer of many heads, which has n of them."""

MOST_PARAMETERS = 200_000_000
"""Entries of all weights of one network, some gigabytes."""

BUDGET = 200_000_000
"""Random numbers that a check draws when the number of networks is left open: a few seconds."""

FEWEST, MOST = 24, 400
"""Networks of each width when their number is left open."""


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


def read_architectures(
    graph: Graph, widths: Sequence[int] | None, samples: Samples
) -> list[Architecture]:
    """The networks of the widths asked for; UsageError where one is too large to be sampled."""
    if widths is None:
        layers = (node for body in graph.bodies() for node in ancestors(body))
        many = any(node.op == "attention" and node["heads"] == "many" for node in layers)
        widths = WIDTHS_OF_MANY_HEADS if many else WIDTHS
    reach = samples.reach(graph)
    found = [Architecture.of(graph, n, samples.dims, reach) for n in read_widths(widths)]
    for architecture in found:
        if architecture.size > MOST_PARAMETERS:
            raise UsageError(
                f"a network of width {architecture.widths.common} has {architecture.size:,} "
                "parameters, which is too much: ask for smaller widths"
            )
    return found


def require_finite_ntk(graph: Graph) -> None:
    """Refuse a trained weight whose part of the NTK grows with the width."""
    for node in (node for body in graph.bodies() for node in ancestors(body)):
        weight = node.parameter
        if not isinstance(weight, Weight) or not weight.trainable:
            continue
        argument = node.inputs[0]
        known = isinstance(argument.width, int) or argument.is_one_hot or _is_data(argument)
        if weight.parametrization == "standard" and not known:
            raise UsageError(
                f"{weight.name}: in the standard parametrisation its part of the NTK grows with "
                "the width it acts on; give that width a number, or use 'ntk'"
            )


def _is_data(node: Node) -> bool:
    """Whether a vector is as long as an input."""
    return isinstance(node.width, str) and node.width.startswith("d:")
