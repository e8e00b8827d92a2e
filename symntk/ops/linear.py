"""Linear operations on coordinates: sums with coefficients, and concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import sympy as sp

from symntk.errors import AssumptionError
from symntk.graph import Node, describe
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law, add_terms, combine, gaussians, scale_terms
from symntk.ops.links import Link
from symntk.ops.refusal import require_transparent

if TYPE_CHECKING:
    from symntk.ops.abstract import Array


@final
class Sum(AbstractOp):
    """sum_i c_i h_i.  Gaussian again, under its own name, where all the h_i are."""

    def links(self, node: Node) -> tuple[Link, ...]:
        """Each h_i at the same position."""
        pairs = zip(node.inputs, node["coefficients"], strict=True)
        return tuple(Link.plain(part, coefficient) for part, coefficient in pairs)

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        if any(law.opaque for law in arguments):
            _require_no_data(node)
            return Law((), opaque=True)
        if all(law.is_gaussian for law in arguments):
            return Law.gaussian(node)
        coefficients = node["coefficients"]

        def weighted(*parts: tuple) -> tuple:  # type: ignore[type-arg]
            pairs = zip(coefficients, parts, strict=True)
            return add_terms(*(scale_terms(value, terms) for value, terms in pairs))

        return combine_aligned(node, arguments, weighted)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The sum of c_i h_i."""
        import numpy as np

        terms = zip(_coefficients(node), arguments, strict=True)
        return np.asarray(sum(value * h for value, h in terms))

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/dh_i = c_i df/d(sum)"""
        return tuple(value * gradient for value in _coefficients(node))


@final
class Concat(AbstractOp):
    """[h_1; h_2; ...]: a coordinate is one of h_i with probability n_i / (n_1 + n_2 + ...)."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        require_transparent(node, arguments)
        blocks = []
        for part, law in zip(node.inputs, arguments, strict=True):
            _require_whole(node, part, law)
            share = _share(part, node)
            blocks += [(share * inner, terms) for inner, terms in law.blocks]
        return Law(tuple(blocks))

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The coordinates of h_1, then those of h_2, ..."""
        import numpy as np

        parts = [np.broadcast_to(h, (*shape[:-1], h.shape[-1])) for h in arguments]
        return np.concatenate(parts, axis=-1)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """Each part takes the gradient of its own coordinates."""
        import numpy as np

        ends = np.cumsum([h.shape[-1] for h in arguments])
        return tuple(np.split(gradient, ends[:-1], axis=-1))


def _require_no_data(node: Node) -> None:
    """Refuse the sum of data and of wide vectors, whose law is that of infinite width."""
    data = [part for part in node.inputs if isinstance(part.width, str) and part.width[:2] == "d:"]
    if data and len(data) < len(node.inputs):
        require_transparent(node, [Law((), opaque=part in data) for part in node.inputs])


def _coefficients(node: Node) -> tuple[float, ...]:
    values = node["coefficients"]
    assert isinstance(values, tuple)
    return tuple(map(float, values))


def combine_aligned(node: Node, laws: Sequence[Law], rule) -> Law:  # type: ignore[no-untyped-def]
    """`combine`, refusing concatenations whose blocks do not line up."""
    try:
        return combine(laws, rule)
    except ValueError:
        raise AssumptionError(
            describe(node),
            "it joins concatenations of different proportions",
            "Concatenate in the same proportions, or put a weight matrix in between",
        ) from None


def _require_whole(node: Node, part: Node, law: Law) -> None:
    """Refuse a part whose blocks hold pieces of one longer vector.

    Blocks are compared coordinate by coordinate from their beginnings, so a block must hold whole
    vectors: the halves of one Gaussian vector are independent, and have one name.
    """
    for share, terms in law.blocks:
        for gaussian in gaussians(Law.single(*terms)):
            if len(law.blocks) > 1 and _length(gaussian.node) != share * _length(part):
                raise AssumptionError(
                    describe(node),
                    f"it moves {describe(part)}, a concatenation to which the longer vector "
                    f"{describe(gaussian.node)} is added",
                    "Add a vector of its own to each part before they are joined",
                )


def _share(part: Node, whole: Node) -> sp.Expr:
    return sp.Rational(_length(part), _length(whole))


def _length(node: Node) -> int:
    """How long a vector is, or how many times the common width; 0 for a bias of any width."""

    def count(width: object) -> int:
        if isinstance(width, tuple):
            return sum(map(count, width))
        return width if isinstance(width, int) else int(width != "any")

    return count(node.width)
