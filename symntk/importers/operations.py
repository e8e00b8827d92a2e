"""The operations of the graph language that are written as a call, and what each of them takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from symntk.graph import (
    Node,
    attention,
    average_pool,
    batch_norm,
    conv,
    layer_norm,
    max_pool,
    rms,
    shift,
    sum_pool,
    taps,
)
from symntk.graph.sequences import pool


class Takes(Enum):
    """What kind of thing stands at a place of a call."""

    VECTOR = "a vector"
    WEIGHT = "a weight"
    NUMBER = "a number"
    WHOLE = "a whole number"
    SIZE = "a whole number, or one for each axis"
    CHOICE = "a text in quotes"


@dataclass(frozen=True, slots=True)
class Operation:
    """A function of the language.

    build: the function itself, or a method, whose first parameter stands before the dot.
    parameters: the names of its parameters, and what each takes.
    required: how many of them have no default.
    usage: how it is written.
    """

    build: Callable[..., Node | tuple[Node, ...]]
    usage: str
    required: int
    parameters: tuple[tuple[str, Takes], ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """The parameters that have a default."""
        return tuple(name for name, _ in self.parameters[self.required :])


_NODE = ("node", Takes.VECTOR)
_SIZE, _STRIDE, _EDGE = ("size", Takes.SIZE), ("stride", Takes.SIZE), ("edge", Takes.CHOICE)
_POOL = (_NODE, _SIZE, _STRIDE, _EDGE)

CALLS: dict[str, Operation] = {
    "layer_norm": Operation(
        layer_norm, "layer_norm(h, eps=1e-6)", 1, (_NODE, ("eps", Takes.NUMBER))
    ),
    "rms": Operation(rms, "rms(h)", 1, (_NODE,)),
    "conv": Operation(
        conv,
        'conv(W, h, 3, "valid", stride=2)',
        3,
        (("weight", Takes.WEIGHT), _NODE, _SIZE, _EDGE, _STRIDE),
    ),
    "average_pool": Operation(
        average_pool, "average_pool(h, 2)", 2, (_NODE, _SIZE, _STRIDE, _EDGE)
    ),
    "sum_pool": Operation(sum_pool, "sum_pool(h, 2)", 2, (_NODE, _SIZE, _STRIDE, _EDGE)),
    "attention": Operation(
        attention,
        'attention(q, k, v, "1/d")',
        3,
        (
            ("query", Takes.VECTOR),
            ("key", Takes.VECTOR),
            ("value", Takes.VECTOR),
            ("scaling", Takes.CHOICE),
            ("heads", Takes.CHOICE),
            ("mechanism", Takes.CHOICE),
        ),
    ),
    "max_pool": Operation(max_pool, "max_pool(h, 2)", 1, _POOL),
    "batch_norm": Operation(batch_norm, "batch_norm(h)", 1, (_NODE, ("eps", Takes.NUMBER))),
}
"""Functions of vectors: name(h, ...)."""

METHODS: dict[str, Operation] = {
    "shift": Operation(shift, "h.shift(-1)", 2, (_NODE, ("by", Takes.WHOLE), _EDGE)),
    "taps": Operation(taps, "h.taps(3)[0]", 2, (_NODE, _SIZE, _EDGE, _STRIDE)),
    "sum": Operation(partial(pool, kind="sum"), "h.sum()", 1, (_NODE,)),
    "mean": Operation(partial(pool, kind="mean"), "h.mean()", 1, (_NODE,)),
    "first": Operation(partial(pool, kind="first"), "h.first()", 1, (_NODE,)),
    "last": Operation(partial(pool, kind="last"), "h.last()", 1, (_NODE,)),
    "max": Operation(max_pool, "h.max()", 1, (_NODE,)),
}
"""Functions of a sequence: h.name(...)."""

SPECIAL = ("concat", "repeat", "scan", "positions", "sinusoid", "flatten")
"""Functions that are read in a way of their own."""

NAMES = (*SPECIAL, *CALLS)
"""Words that stand before a bracket."""
