r"""The normal distribution functions of one and two variables, as SymPy functions.

    Phi(h)           = P(X <= h),               X ~ N(0, 1),
    Phi_2(h, k, rho) = P(X <= h, Y <= k),       (X, Y) ~ N(0, [[1, rho], [rho, 1]]).

Both differentiate in closed form and evaluate to any precision with small *relative* error, in the
tails and near rho = +-1 as well, because closed forms multiply them by exponentials that overflow.
"""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Expr, Float, Function, Max, Min, Rational, S, asin, exp, oo, pi, sqrt

from symntk.gaussian.bivariate import GUARD_BITS, bivariate_normal_cdf


class NormalCDF(Function):
    """Phi(h), the standard normal distribution function."""

    nargs = 1

    @classmethod
    def eval(cls, h: Expr) -> Expr | None:
        if h.is_zero:
            return S.Half
        if h is oo:
            return S.One
        if h is -oo:
            return S.Zero
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Phi'(h) = exp(-h^2/2) / sqrt(2 pi)."""
        (h,) = self.args
        return exp(-(h**2) / 2) / sqrt(2 * pi)

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[0].is_extended_real else None

    def _eval_is_finite(self) -> bool | None:
        return True if self.args[0].is_extended_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        (h,) = _numbers(self.args, prec + GUARD_BITS)
        if h is None:
            return None
        with mpmath.workprec(prec + GUARD_BITS):
            return _as_float(mpmath.ncdf(h), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\Phi{power}\left({printer._print(self.args[0])}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"Phi({printer._print(self.args[0])})"


class BivariateNormalCDF(Function):
    """Phi_2(h, k, rho), the distribution function of two standard normals of correlation rho."""

    nargs = 3

    @classmethod
    def eval(cls, h: Expr, k: Expr, rho: Expr) -> Expr | None:
        if rho.is_zero:
            return NormalCDF(h) * NormalCDF(k)
        if h.is_zero and k.is_zero:
            return S.One / 4 + asin(rho) / (2 * pi)
        if h is -oo or k is -oo:
            return S.Zero
        if h is oo:
            return NormalCDF(k)
        if k is oo:
            return NormalCDF(h)
        if rho is S.One:
            return NormalCDF(Min(h, k))
        if rho is S.NegativeOne:
            return Max(0, NormalCDF(h) - NormalCDF(-k))
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """By a threshold: density times the conditional Phi; by rho: Plackett's formula."""
        h, k, rho = self.args
        if argindex == 3:
            form = (h**2 - 2 * rho * h * k + k**2) / (2 * (1 - rho**2))
            return exp(-form) / (2 * pi * sqrt(1 - rho**2))
        if argindex == 2:
            h, k = k, h
        return exp(-(h**2) / 2) / sqrt(2 * pi) * NormalCDF((k - rho * h) / sqrt(1 - rho**2))

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _eval_is_finite(self) -> bool | None:
        return self._eval_is_extended_real()

    def _eval_evalf(self, prec: int) -> Expr | None:
        # 1 - rho^2 and h - k lose as many bits as they are small: twice the bits cover the
        # correlations that float64 inputs can make.
        h, k, rho = _numbers(self.args, 2 * prec + GUARD_BITS)
        if h is None or k is None or rho is None:
            return None
        return _as_float(bivariate_normal_cdf(h, k, rho, prec), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        inner = ", ".join(printer._print(arg) for arg in self.args)
        return rf"\Phi_2{power}\left({inner}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"Phi2({', '.join(printer._print(arg) for arg in self.args)})"


def _numbers(args: tuple[Expr, ...], bits: int) -> list[Any]:
    """The arguments as mpmath reals of at least ``bits`` bits; None where one is not a number."""
    digits = int(bits * 0.30103) + 2
    numbers = [arg.evalf(digits, maxn=4 * digits) for arg in args]
    with mpmath.workprec(bits + 8):
        return [_mpf(number) for number in numbers]


def _mpf(number: Expr) -> Any:
    if isinstance(number, Rational):
        return mpmath.mpf(number.p) / number.q
    return mpmath.make_mpf(number._mpf_) if isinstance(number, Float) else None


def _as_float(value: Any, prec: int) -> Expr:
    return Float._new(value._mpf_, prec)
