r"""Stable forms: what float64 evaluates without overflow or cancellation.

The value is unchanged; only the numeric routes use these forms, never a printed formula.  Each
rewriting is one named function from a node to an equal node, and ``STABILISATIONS`` is their order.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Add, Basic, Expr, Function, Mul, Pow, cosh, erf, exp, log, sqrt, tanh
from sympy.codegen.cfunctions import expm1, log1p

from symntk.gaussian.normal_cdf import NormalCDF


class Logistic(Function):
    """1 / (1 + exp(-a)), evaluated without overflow."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """Logistic(a) Logistic(-a)."""
        return Logistic(self.args[0]) * Logistic(-self.args[0])

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[0].is_extended_real else None


class Softplus(Function):
    """log(1 + exp(a)), evaluated without overflow."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """Logistic(a)."""
        return Logistic(self.args[0])

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[0].is_extended_real else None


def stable(expression: Expr) -> Expr:
    """``expression`` with every stabilisation applied, leaves first."""
    done: dict[Basic, Basic] = {}

    def visit(node: Basic) -> Basic:
        if node in done:
            return done[node]
        result = node
        if node.args:
            arguments = [visit(argument) for argument in node.args]
            if any(new is not old for new, old in zip(arguments, node.args, strict=True)):
                result = node.func(*arguments)
            for stabilise in STABILISATIONS:
                if isinstance(result, Expr):
                    result = stabilise(result)
        done[node] = result
        return result

    return visit(expression)


def _one_plus_exponential(node: Expr) -> Expr | None:
    """``a`` where ``node`` is 1 + exp(a); any positive coefficient goes into ``a``."""
    if not (isinstance(node, Add) and len(node.args) == 2):
        return None
    number, term = node.args
    if number != 1:
        return None
    coefficient, power = term.as_coeff_Mul()
    if isinstance(power, exp) and coefficient.is_positive:
        return power.args[0] + log(coefficient)
    return None


def softplus(node: Expr) -> Expr:
    """log(1 + exp(a)) is Softplus(a); log(1 + y) is log1p(y)."""
    if not isinstance(node, log):
        return node
    (inside,) = node.args
    exponent = _one_plus_exponential(inside)
    if exponent is not None:
        return Softplus(exponent)
    if isinstance(inside, Add) and inside.args[0] == 1:
        return log1p(Add(*inside.args[1:]))
    return node


def logistic(node: Expr) -> Expr:
    """(1 + exp(a))**-n is Logistic(-a)**n."""
    if isinstance(node, Pow) and node.exp.is_Rational and node.exp.is_negative:
        exponent = _one_plus_exponential(node.base)
        if exponent is not None:
            return Logistic(-exponent) ** -node.exp
    return node


def absorbed_exponential(node: Expr) -> Expr:
    """exp(-m a) Logistic(a)**n is Logistic(-a)**m Logistic(a)**(n - m) for whole m <= n."""
    if not isinstance(node, Mul):
        return node
    for power in [factor for factor in node.args if isinstance(factor, exp)]:
        for factor in node.args:
            base, count = factor.as_base_exp()
            if not (isinstance(base, Logistic) and count.is_Integer):
                continue
            ratio = -power.args[0] / base.args[0]
            if ratio.is_Integer and 1 <= ratio <= count:
                rest = [other for other in node.args if other is not power and other is not factor]
                swapped = Logistic(-base.args[0]) ** ratio * base ** (count - ratio)
                return absorbed_exponential(Mul(*rest, swapped))
    return node


def _without(node: Add, *terms: Expr) -> list[Expr]:
    return [term for term in node.args if term not in terms]


def difference_from_one(node: Expr) -> Expr:
    """K - k F(a), F -> 1 somewhere, as a single function.

    exp(a) - 1 = expm1(a); 1 - tanh(a)^2 = cosh(a)^-2; 1 +- tanh(a) = 2 Logistic(+-2 a);
    1 +- erf(a) = 2 Phi(+-sqrt(2) a); 1 - Phi(a) = Phi(-a); 1 - Logistic(a) = Logistic(-a).
    """
    if not isinstance(node, Add):
        return node
    parts = [term.as_independent(*term.atoms(Function), as_Add=False) for term in node.args]
    terms = list(zip(node.args, parts, strict=True))
    for term, (coefficient, function) in terms:
        if function == 1:
            continue
        opposite = -coefficient
        if opposite in node.args:
            replaced = _minus_one(function)
            if replaced is not None:
                rest = _without(node, term, opposite)
                return difference_from_one(Add(*rest, coefficient * replaced))
        if coefficient in node.args and isinstance(function, (tanh, erf)):
            (a,) = function.args
            whole = (
                2 * Logistic(2 * a) if isinstance(function, tanh) else 2 * NormalCDF(sqrt(2) * a)
            )
            rest = _without(node, term, coefficient)
            return difference_from_one(Add(*rest, coefficient * whole))
    return node


def _minus_one(function: Expr) -> Expr | None:
    """F - 1 without cancellation, for the functions F that come close to one."""
    if isinstance(function, Pow) and function.exp == 2 and isinstance(function.base, tanh):
        return -(cosh(function.base.args[0]) ** -2)
    if not function.args:
        return None
    a = function.args[0]
    if isinstance(function, exp):
        return expm1(a)
    if isinstance(function, tanh):
        return -2 * Logistic(-2 * a)
    if isinstance(function, erf):
        return -2 * NormalCDF(-sqrt(2) * a)
    if isinstance(function, NormalCDF):
        return -NormalCDF(-a)
    if isinstance(function, Logistic):
        return -Logistic(-a)
    return None


STABILISATIONS: tuple[Callable[[Expr], Expr], ...] = (
    softplus,
    logistic,
    absorbed_exponential,
    difference_from_one,
)
"""The rewritings, in the order in which they are tried at every node."""
