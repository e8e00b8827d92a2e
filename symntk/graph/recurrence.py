"""Loops over time: one formula with the same weights at every step."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from symntk.errors import GraphError
from symntk.graph.language import add
from symntk.graph.nodes import Node, describe_width
from symntk.graph.positions import require_positions
from symntk.graph.rewrite import draft_state, scanned
from symntk.graph.weights import Bias

_DEPTH: ContextVar[int] = ContextVar("scan_depth", default=0)


def scan(
    block: Callable[..., Node], over: Node | tuple[Node, ...], start: Node | Bias | None = None
) -> Node:
    """The sequence h_t = block(h_(t-1), x_t), with the same weights at every step.

    over: the sequence x, or several of one length, whose vectors the block takes at each step.
    start: h_(-1), a single vector or a bias (then it is trained); zero without it.
    """
    sequences = over if isinstance(over, tuple) else (over,)
    for node in sequences:
        require_positions("scan", 1, node.positions)
    first = start if isinstance(start, Node) or start is None else add((start, 1))
    if first is not None:
        require_positions("the start of a scan", 0, first.positions)
    depth = _DEPTH.get()
    token = _DEPTH.set(depth + 1)
    try:
        state = draft_state(depth, "n", sequences[0].positions)
        body = block(state, *sequences)
        if isinstance(body, Node) and body.width != "n":
            state = draft_state(depth, body.width, sequences[0].positions)
            body = block(state, *sequences)
    finally:
        _DEPTH.reset(token)
    if not isinstance(body, Node):
        raise GraphError(f"the block of a scan must return a vector, not {body!r}")
    if body.positions != state.positions:
        raise GraphError("the block of a scan must keep the length of the sequence")
    if first is not None and first.width not in ("any", body.width):
        raise GraphError(
            f"a scan starts with a vector of {describe_width(first.width)} and goes on with "
            f"{describe_width(body.width)}"
        )
    return scanned(state, body, *(() if first is None else (first,)))
