"""A vector built again with something changed below it.  Names stay; sums are collected afresh."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import sympy as sp

from symntk.graph.language import add, product
from symntk.graph.nodes import Node, Width, ancestors, occurrences
from symntk.graph.positions import Positions
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
            return replace(node, inputs=inputs, parameter=parameter)
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
        if change is None and inputs == node.inputs and node.op != "repeat":
            new = node  # nothing below it is replaced
        elif node.op == "repeat":
            body = rewrite(node["body"], known, change)
            new = repeated(body, node["placeholder"], inputs[0], node["times"])
        elif node.op == "scan":
            new = scanned(node["state"], *inputs)
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
    unfinished = draft(placeholder["depth"], start.width, start.positions)
    if placeholder != unfinished:
        body = rewrite(body, {placeholder: unfinished})
    content = "\n".join((start.digest, body.digest, sp.srepr(times)))
    key = hashlib.sha256(content.encode()).hexdigest()
    own = replace(unfinished, settings=(*unfinished.settings, ("block", key)))
    settings = (("body", rewrite(body, {unfinished: own})), ("placeholder", own), ("times", times))
    return Node("repeat", (start,), settings=settings, width=start.width, positions=start.positions)


def draft(depth: int, width: Width, positions: Positions = ()) -> Node:
    """The argument of a block that is not finished yet."""
    return Node("block_input", settings=(("depth", depth),), width=width, positions=positions)


def scanned(state: Node, body: Node, *start: Node) -> Node:
    """The node of h_t = body(h_(t-1)), a vector in terms of ``state``, which is h_(t-1).

    The state bears a digest of the loop, so that loops that differ have states that differ; where
    a loop was made does not matter.
    """
    unfinished = draft_state(0, state.width, state.positions)
    if state != unfinished:
        body = rewrite(body, {state: unfinished})
    content = "\n".join(part.digest for part in (body, *start))
    key = hashlib.sha256(content.encode()).hexdigest()
    own = replace(unfinished, settings=(*unfinished.settings, ("loop", key)))
    inputs = (rewrite(body, {unfinished: own}), *start)
    settings = (("state", own),)
    return Node("scan", inputs, settings=settings, width=body.width, positions=body.positions)


def draft_state(depth: int, width: Width, positions: Positions) -> Node:
    """The state of a loop over time that is not finished yet."""
    return Node("state", settings=(("depth", depth),), width=width, positions=positions)


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
