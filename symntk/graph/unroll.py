"""Repeated blocks written out, each with weights of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.graph import Graph
from symntk.graph.nodes import Node, ancestors
from symntk.graph.rewrite import given_names, rebuild, scanned
from symntk.graph.weights import Parameter


def unroll(graph: Graph) -> tuple[Graph, dict[str, str]]:
    """``graph`` without repeated blocks, and for each of its parameters the original's name.

    The weight W of a block becomes W_1, W_2, ...  GraphError where the depth is a symbol.
    """
    unrolling = _Unrolling(graph)
    return Graph(unrolling.of(graph.output, {}, ""), graph.title), unrolling.origin


class _Unrolling:
    """Writes blocks out, and keeps account of the names."""

    def __init__(self, graph: Graph) -> None:
        self.origin: dict[str, str] = {}
        self.parameters = set(graph.parameters)
        self.vectors = {*graph.given_names.values(), *graph.parameters, "f"}

    def of(self, output: Node, known: Mapping[Node, Node], suffix: str) -> Node:
        """``output`` with the ``known`` vectors replaced, and ``suffix`` behind every name."""
        names = given_names(output)
        done = dict(known)
        for node in ancestors(output):
            if node in done:
                continue
            inputs = tuple(done[child] for child in node.inputs)
            if node.op == "repeat":
                new = self.written_out(node, inputs[0], known, suffix)
            elif node.op == "scan":
                new = scanned(node["state"], *inputs)
            else:
                new = rebuild(node, inputs, self.parameter(node, suffix))
            name = self.vector(names.get(node, ""), suffix) if node.op != "input" else ""
            done[node] = new.named(name) if name else new
        return done[output]

    def written_out(self, node: Node, start: Node, known: Mapping[Node, Node], suffix: str) -> Node:
        """The blocks of a repeat node, one after the other."""
        times, body, placeholder = node["times"], node["body"], node["placeholder"]
        if not isinstance(times, sp.Integer):
            raise GraphError(
                f"{node.name or 'repeat'}: the number of blocks is the symbol {times}; "
                "give the depth a value first"
            )
        value = start
        for block in range(1, int(times) + 1):
            value = self.of(body, {**known, placeholder: value}, f"{suffix}_{block}")
        return value

    def parameter(self, node: Node, suffix: str) -> Parameter | None:
        """The parameter of ``node`` under its name in this block."""
        parameter = node.parameter
        if parameter is None:
            return None
        name = f"{parameter.name}{suffix}"
        if suffix and name in self.parameters and self.origin.get(name) != parameter.name:
            raise GraphError(f"{name}: this name is needed when the blocks are written out")
        self.origin[name] = parameter.name
        return replace(parameter, name=name)

    def vector(self, name: str, suffix: str) -> str:
        """A vector's name in this block, with further marks where another vector has it."""
        if not name or not suffix:
            return name
        name += suffix
        while name in self.vectors:
            name += "_"
        self.vectors.add(name)
        return name
