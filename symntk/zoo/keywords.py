"""What the keywords of the zoo's models are called and may be."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeAlias, get_args, get_origin, get_type_hints

import sympy as sp

from symntk.activations import Activation
from symntk.errors import GraphError, UsageError
from symntk.graph import Graph
from symntk.graph.weights import Number, number

Act: TypeAlias = str | sp.Expr | Activation
"""An activation: its name, a formula in x, or itself."""

Depth: TypeAlias = int | str | sp.Symbol
"""A number of layers, or a letter for any number of them."""

Pool: TypeAlias = Literal["sum", "mean", "first", "last"]
"""What becomes of the positions before the readout."""

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


def model(build: Callable[P, Graph]) -> Callable[P, Graph]:
    """A model of the zoo: ``build``, which then only sees keywords of the values it announces.

    Its keywords may also be given by their `SHORT_NAMES`.  UsageError, naming the keyword and what
    it may be, for anything else.
    """
    name, signature, hints = build.__name__, inspect.signature(build), get_type_hints(build)

    @wraps(build)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Graph:
        full = {SHORT_NAMES.get(keyword, keyword): value for keyword, value in kwargs.items()}
        if len(full) < len(kwargs):
            raise UsageError(f"{name}: a keyword is given twice, by its long and its short name")
        unknown = [keyword for keyword in full if keyword not in signature.parameters]
        if unknown:
            known = ", ".join(signature.parameters)
            raise UsageError(f"{name} takes no keyword {unknown[0]!r}; it takes {known}")
        bound = signature.bind(*args, **full)
        for keyword, value in bound.arguments.items():
            default = signature.parameters[keyword].default
            if value != default:
                _require(f"{name}: {keyword}", hints[keyword], value, may_vanish=not default)
        return build(*bound.args, **bound.kwargs)

    return checked


def choices(hint: object) -> tuple[str, ...]:
    """The words of a Literal, or of a Literal or None; none for any other type."""
    parts = (hint,) if get_origin(hint) is Literal else get_args(hint)
    return tuple(
        word for part in parts if get_origin(part) is Literal for word in map(str, get_args(part))
    )


def _require(what: str, hint: object, value: object, may_vanish: bool) -> None:
    """UsageError unless ``value`` is of the type ``hint``; numbers positive, or 0 if allowed."""
    words = choices(hint)
    if words:
        if value not in words:
            raise UsageError(
                f"{what} must be {', '.join(words[:-1])} or {words[-1]}, not {value!r}"
            )
    elif hint is bool:
        if not isinstance(value, bool):
            raise UsageError(f"{what} must be True or False, not {value!r}")
    elif hint is int or hint == Depth:
        _require_count(what, value, may_be_letter=hint == Depth)
    elif sp.Expr in get_args(hint) and float in get_args(hint):
        _require_positive(what, value, may_vanish)


def _require_count(what: str, value: object, may_be_letter: bool) -> None:
    if may_be_letter and isinstance(value, str | sp.Symbol) and str(value).isidentifier():
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        letter = " or a letter" if may_be_letter else ""
        raise UsageError(f"{what} must be a positive whole number{letter}, not {value!r}")


def _require_positive(what: str, value: object, may_vanish: bool) -> None:
    try:
        converted = number(value, what)
    except GraphError as error:
        raise UsageError(str(error)) from None
    if not (converted.is_positive or (may_vanish and converted.is_zero)):
        raise UsageError(f"{what} must be positive{' or 0' if may_vanish else ''}, not {value}")


__all__ = ["SHORT_NAMES", "Act", "Depth", "Number", "Pool", "choices", "model"]
