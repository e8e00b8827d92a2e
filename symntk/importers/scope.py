"""What the names in a formula stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from symntk.errors import GraphError
from symntk.graph import Bias, Node, Weight

Value: TypeAlias = Node | Weight | Bias
Function: TypeAlias = Callable[..., Node]


class Located(GraphError):
    """A graph that is not well formed, and the message already says in which formula or entry."""


@dataclass(frozen=True, slots=True)
class Block:
    """A function of ``count`` vectors that is repeated, or applied at each step of a loop."""

    count: int
    apply: Callable[..., Node]


@dataclass(frozen=True)
class Scope:
    """The names that a formula may use.

    values: vectors, weights and biases; functions: the user's own, of coordinates; blocks: what may
    be repeated, and the steps of loops.  used: the names that formulas have used so far, shared by
    all inner scopes.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def with_value(self, name: str, value: Value) -> Scope:
        """This scope and one more vector."""
        return replace(self, values={**self.values, name: value})

    def with_block(self, name: str, block: Block) -> Scope:
        """This scope and one more block."""
        return replace(self, blocks={**self.blocks, name: block})

    def __contains__(self, name: str) -> bool:
        return name in self.values or name in self.functions or name in self.blocks
