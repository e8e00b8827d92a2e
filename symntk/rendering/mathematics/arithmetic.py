"""Numbers, symbols, sums, products and powers as layouts."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from symntk.derivation.program import Entry
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.heads import HeadTypesetter
from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Cases,
    Fence,
    Fraction,
    Layout,
    Root,
    Scripts,
    Sum,
    row,
)
from symntk.rendering.mathematics.marks import signed_number
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.order import (
    is_negative,
    is_small,
    lengths,
    scales,
    split,
    term_key,
)


class ArithmeticTypesetter(HeadTypesetter):
    """Sums in the order of `term_key`, products in that of `factor_key`, fractions and roots."""

    # Numbers and symbols.

    def _print_Integer(self, expr: sp.Integer) -> Layout:
        return signed_number(str(expr))

    def _print_Rational(self, expr: sp.Rational) -> Layout:
        fraction = Fraction(Atom(str(abs(expr.p)), "number"), Atom(str(expr.q), "number"))
        return Sum((("−", fraction),)) if expr.p < 0 else fraction

    def _print_Float(self, expr: sp.Float) -> Layout:
        mantissa, _, exponent = f"{float(expr):.12g}".partition("e")
        if not exponent:
            return signed_number(mantissa)
        power = Scripts(Atom("10", "number"), above=signed_number(str(int(exponent))))
        return row(signed_number(mantissa), Atom("×", "binary"), power)

    def _print_NumberSymbol(self, expr: sp.NumberSymbol) -> Layout:
        return name({"Pi": "pi", "Exp1": "e"}.get(type(expr).__name__, str(expr)))

    def _print_Infinity(self, expr: sp.Basic) -> Layout:
        return Atom("∞", "number")

    def _print_NegativeInfinity(self, expr: sp.Basic) -> Layout:
        return Sum((("−", Atom("∞", "number")),))

    def _print_ImaginaryUnit(self, expr: sp.Basic) -> Layout:
        return Atom("i", "upright")

    def _print_Symbol(self, expr: sp.Symbol) -> Layout:
        return name(expr.name)

    _print_Dummy = _print_Symbol
    # Sums.

    def _print_Add(self, expr: sp.Add) -> Layout:
        terms = sorted(expr.args, key=term_key)
        if is_negative(terms[0]):
            positive = next((term for term in terms if not is_negative(term)), None)
            if positive is not None:
                terms.remove(positive)
                terms.insert(0, positive)
        signed = []
        for term in terms:
            negative = is_negative(term)
            signed.append(("−" if negative else "+", self._print(-term if negative else term)))
        return Sum(tuple(signed))

    # Products.

    def _print_Mul(self, expr: sp.Mul) -> Layout:
        if is_negative(expr):
            return Sum((("−", self._print(-expr)),))
        return self._product(expr.args)

    def _product(self, factors: Iterable[sp.Expr]) -> Layout:
        above, below = split(self._undivided(list(factors)))
        if not below:
            return row(*(self._factor(part, len(above) == 1) for part in above))
        numeric = all(not part.free_symbols - scales(part) - lengths(part) for part in below)
        small = [part for part in above if is_small(part)]
        if not numeric and not small:
            small = above
        beside = [part for part in above if part not in small]
        over = [self._factor(part, len(small) == 1) for part in small]
        under = [self._factor(part, len(below) == 1) for part in below]
        fraction = Fraction(row(*over) if over else Atom("1", "number"), row(*under))
        return row(fraction, *(self._factor(part, False) for part in beside))

    def _undivided(self, factors: list[sp.Expr]) -> list[sp.Expr]:
        """d times the input's kernel x . x' / d is x . x'."""
        for kernel in [f for f in factors if isinstance(f, Kernel) and f.letter == "input"]:
            dimension = self.dimensions[kernel.vector.split(",")[0]]
            for factor in factors:
                if (factor.is_Symbol or factor.is_Integer) and self._print(factor) == dimension:
                    rest = [f for f in factors if f is not factor and f is not kernel]
                    product = Kernel("product", None, kernel.vector, kernel.site)
                    return [*rest, product]
        return factors

    def _factor(self, expr: sp.Expr, alone: bool) -> Layout:
        """A factor of a product; in brackets where it is a sum that does not stand alone."""
        layout = self._print(expr)
        return Fence(layout) if isinstance(layout, Sum | Cases) and not alone else layout

    def _print_Pow(self, expr: sp.Pow) -> Layout:
        base, exponent = expr.as_base_exp()
        if is_negative(exponent):
            return self._product([expr])
        if exponent.is_Rational and exponent.p == 1 and exponent.q > 1:
            degree = None if exponent.q == 2 else self._print(sp.Integer(exponent.q))
            return Root(self._print(base), degree)
        return self._power(base, self._exponent(exponent))

    def _exponent(self, exponent: sp.Expr) -> Layout:
        if exponent.is_Rational and not exponent.is_Integer:
            return row(
                signed_number(str(exponent.p)),
                Atom("/", "upright"),
                Atom(str(exponent.q), "number"),
            )
        return self._print(exponent)  # type: ignore[no-any-return]

    def _power(self, base: sp.Expr, exponent: Layout) -> Layout:
        if isinstance(base, sp.Function) and not isinstance(base, sp.exp | sp.Heaviside):
            layout = self._print(base)
            if isinstance(layout, Apply):
                function = layout.function
                below = function.below if isinstance(function, Scripts) else None
                head = function.base if isinstance(function, Scripts) else function
                return Apply(Scripts(head, above=exponent, below=below), layout.arguments)
        layout = self._print(base)
        if isinstance(base, Kernel | Entry) and isinstance(layout, Apply):
            return Scripts(layout, above=exponent)
        if not isinstance(layout, Atom) and not (
            isinstance(layout, Scripts) and layout.above is None
        ):
            layout = Fence(layout)
        if isinstance(layout, Scripts):
            return Scripts(layout.base, above=exponent, below=layout.below)
        return Scripts(layout, above=exponent)
