"""Statistics over the coordinates of a vector: layer norm and the root mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from symntk.graph import Node
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law, Term, add_terms, combine, scale_terms, statistic
from symntk.ops.refusal import require_transparent

if TYPE_CHECKING:
    from symntk.ops.abstract import Array


@final
class LayerNorm(AbstractOp):
    """(h - mean h) / sqrt(var h + eps), over the coordinates.

    Limit: mean and variance converge to constants of the input, m = E Z and E Z^2 - m^2, and act
    as constants in the forward and the backward pass alike (their fluctuations, and the gradient
    through them, are O(n^-1/2) because gradients are centred and independent of the forward pass;
    Yang 2020, "Tensor Programs II", section 2.4 and appendix on layer norm).
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        require_transparent(node, arguments)
        (law,) = arguments
        inverse = 1 / statistic("scale", node)
        centre = () if law.linear_forms else (Term(-statistic("mean", node), ()),)
        return combine([law], lambda terms: scale_terms(inverse, add_terms(terms, centre)))

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The mean and the variance are those of the coordinates at hand (1/n, not 1/(n - 1))."""
        (h,) = arguments
        centred: Array = h - h.mean(-1, keepdims=True)
        return centred / _deviation(node, h)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/dh = (g - mean g - y mean(g y)) / s for y = (h - mean h) / s: nothing is neglected."""
        (h,) = arguments
        centred = gradient - gradient.mean(-1, keepdims=True)
        along = output * (gradient * output).mean(-1, keepdims=True)
        return ((centred - along) / _deviation(node, h),)


def _deviation(node: Node, h: Array) -> Array:
    """The root of var h + eps, of width 1."""
    import numpy as np

    eps = node["eps"]
    return np.asarray(np.sqrt(h.var(-1, keepdims=True) + float(eps)))


@final
class Rms(AbstractOp):
    """The scalar sqrt(|h|^2 / n), which converges to sqrt(Sigma[h](a, a))."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        return Law.constant(statistic("scale", node))

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The root of mean h^2, of width 1."""
        import numpy as np

        (h,) = arguments
        return np.asarray(np.sqrt((h * h).mean(-1, keepdims=True)))

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/dh = g h / (n r)"""
        (h,) = arguments
        return (gradient * h / (h.shape[-1] * output),)
