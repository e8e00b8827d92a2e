"""Activations with whole-number or list parameters: made by a call, ``monomial(3)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sympy import Expr, Heaviside, S, hermite_prob

from symntk.activations.activation import Activation, exact
from symntk.activations.printer import format_activation
from symntk.errors import UsageError
from symntk.gaussian.exact import Exact
from symntk.gaussian.symbols import x

MAX_DEGREE = 64
"""Highest degree of a monomial or Hermite polynomial."""


def monomial(degree: Exact) -> Activation:
    """phi(x) = x^k."""
    k = _degree(degree)
    return Activation(f"monomial({k})", x**k, f"monomial of degree {k}", rf"(\cdot)^{{{k}}}")


def rectified_monomial(degree: Exact) -> Activation:
    """phi(x) = x^k H(x); degree 0 is the step and 1 the ReLU.  Source: Cho and Saul (2009)."""
    k = _degree(degree)
    return Activation(
        f"rectified_monomial({k})",
        x**k * Heaviside(x),
        f"rectified monomial of degree {k}",
        rf"(\cdot)_+^{{{k}}}",
        source="cho2009",
    )


def hermite(degree: Exact) -> Activation:
    """phi(x) = He_k(x), the probabilists' Hermite polynomial, orthogonal under N(0, 1)."""
    k = _degree(degree)
    return Activation(
        f"hermite({k})",
        hermite_prob(k, x).expand(),
        f"Hermite polynomial of degree {k}",
        rf"\mathrm{{He}}_{{{k}}}",
    )


def polynomial(*coefficients: Exact) -> Activation:
    """phi(x) = a_0 + a_1 x + a_2 x^2 + ..., coefficients from the constant upwards."""
    values = [exact(value) for value in coefficients]
    if not values or len(values) > MAX_DEGREE + 1:
        raise UsageError(f"a polynomial has 1 to {MAX_DEGREE + 1} coefficients")
    spec = ", ".join(format_activation(value) for value in values)
    phi = sum((value * x**power for power, value in enumerate(values)), S.Zero)
    return Activation(f"polynomial({spec})", phi, f"polynomial of degree {len(values) - 1}")


def _degree(degree: Exact) -> int:
    value = exact(degree)
    if not (value.is_Integer and 0 <= value <= MAX_DEGREE):
        raise UsageError(f"the degree is a whole number from 0 to {MAX_DEGREE}, not {degree}")
    return int(value)


@dataclass(frozen=True, slots=True)
class Family:
    """A constructor of activations as the parser sees it; all its arguments are parameters."""

    name: str
    make: Callable[..., Activation]
    usage: str
    parameter_names: tuple[str, ...] = ()

    @property
    def is_family(self) -> bool:
        """Unnamed arguments are parameters."""
        return True

    def member(self, positional: tuple[Expr, ...], keywords: Mapping[str, Expr]) -> Activation:
        """The activation with these parameters."""
        wrong = len(positional) + len(keywords) != 1 if self.parameter_names else not positional
        if wrong:
            raise UsageError(f"write {self.usage}")
        return self.make(*positional, **keywords)

    def expression(self, positional: tuple[Expr, ...], keywords: Mapping[str, Expr]) -> Expr:
        """The function in ``x``."""
        return self.member(positional, keywords).phi


FAMILIES: Mapping[str, Family] = {
    "monomial": Family("monomial", monomial, "monomial(3)", ("degree",)),
    "rectified_monomial": Family(
        "rectified_monomial", rectified_monomial, "rectified_monomial(2)", ("degree",)
    ),
    "hermite": Family("hermite", hermite, "hermite(3)", ("degree",)),
    "polynomial": Family("polynomial", polynomial, "polynomial(1/2, -1, 1/4)"),
}
"""Families by name; a new one is one entry here."""
