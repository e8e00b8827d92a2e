"""Where vectors come from: inputs, biases, and the argument of a repeated block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from symntk.errors import GraphError
from symntk.graph import Node
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law

if TYPE_CHECKING:
    from symntk.ops.abstract import Array


class Given(AbstractOp):
    """What is handed to the network, not computed by it: only a matrix can be applied to it."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law((), opaque=True)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """What is handed over as ``parameter``."""
        assert parameter is not None
        return parameter

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """Nothing comes before it."""
        return ()


@final
class Input(Given):
    """An input x: dense vectors, or tokens as one-hot vectors."""


@final
class Bias(AbstractOp):
    """sigma_b b with b_i ~ N(0, 1): the same Gaussian for every input of the network."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law.gaussian(node)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """One row that stands for every input of the batch."""
        assert parameter is not None and node.parameter is not None
        return float(node.parameter.std.value) * parameter[None, :]

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """A bias has no arguments."""
        return ()


@final
class BlockInput(AbstractOp):
    """The argument of a repeated block; Gaussian if both what enters and what leaves is.

    The derivation decides which it is and gives the law; this is the Gaussian case.
    A finite network has no such node: `symntk.graph.unroll` writes the blocks out.
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law.gaussian(node)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        raise GraphError(_WRITE_OUT)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        raise GraphError(_WRITE_OUT)


_WRITE_OUT = "a repeated block has no numbers of its own: write the blocks out with unroll first"
