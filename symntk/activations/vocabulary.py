"""The names of the activation syntax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sympy import (
    Abs,
    Expr,
    Heaviside,
    Max,
    Min,
    cos,
    cosh,
    erf,
    exp,
    log,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)

from symntk.gaussian.normal_cdf import NormalCDF

FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    "abs": Abs,
    "sign": sign,
    "H": Heaviside,
    "Phi": NormalCDF,
    "erf": erf,
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
}
"""Functions of one argument; ``min``, ``max`` and ``where`` take more."""

SEVERAL: Mapping[str, type[Expr]] = {"min": Min, "max": Max}
"""Functions of two arguments or more."""


class Known(Protocol):
    """What the parser needs of a known activation: its function once its parameters are given."""

    @property
    def is_family(self) -> bool:
        """Whether its unnamed arguments are parameters (``hermite(3)``), not the variable."""
        ...

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names that may be given as keywords."""
        ...

    def expression(self, positional: tuple[Expr, ...], keywords: Mapping[str, Expr]) -> Expr:
        """The function in ``x``; raises ValueError with the reason where values do not fit."""
        ...
