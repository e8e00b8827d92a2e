"""Weights and biases: named objects with a scale.  Used twice, a weight is shared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational, Real
from typing import TYPE_CHECKING, Literal, TypeAlias

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.naming import require_name

if TYPE_CHECKING:
    from symntk.graph.nodes import Node
    from symntk.graph.sequences import Flattened

Number: TypeAlias = int | float | Fraction | sp.Expr
Parametrization: TypeAlias = Literal["ntk", "standard"]
PARAMETRIZATIONS: tuple[Parametrization, ...] = ("ntk", "standard")


def number(value: Number, what: str) -> sp.Expr:
    """``value`` as an exact, finite, real SymPy number; a float means its shortest decimal.

    Brackets are multiplied out, so that equal numbers look equal.  GraphError, naming ``what``,
    for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, sp.Expr | Rational | Real):
        raise GraphError(f"{what} must be a number, not {value!r}")
    if isinstance(value, sp.Expr):
        converted = exact(value)
    elif isinstance(value, Rational):
        converted = sp.Rational(int(value.numerator), int(value.denominator))
    else:
        converted = sp.Rational(str(value)) if math.isfinite(value) else sp.nan
    if not (converted.is_number and converted.is_real and converted.is_finite):
        raise GraphError(f"{what} must be a finite real number, not {value}")
    return sp.expand(converted)


def exact(expression: sp.Expr) -> sp.Expr:
    """``expression`` with every float replaced by the shortest decimal that rounds to it."""
    floats: dict[sp.Float, sp.Rational] = {}
    for value in expression.atoms(sp.Float):
        if value.is_finite:
            nearest = float(value)
            is_double = math.isfinite(nearest) and sp.Rational(nearest) == sp.Rational(value)
            floats[value] = sp.Rational(repr(nearest) if is_double else value)
    return expression.xreplace(floats)


@dataclass(frozen=True, slots=True)
class Scale:
    """A standard deviation: a symbol for the formula and a value for the kernel."""

    symbol: sp.Symbol
    value: sp.Expr

    def __post_init__(self) -> None:
        if not self.symbol.is_positive:
            raise GraphError(f"{self.symbol}: make the symbol of a standard deviation positive")

    @classmethod
    def of(cls, name: str, value: Number = 1) -> Scale:
        """The scale written ``name`` (such as ``sigma_w``) of numerical value ``value`` > 0."""
        require_name(name, "a standard deviation")
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
        _check(self.name, self.parametrization, "a weight")
        if self.width is not None:
            require_size(self.width, f"{self.name}: a width")

    def __matmul__(self, node: Node | Flattened) -> Node:
        from symntk.graph.language import matmul
        from symntk.graph.sequences import Flattened, dense_of_flattened

        if isinstance(node, Flattened):
            return dense_of_flattened(self, node)
        return matmul(self, node)

    def __getitem__(self, index: int | Node) -> IndexedWeight:
        """W[k], one of a family of independent matrices, or W[x], a matrix for each token."""
        return IndexedWeight(self, index)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class IndexedWeight:
    """One matrix of a family that shares a name and a scale: W[k], or M[x] by the token."""

    weight: Weight
    index: int | Node

    def __matmul__(self, node: Node | Flattened) -> Node:
        from symntk.graph.language import matmul
        from symntk.graph.sequences import Flattened

        if isinstance(node, Flattened):
            raise GraphError(
                f"{self.weight.name}[...] @ flatten(...): flatten has a matrix for each position "
                "already; use a weight without an index"
            )
        return matmul(self.weight, node, self.index)


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
        _check(self.name, self.parametrization, "a bias")

    def __add__(self, node: Node) -> Node:
        return node + self

    __radd__ = __add__

    def __str__(self) -> str:
        return self.name


Parameter: TypeAlias = Weight | Bias


def _check(name: str, parametrization: str, what: str) -> None:
    require_name(name, what)
    if parametrization not in PARAMETRIZATIONS:
        raise GraphError(
            f"{name}: unknown parametrization {parametrization!r}; use one of "
            + ", ".join(PARAMETRIZATIONS)
        )


def require_size(size: object, what: str) -> int:
    """``size`` if it is a positive whole number; GraphError, naming ``what``, if not."""
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise GraphError(f"{what} must be a positive whole number, not {size!r}")
    return size
