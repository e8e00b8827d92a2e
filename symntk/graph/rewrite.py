"""A vector built again with something changed below it.  Names stay; sums are collected afresh."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import sympy as sp

from symntk.graph.language import add, product
from symntk.graph.nodes import Node, Width, ancestors, occurrences
from symntk.graph.weights import Parameter

Change = Callable[[Parameter], Parameter]


def rebuild(node: Node, inputs: tuple[Node, ...], parameter: Parameter | None) -> Node:
    """``node``, which is no repeated block, with other inputs and another parameter."""
    match node.op:
        case "sum":
            new = add(*zip(inputs, node["coefficients"], strict=True))
        case "product":
            new = product(*inputs)
        case _:
            return Node(node.op, inputs, parameter, node.settings, node.width, node.name)
    return new.named(node.name) if node.name else new


def rewrite(output: Node, known: Mapping[Node, Node], change: Change | None = None) -> Node:
    """``output`` with the ``known`` vectors replaced and every parameter changed.

    Repeated blocks are rewritten inside as well.
    """
    names = given_names(output)
    done = {node: _named(new, names.get(node, "")) for node, new in known.items()}
    for node in ancestors(output):
        if node in done:
            continue
        inputs = tuple(done[child] for child in node.inputs)
        if node.op == "repeat":
            body = rewrite(node["body"], known, change)
            new = repeated(body, node["placeholder"], inputs[0], node["times"])
        else:
            parameter = change(node.parameter) if change and node.parameter else node.parameter
            new = rebuild(node, inputs, parameter)
        done[node] = _named(new, names.get(node, ""))
    return done[output]


def repeated(body: Node, placeholder: Node, start: Node, times: sp.Expr) -> Node:
    """The node of ``body``, a vector in terms of ``placeholder``, applied to ``start``.

    Blocks that differ in anything have arguments that differ, so that no vector of one block is a
    vector of another; the argument bears a digest of what makes the block.
    """
    unfinished = draft(placeholder["depth"], start.width)
    if placeholder != unfinished:
        body = rewrite(body, {placeholder: unfinished})
    content = "\n".join((start.digest, body.digest, sp.srepr(times)))
    key = hashlib.sha256(content.encode()).hexdigest()
    own = Node("block_input", settings=(*unfinished.settings, ("block", key)), width=start.width)
    settings = (("body", rewrite(body, {unfinished: own})), ("placeholder", own), ("times", times))
    return Node("repeat", (start,), settings=settings, width=start.width)


def draft(depth: int, width: Width) -> Node:
    """The argument of a block that is not finished yet."""
    return Node("block_input", settings=(("depth", depth),), width=width)


def given_names(output: Node) -> dict[Node, str]:
    """The names that the user gave to vectors, blocks not included; the first where there are two.

    Vectors are equal whatever their names, so a name that one occurrence bears is that of all.
    """
    found: dict[Node, str] = {}
    for node in occurrences(output):
        if node.name:
            found.setdefault(node, node.name)
    return found


def _named(node: Node, name: str) -> Node:
    return node.named(name) if name and node.name != name else node
