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

    Array = NDArray[np.float64]


class AbstractOp(ABC):
    """One operation of the language, everything about it on one page.

    ``law`` speaks of the infinite width; ``forward`` and ``pullback`` are the finite network in
    NumPy, and share no formula with it: comparing the two is what `symntk.check` does.
    """

    @abstractmethod
    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        """The law of one coordinate of the vector, from the laws of the arguments.

        Raises AssumptionError where the theory does not reach.
        """

    @abstractmethod
    def forward(self, node: Node, arguments: Sequence[Array], parameter: Array | None) -> Array:
        """The vector for each input of the batch, shape (batch, width), scalars (batch, 1)."""

    @abstractmethod
    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/d(argument) for each argument from ``gradient`` = df/d(output), shaped like them."""
