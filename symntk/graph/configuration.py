"""The same network with its parameters set differently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from symntk.errors import UsageError
from symntk.graph.graph import Graph
from symntk.graph.rewrite import rewrite
from symntk.graph.weights import PARAMETRIZATIONS, Parameter, Parametrization


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

    return Graph(rewrite(graph.output, {}, change), graph.title)
