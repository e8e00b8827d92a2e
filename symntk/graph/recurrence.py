"""Loops over time: one formula with the same weights at every step."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from symntk.errors import GraphError
from symntk.graph.language import add
from symntk.graph.nodes import Node, Width, describe_width, open_states
from symntk.graph.positions import Positions, describe_positions, require_positions
from symntk.graph.rewrite import draft_state, scanned
from symntk.graph.weights import Bias

MAX_DEPTH = 8
"""Most loops whose blocks stand inside one another; a block is applied twice, to find its width."""

_DEPTH: ContextVar[int] = ContextVar("scan_depth", default=0)


def scan(
    block: Callable[..., Node],
    over: Node | tuple[Node, ...] = (),
    start: Node | Bias | None = None,
) -> Node:
    """The sequence h_t = block(h_(t-1), x_t), with the same weights at every step.

    over: the sequence x, or several of one length, whose vectors the block takes at each step; a
        block of h alone uses the sequences around it.
    start: h_(-1), a single vector or a bias (then it is trained); zero without it.
    """
    sequences = over if isinstance(over, tuple) else (over,)
    for node in sequences:
        require_positions("scan", 1, node.positions)
    first = start if isinstance(start, Node) or start is None else add((start, 1))
    if first is not None:
        require_positions("the start of a scan", 0, first.positions)
    depth = _DEPTH.get()
    if depth == MAX_DEPTH:
        raise GraphError(
            f"more than {MAX_DEPTH} loops inside one another: make the inner ones before the others"
        )
    token = _DEPTH.set(depth + 1)
    try:
        shape = sequences[0].positions if sequences else ()
        width, shape = _fitted(block, sequences, first, shape, depth)
        state = draft_state(depth, width, shape)
        body = _applied(block, state, sequences)
    finally:
        _DEPTH.reset(token)
    _check(body, state, first)
    return scanned(state, body, *(() if first is None else (first,)))


def _fitted(
    block: Callable[..., Node],
    sequences: tuple[Node, ...],
    first: Node | None,
    shape: Positions,
    depth: int,
) -> tuple[Width, Positions]:
    """The width and the positions of the state, found by applying the block to a guess of it."""
    has_width = first is not None and first.width != "any"
    guesses: tuple[Width, ...] = (first.width,) if first is not None and has_width else ("n", "any")
    problem: GraphError | None = None
    for guess in guesses:
        try:
            body = _applied(block, draft_state(depth, guess, shape), sequences)
        except GraphError as error:
            problem = problem or error
            continue
        width = "n" if body.width == "any" else body.width
        if not (shape or body.positions):
            raise GraphError("the block of a scan uses no sequence: name it, as in over=x")
        return width, shape or body.positions
    assert problem is not None
    raise problem


def _applied(block: Callable[..., Node], state: Node, sequences: tuple[Node, ...]) -> Node:
    body = block(state, *sequences)
    if not isinstance(body, Node):
        raise GraphError(f"the block of a scan must return a vector, not {body!r}")
    return body


def _check(body: Node, state: Node, first: Node | None) -> None:
    """The block gives a next state, and the first one is of the same kind."""
    if body.positions != state.positions:
        raise GraphError(
            f"the block of a scan goes over {describe_positions(state.positions)}, and it returns "
            + (describe_positions(body.positions) if body.positions else "a single vector")
        )
    if body.width != state.width and body.width != "any":
        raise GraphError(
            f"the block of a scan takes a state of {describe_width(state.width)} and returns "
            f"{describe_width(body.width)}"
        )
    opened = open_states(body)
    if state not in opened[body]:
        raise GraphError("the block of a scan does not use its state: leave the scan out")
    if opened[body] != {state}:
        raise GraphError(
            "a scan inside another one uses the state of the outer one; its own steps must not "
            "depend on the outer step"
        )
    if not any(part.positions and state not in opened[part] for part in opened):
        raise GraphError("the block of a scan uses no sequence, and so does the same at each step")
    if first is not None and first.width not in ("any", state.width):
        raise GraphError(
            f"a scan starts with a vector of {describe_width(first.width)} and goes on with "
            f"{describe_width(state.width)}"
        )
