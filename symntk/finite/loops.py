"""Loops over time in a finite network: step by step forwards, and backwards through time.

Every vector of a loop's body is stored like one of a sequence, (batch, T, width): what it is at
each step.  So a weight that the body uses is a weight that is used at T positions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symntk.finite.extents import Array
from symntk.graph import Graph, Node
from symntk.graph.nodes import open_states

Forward = Callable[[Node, Sequence[Array], Array | None, tuple[int, ...]], Array]
"""A vector from a node, its arguments, the state where the node is one, and its shape."""

Pullback = Callable[[Node, Sequence[Array], Array, Array], Sequence[Array]]
"""The gradients of a node's arguments from the node, these, its vector and its gradient."""


@dataclass(frozen=True)
class Loop:
    """A scan node, and the vectors that depend on its state, in order, the state itself first.

    They have a meaning at one step of the loop alone, and nothing outside uses them; `Graph`
    refuses what would.
    """

    scan: Node
    inside: tuple[Node, ...]

    @property
    def body(self) -> Node:
        """What the loop returns at each step."""
        return self.scan.inputs[0]

    @property
    def start(self) -> tuple[Node, ...]:
        """The vector that the loop starts with, if it is not zero."""
        return self.scan.inputs[1:]

    def forwards(
        self,
        values: dict[Node, Array],
        size: tuple[int, int],
        lengths: Mapping[Node, int],
        forward: Forward,
    ) -> None:
        """Add the vectors of the body to ``values``, which holds all that the loop takes.

        size: of the batch, and the number of steps.
        """
        batch, steps = size
        width = lengths[self.scan]
        state = values[self.start[0]] if self.start else np.zeros((batch, width))
        for node in self.inside:
            values[node] = np.empty((batch, steps, lengths[node]))
        for t in range(steps):
            for node in self.inside:
                shape = (batch, lengths[node])
                arguments = [_at(values[child], child, t) for child in node.inputs]
                own = state if node.op == "state" else None
                values[node][:, t] = forward(node, arguments, own, shape)
            state = values[self.body][:, t]

    def backwards(
        self, values: Mapping[Node, Array], gradients: dict[Node, Array], pullback: Pullback
    ) -> None:
        """Add the gradients of the body, and the loop's part in those of what it takes."""
        taken = dict.fromkeys(child for node in self.inside for child in node.inputs)
        own = {
            node: np.zeros(values[node].shape)
            for node in (*taken, *self.inside, self.body, *self.start)
        }
        batch, steps, width = gradients[self.scan].shape
        carried = np.zeros((batch, width))
        for t in reversed(range(steps)):
            own[self.body][:, t] += gradients[self.scan][:, t] + carried
            for node in reversed(self.inside):
                here = own[node][:, t]
                if node.op == "state":
                    carried = here
                    continue
                arguments = [_at(values[child], child, t) for child in node.inputs]
                parts = pullback(node, arguments, values[node][:, t], here)
                for child, part in zip(node.inputs, parts, strict=True):
                    _at(own[child], child, t)[:] += part
        for node in self.start:
            own[node] += carried
        for node, part in own.items():
            gradients[node] = gradients[node] + part if node in gradients else part


def loops(graph: Graph) -> dict[Node, Loop]:
    """The loops of a graph by their scan nodes."""
    opened = open_states(graph.output)
    return {
        scan: Loop(scan, tuple(node for node in graph.nodes if scan["state"] in opened[node]))
        for scan in graph.nodes
        if scan.op == "scan"
    }


def _at(array: Array, node: Node, t: int) -> Array:
    """The vectors of a node at one step; a single vector is the same at every step."""
    return array[:, t] if node.positions else array
