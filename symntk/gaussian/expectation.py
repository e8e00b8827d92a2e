r"""The unevaluated Gaussian expectation, as a SymPy expression.

    Expectation(h, q1, q2, c) = E[h(u, v)],   (u, v) ~ N(0, [[q1, c], [c, q2]]),
    Expectation(h, q)         = E[h(u)],      u ~ N(0, q).

``u`` and ``v`` are bound: they are not free symbols and are never substituted.  The arguments of
the law may be any expressions, so that an expectation can stand inside a recursion.
"""

from __future__ import annotations

from typing import Any

from sympy import Basic, Expr, Float, S, Symbol, diff, sympify

from symntk.gaussian.symbols import c, q, q1, q2, u, v, x


class Expectation(Expr):
    """E[integrand] under a centred normal law of ``u``, or of ``(u, v)``."""

    is_commutative = True

    def __new__(cls, integrand: Expr, *law: Expr) -> Expr:
        """Constants are their own expectation and come back as they are."""
        if len(law) not in (1, 3):
            raise TypeError(
                f"Expectation needs a variance or (q1, q2, c) after the integrand, not {law}"
            )
        integrand = sympify(integrand, strict=True)
        if not integrand.free_symbols & {u, v}:
            return integrand
        return Expr.__new__(cls, integrand, *(sympify(part, strict=True) for part in law))

    @property
    def integrand(self) -> Expr:
        """The function of ``u`` (and ``v``) under the expectation."""
        return self.args[0]

    @property
    def law(self) -> tuple[Expr, ...]:
        """``(q,)`` or ``(q1, q2, c)``."""
        return tuple(self.args[1:])

    @property
    def is_of_pair(self) -> bool:
        """Whether the law is that of ``(u, v)``."""
        return len(self.args) == 4

    @property
    def bound_symbols(self) -> list[Symbol]:
        """The Gaussian variables, which only the expectation knows."""
        return [u, v] if self.is_of_pair else [u]

    @property
    def free_symbols(self) -> set[Basic]:
        """The symbols of the law, and the parameters of the integrand."""
        inside: set[Basic] = self.integrand.free_symbols - set(self.bound_symbols)
        return inside.union(*(part.free_symbols for part in self.law))

    def factors(self) -> tuple[Expr, Expr] | None:
        """F and g in the variable ``x`` where the integrand is f(u) g(v); None where it is not."""
        f, g = self.integrand.as_independent(v, as_Add=False)
        if g.has(u):
            return None
        return f.xreplace({u: x}), g.xreplace({v: x})

    def _eval_subs(self, old: Basic, new: Basic) -> Expr | None:
        return self if old in (u, v) else None

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.integrand.is_extended_real else None

    def _eval_derivative(self, symbol: Symbol) -> Expr:
        """Chain rule with Price's theorem: dE/dc = E[h_uv], dE/dq1 = E[h_uu] / 2."""
        h = self.integrand
        total = Expectation(diff(h, symbol), *self.law) if h.has(symbol) else S.Zero
        seconds = [((u, u), S.Half), ((v, v), S.Half), ((u, v), S.One)]
        for part, (variables, weight) in zip(self.law, seconds, strict=False):
            rate = diff(part, symbol)
            if rate != 0:
                total += rate * weight * Expectation(diff(h, *variables), *self.law)
        return total

    def _eval_evalf(self, prec: int) -> Expr | None:
        if self.free_symbols:
            return None
        from symntk.gaussian.quadrature import integrate_one, integrate_pair

        if not self.is_of_pair:
            return Float(integrate_one(self.integrand.xreplace({u: x}), *self.law))
        factors = self.factors()
        return None if factors is None else Float(integrate_pair(*factors, *self.law))

    def _latex(self, printer: Any) -> str:
        below = ""
        if self.law not in ((q,), (q1, q2, c)):
            parts = [printer._print(part) for part in self.law]
            if self.is_of_pair:
                first, second, cross = parts
                below = (
                    r"_{(u, v) \sim \mathcal{N}\left(0, \left[\begin{smallmatrix}"
                    rf"{first} & {cross} \\ {cross} & {second}"
                    r"\end{smallmatrix}\right]\right)}"
                )
            else:
                below = rf"_{{u \sim \mathcal{{N}}\left(0, {parts[0]}\right)}}"
        return rf"\mathbb{{E}}{below}\left[{printer._print(self.integrand)}\right]"

    def _sympystr(self, printer: Any) -> str:
        law = ", ".join(printer._print(part) for part in self.law)
        return f"E[{printer._print(self.integrand)}; {law}]"
