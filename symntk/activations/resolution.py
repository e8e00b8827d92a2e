"""The one way from whatever a user calls an activation to an Activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sympy import Expr, Float, Rational, Symbol

from symntk.activations.activation import Activation
from symntk.activations.families import FAMILIES
from symntk.activations.printer import format_activation
from symntk.activations.syntax import read_activation
from symntk.activations.table import BY_NAME
from symntk.activations.vocabulary import Known
from symntk.errors import SyntaxProblem, UsageError
from symntk.gaussian.dual import Dual
from symntk.gaussian.dual import dual as dual_of_expression
from symntk.gaussian.exact import Exact
from symntk.gaussian.symbols import x

KNOWN: Mapping[str, Known] = {**BY_NAME, **FAMILIES}
"""Everything that text may call by name."""


@dataclass(frozen=True)
class ParametricDual(Dual):
    """A dual whose formulas keep parameters as symbols and whose numbers use their defaults."""

    concrete: Dual

    def numeric(self, q1: Exact, q2: Exact, c: Exact) -> tuple[float, float]:
        """(K, Kdot) with every parameter at its default."""
        return self.concrete.numeric(q1, q2, c)


def activation(spec: str | Expr | Activation) -> Activation:
    """The activation that ``spec`` means: a name, text in the activation syntax, a SymPy function.

    A SymPy expression has one real variable, called x; further symbols are parameters.
    Raises SyntaxProblem for text and UsageError for anything else that is not an activation.
    """
    if isinstance(spec, Activation):
        return spec
    if isinstance(spec, str):
        return _from_text(spec.strip())
    if isinstance(spec, Expr):
        return _from_expression(spec)
    raise UsageError(
        f"an activation is a name, an expression in x or an Activation, not {type(spec).__name__}"
    )


def dual(spec: str | Expr | Activation) -> Dual:
    """K = E[phi(u) phi(v)] and Kdot = E[phi'(u) phi'(v)] with their derivation.

    Both are in q1, q2, c, closed or with expectations left standing; ``.numeric(q1, q2, c)`` gives
    floats.
    """
    found = activation(spec)
    symbolic = dual_of_expression(found.phi)
    if not found.defaults:
        return symbolic
    return ParametricDual(
        symbolic.phi,
        symbolic.slope,
        symbolic.moment,
        symbolic.moment_of_slope,
        dual_of_expression(found.concrete),
    )


@lru_cache(maxsize=512)
def _from_text(text: str) -> Activation:
    if text in BY_NAME:
        return BY_NAME[text]
    reading = read_activation(text, KNOWN)
    if reading.name in BY_NAME:
        return BY_NAME[reading.name].configure(**dict(reading.keywords))
    if reading.name in FAMILIES:
        return FAMILIES[reading.name].member(reading.positional, dict(reading.keywords))
    if not reading.expression.has(x):
        raise SyntaxProblem(
            text,
            0,
            f"this is the number {reading.expression}, not a function of x; parameters of a known "
            "activation are given by name, as in leaky_relu(slope=0.2)",
        )
    return _nameless(reading.expression)


def _from_expression(expression: Expr) -> Activation:
    symbols = sorted(expression.free_symbols, key=str)
    named = [symbol for symbol in symbols if symbol.name == "x"]
    if x not in symbols and len(named) == 1:
        expression = expression.xreplace({named[0]: x})
    elif x not in symbols and len(symbols) == 1 and isinstance(symbols[0], Symbol):
        expression = expression.xreplace({symbols[0]: x})
    elif x not in symbols and symbols:
        raise UsageError(f"call the variable of the activation x: {expression}")
    floats = {number: Rational(str(number)) for number in expression.atoms(Float)}
    return _nameless(expression.xreplace(floats))


def _nameless(expression: Expr) -> Activation:
    """A user's own function; its text is its name."""
    for entry in BY_NAME.values():
        if entry.template == expression or entry.phi == expression:
            return entry
    return Activation(format_activation(expression), expression, "activation as given")
