"""What an operation must say about itself: its law at infinite width, its arithmetic at finite."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from symntk.graph import Node
from symntk.ops.law import Law

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from symntk.ops.links import Link

    Array = NDArray[np.float64]


class AbstractOp(ABC):
    """One operation of the language, everything about it on one page.

    ``law`` speaks of the infinite width; ``forward`` and ``pullback`` are the finite network in
    NumPy, and share no formula with it: comparing the two is what `symntk.check` does.

    Arrays hold a batch of inputs whose sequences have one length: (batch, *positions, width), a
    scalar as width 1.  A single vector among the arguments of an operation that acts position by
    position stands for all of them, as (batch, 1, ..., width); inside a loop over time an array
    holds one step.
    """

    @abstractmethod
    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        """The law of one coordinate of the vector, from the laws of the arguments.

        Raises AssumptionError where the theory does not reach.
        """

    def links(self, node: Node) -> tuple[Link, ...]:
        """What a linear map along positions takes from where; other operations have no links."""
        raise NotImplementedError(f"{node.op} is no linear map along positions")

    @abstractmethod
    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The vectors, an array that broadcasts to ``shape`` = (batch, *positions, width).

        parameter: the numbers that are the node's own: those of its weight or its bias; the data of
        an input; the state of a loop at this step; the number of heads of an attention.
        """

    @abstractmethod
    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/d(argument) for each argument from ``gradient`` = df/d(output).

        Shaped like the arguments; where one stands for all positions, its part from each.
        """
