"""Standard deviations of the zoo's weights, by keyword, and the short names that papers use."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from symntk.errors import UsageError
from symntk.graph import Bias, Scale, Weight, biases, weights
from symntk.graph.weights import Number

SHORT_NAMES = {
    "se": "e_std",
    "sw": "w_std",
    "sb": "b_std",
    "sv": "v_std",
    "sq": "q_std",
    "sk": "k_std",
    "sV": "value_std",
    "sM": "m_std",
    "su": "u_std",
    "sh": "h_std",
    "s0": "start_std",
    "sp": "p_std",
    "s1": "w1_std",
    "s2": "w2_std",
    "pe": "position_scale",
    "phi": "act",
}
"""Keywords by the short names of the literature: ``se`` for ``e_std``, sigma of the embedding."""

P = ParamSpec("P")
R = TypeVar("R")


def with_short_names(model: Callable[P, R]) -> Callable[P, R]:
    """A model that takes its keywords by their `SHORT_NAMES` as well."""

    @wraps(model)
    def build(*args: P.args, **kwargs: P.kwargs) -> R:
        full = {SHORT_NAMES.get(name, name): value for name, value in kwargs.items()}
        if len(full) < len(kwargs):
            raise UsageError(f"{model.__name__}: a standard deviation is given twice")
        return model(*args, **full)  # type: ignore[arg-type]

    return build


def weight(name: str, std: Number, symbol: str | None = None) -> Weight:
    """A weight matrix with the scale sigma_name, or sigma_symbol."""
    (made,) = weights(name, Scale.of(f"sigma_{symbol or name}", std))
    return made


def bias(name: str, std: Number, symbol: str = "b") -> Bias | None:
    """A bias vector with the scale sigma_b; None where ``std`` is 0."""
    if not std:
        return None
    (made,) = biases(name, Scale.of(f"sigma_{symbol}", std))
    return made
