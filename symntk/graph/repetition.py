"""Repeated blocks: a function of a vector, applied several times with fresh weights."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.naming import require_name
from symntk.graph.nodes import Node, describe_width
from symntk.graph.positions import describe_positions
from symntk.graph.rewrite import draft, repeated
from symntk.graph.weights import number

_DEPTH: ContextVar[int] = ContextVar("repeat_depth", default=0)


def repeat(block: Callable[[Node], Node], start: Node, times: int | str | sp.Expr) -> Node:
    """``block`` applied ``times`` times to ``start``, with fresh weights in each block.

    ``times`` is a number, or a symbol (or its name) for a derivation at any depth.
    """
    count = _count(times)
    depth = _DEPTH.get()
    token = _DEPTH.set(depth + 1)
    try:
        placeholder = draft(depth, start.width, start.positions)
        body = block(placeholder)
    finally:
        _DEPTH.reset(token)
    if not isinstance(body, Node):
        raise GraphError(f"a repeated block must return a vector, not {body!r}")
    if count == 0:
        return start
    if body.positions != start.positions:
        raise GraphError(
            "a repeated block must keep the positions: it takes "
            f"{describe_positions(start.positions)} and gives {describe_positions(body.positions)}"
        )
    if body.width != start.width:
        raise GraphError(
            f"a repeated block must keep the width: it takes {describe_width(start.width)} "
            f"and gives {describe_width(body.width)}"
        )
    return repeated(body, placeholder, start, count)


def _count(times: int | str | sp.Expr) -> sp.Expr:
    """A number of blocks: a whole number, or an expression in positive whole symbols."""
    if isinstance(times, str):
        times = sp.Symbol(require_name(times, "a number of blocks"))
    if isinstance(times, sp.Expr):
        count = times.xreplace(
            {s: sp.Symbol(s.name, integer=True, positive=True) for s in times.free_symbols}
        )
    else:
        count = number(times, "the number of blocks")
    if not count.is_integer or count.is_negative:
        raise GraphError(f"a block is repeated a whole number of times, not {times}")
    return count
