"""Weights and biases: named objects with a scale.  Used twice, a weight is shared."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

import sympy as sp

from symntk.errors import GraphError

if TYPE_CHECKING:
    from symntk.graph.nodes import Node

Number: TypeAlias = int | float | Fraction | sp.Expr
Parametrization: TypeAlias = Literal["ntk", "standard"]
PARAMETRIZATIONS: tuple[Parametrization, ...] = ("ntk", "standard")


def number(value: Number, what: str) -> sp.Expr:
    """``value`` as a finite real SymPy number; GraphError, naming ``what``, for anything else."""
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, bool) or not isinstance(value, int | float | sp.Expr):
        raise GraphError(f"{what} must be a number, not {value!r}")
    converted = sp.Rational(repr(value)) if isinstance(value, float) else sp.S(value)
    if not (converted.is_number and converted.is_real and converted.is_finite):
        raise GraphError(f"{what} must be a finite real number, not {value}")
    return converted


@dataclass(frozen=True, slots=True)
class Scale:
    """A standard deviation: a symbol for the formula and a value for the kernel."""

    symbol: sp.Symbol
    value: sp.Expr

    @classmethod
    def of(cls, name: str, value: Number = 1) -> Scale:
        """The scale written ``name`` (such as ``sigma_w``) of numerical value ``value`` > 0."""
        converted = number(value, f"the value of {name}")
        if not converted.is_positive:
            raise GraphError(f"{name} must be positive, not {value}; leave out what is zero")
        return cls(sp.Symbol(name, positive=True), converted)


@dataclass(frozen=True, slots=True)
class Weight:
    """A matrix of independent weights: ``W @ h`` is ``std / sqrt(fan_in) * W h``, W_ij ~ N(0, 1).

    With ``parametrization="standard"`` the entries themselves are drawn from
    N(0, std^2 / fan_in) and trained as they are; the function at initialisation is the same, and
    the weight's part of the NTK is fan_in / std^2 times larger.

    ``width`` is the fan-out where it matters (concatenation of unequal parts, the standard
    parametrisation); None stands for the common width n.  ``trainable=False`` freezes it: it then
    contributes to the NNGP and carries gradients, but has no term of its own in the NTK.
    """

    name: str
    std: Scale
    width: int | None = None
    trainable: bool = True
    parametrization: Parametrization = "ntk"

    def __post_init__(self) -> None:
        _check(self.name, self.parametrization)
        if self.width is not None and self.width < 1:
            raise GraphError(f"{self.name}: a width must be positive, not {self.width}")

    def __matmul__(self, node: Node) -> Node:
        from symntk.graph.language import matmul

        return matmul(self, node)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Bias:
    """A vector of independent biases, ``std * b`` with b_i ~ N(0, 1), added to a layer.

    With ``parametrization="standard"`` the entries are drawn from N(0, std^2) and trained as they
    are, which makes the bias's part of the NTK 1 / std^2 times larger.
    """

    name: str
    std: Scale
    trainable: bool = True
    parametrization: Parametrization = "ntk"

    def __post_init__(self) -> None:
        _check(self.name, self.parametrization)

    def __add__(self, node: Node) -> Node:
        return node + self

    __radd__ = __add__

    def __str__(self) -> str:
        return self.name


Parameter: TypeAlias = Weight | Bias


def _check(name: str, parametrization: str) -> None:
    if not name.isidentifier():
        raise GraphError(f"{name!r} is not a name: use letters, digits and _, a letter first")
    if parametrization not in PARAMETRIZATIONS:
        raise GraphError(
            f"{name}: unknown parametrization {parametrization!r}; use one of "
            + ", ".join(PARAMETRIZATIONS)
        )
