"""Where vectors come from: inputs, biases, and the argument of a repeated block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from symntk.graph import Node
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law


@final
class Input(AbstractOp):
    """A dense input x: data, not a wide vector, so only a matrix can be applied to it."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law((), opaque=True)


@final
class Bias(AbstractOp):
    """sigma_b b with b_i ~ N(0, 1): the same Gaussian for every input of the network."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law.gaussian(node)


@final
class BlockInput(AbstractOp):
    """The argument of a repeated block; Gaussian if both what enters and what leaves is.

    The derivation decides which it is and gives the law; this is the Gaussian case.
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law.gaussian(node)
