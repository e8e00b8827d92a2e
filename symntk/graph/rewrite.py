"""A graph built again with something changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from symntk.errors import UsageError
from symntk.graph.graph import Graph
from symntk.graph.language import add, product
from symntk.graph.nodes import Node, ancestors
from symntk.graph.weights import PARAMETRIZATIONS, Parameter, Parametrization


def rebuild(node: Node, inputs: tuple[Node, ...], parameter: Parameter | None) -> Node:
    """``node`` with other inputs and another parameter; sums and products are collected afresh."""
    match node.op:
        case "sum":
            new = add(*zip(inputs, node["coefficients"], strict=True))
        case "product":
            new = product(*inputs)
        case _:
            return Node(node.op, inputs, parameter, node.settings, node.width, node.name)
    return new.named(node.name) if node.name else new


def configure(
    graph: Graph, parametrization: Parametrization | None, frozen: Iterable[str]
) -> Graph:
    """``graph`` with all its parameters in one parametrization, and those named frozen.

    UsageError for an unknown parametrization or the name of no parameter.
    """
    frozen = set(frozen)
    unknown = frozen - set(graph.parameters)
    if unknown:
        raise UsageError(
            f"no parameter is called {', '.join(sorted(unknown))}; "
            f"the graph has {', '.join(graph.parameters)}"
        )
    if parametrization is not None and parametrization not in PARAMETRIZATIONS:
        raise UsageError(
            f"unknown parametrization {parametrization!r}; use {' or '.join(PARAMETRIZATIONS)}"
        )
    if not frozen and parametrization is None:
        return graph

    def change(parameter: Parameter) -> Parameter:
        return replace(
            parameter,
            parametrization=parametrization or parameter.parametrization,
            trainable=parameter.trainable and parameter.name not in frozen,
        )

    return Graph(_changed(graph.output, change), graph.title)


def _changed(output: Node, change: Callable[[Parameter], Parameter]) -> Node:
    done: dict[Node, Node] = {}
    for node in ancestors(output):
        inputs = tuple(done[child] for child in node.inputs)
        parameter = node.parameter and change(node.parameter)
        new = rebuild(node, inputs, parameter)
        if node.op == "repeat":
            body = node["body"]
            settings = dict(node.settings) | {"body": _changed(body, change)}
            new = replace(new, settings=tuple(settings.items()))
        done[node] = new
    return done[output]
