"""Repeated blocks written out, each with weights of its own."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.graph import Graph
from symntk.graph.nodes import Node, ancestors
from symntk.graph.rewrite import rebuild


def unroll(graph: Graph) -> tuple[Graph, dict[str, str]]:
    """``graph`` without repeated blocks, and for each of its parameters the original's name.

    The weight W of a block becomes W_1, W_2, ...  GraphError where the depth is a symbol.
    """
    origin: dict[str, str] = {}
    taken = set(graph.parameters)
    output = _rewrite(graph.output, {}, "", origin, taken)
    return Graph(output, graph.title), origin


def _rewrite(
    output: Node, known: dict[Node, Node], suffix: str, origin: dict[str, str], taken: set[str]
) -> Node:
    """``output`` with the nodes in ``known`` replaced, and ``suffix`` behind parameter names."""
    done = dict(known)
    for node in ancestors(output):
        if node in done:
            continue
        inputs = tuple(done[child] for child in node.inputs)
        if node.op == "repeat":
            done[node] = _write_out(node, inputs[0], suffix, origin, taken)
            continue
        parameter = node.parameter
        if parameter is not None:
            name = f"{parameter.name}{suffix}"
            if suffix and name in taken and origin.get(name) != parameter.name:
                raise GraphError(f"{name}: this name is needed when the blocks are written out")
            origin[name] = parameter.name
            parameter = replace(parameter, name=name)
        new = rebuild(node, inputs, parameter)
        done[node] = new.named(f"{node.name}{suffix}") if node.name else new
    return done[output]


def _write_out(
    node: Node, start: Node, suffix: str, origin: dict[str, str], taken: set[str]
) -> Node:
    times, body, placeholder = node["times"], node["body"], node["placeholder"]
    if not isinstance(times, sp.Integer):
        raise GraphError(
            f"{node.name or 'repeat'}: the number of blocks is the symbol {times}; "
            "give the depth a value first"
        )
    value = start
    for block in range(1, int(times) + 1):
        value = _rewrite(body, {placeholder: value}, f"{suffix}_{block}", origin, taken)
    return value
