"""Linear operations on coordinates: sums with coefficients, and concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import sympy as sp

from symntk.errors import AssumptionError
from symntk.graph import Node
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Law, add_terms, combine, scale_terms
from symntk.ops.refusal import require_transparent


@final
class Sum(AbstractOp):
    """sum_i c_i h_i.  Gaussian again, under its own name, where all the h_i are."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        require_transparent(node, arguments)
        if all(law.is_gaussian for law in arguments):
            return Law.gaussian(node)
        coefficients = node["coefficients"]
        assert isinstance(coefficients, tuple)

        def weighted(*parts: tuple) -> tuple:  # type: ignore[type-arg]
            pairs = zip(coefficients, parts, strict=True)
            return add_terms(*(scale_terms(value, terms) for value, terms in pairs))

        return combine_aligned(node, arguments, weighted)


@final
class Concat(AbstractOp):
    """[h_1; h_2; ...]: a coordinate is one of h_i with probability n_i / (n_1 + n_2 + ...)."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        require_transparent(node, arguments)
        blocks = []
        for part, law in zip(node.inputs, arguments, strict=True):
            share = _share(part, node)
            blocks += [(share * inner, terms) for inner, terms in law.blocks]
        return Law(tuple(blocks))


def combine_aligned(node: Node, laws: Sequence[Law], rule) -> Law:  # type: ignore[no-untyped-def]
    """`combine`, refusing concatenations whose blocks do not line up."""
    try:
        return combine(laws, rule)
    except ValueError:
        raise AssumptionError(
            str(node),
            "it joins concatenations of different proportions",
            "Concatenate in the same proportions, or put a weight matrix in between",
        ) from None


def _share(part: Node, whole: Node) -> sp.Expr:
    if isinstance(part.width, int) and isinstance(whole.width, int):
        return sp.Rational(part.width, whole.width)
    return sp.Rational(1, _common_parts(whole)) * _common_parts(part)


def _common_parts(node: Node) -> int:
    """How many times the common width n a vector is long."""

    def count(width: object) -> int:
        return sum(map(count, width)) if isinstance(width, tuple) else 1

    return count(node.width)
