"""SymPy expressions as layouts: functions, calculus and conditions, and the whole typesetter."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy.core.function import AppliedUndef

from symntk.gaussian.symbols import u, v, x
from symntk.rendering.mathematics.arithmetic import ArithmeticTypesetter
from symntk.rendering.mathematics.layout import (
    Apply,
    Atom,
    Cases,
    Fence,
    Fraction,
    Layout,
    Matrix,
    Row,
    Scripts,
    Sum,
    is_tall,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed, raised
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.positions import is_over_positions

_RELATIONS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_FUNCTIONS = {
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "Max": "max",
    "Min": "min",
    "Logistic": "sigmoid",
    "Softplus": "softplus",
}


class Typesetter(ArithmeticTypesetter):
    """Turns SymPy into a layout; raises NotImplementedError for a class that it does not know."""

    # Functions.

    def _arguments(self, arguments: Iterable[sp.Basic]) -> Fence:
        return Fence(separated([self._print(argument) for argument in arguments]))

    def _print_Function(self, expr: sp.Function) -> Layout:
        called = type(expr).__name__
        if isinstance(expr, AppliedUndef):
            return Apply(name(called), self._arguments(expr.args))
        return Apply(Atom(_FUNCTIONS.get(called, called), "operator"), self._arguments(expr.args))

    def _print_Max(self, expr: sp.Max) -> Layout:
        arguments = sorted(expr.args, key=lambda part: (not part.is_number, str(part)))
        operator = Atom(_FUNCTIONS[type(expr).__name__], "operator")
        return Apply(operator, self._arguments(arguments))

    _print_Min = _print_Max

    def _print_exp(self, expr: sp.exp) -> Layout:
        (argument,) = expr.args
        layout = self._print(argument)
        slashed = _slashed(layout)
        if slashed is not None and argument.count_ops() <= _SHORT_EXPONENT:
            return Scripts(Atom("e", "italic"), above=slashed)
        return Apply(Atom("exp", "operator"), Fence(layout))

    def _print_Abs(self, expr: sp.Abs) -> Layout:
        return Fence(self._print(expr.args[0]), "|", "|")

    def _print_NormalCDF(self, expr: sp.Function) -> Layout:
        return Apply(Atom("Φ"), self._arguments(expr.args))

    def _print_BivariateNormalCDF(self, expr: sp.Function) -> Layout:
        sign = Scripts(Atom("Φ"), below=Atom("2", "number"))
        return Apply(sign, self._arguments(expr.args))

    def _print_Heaviside(self, expr: sp.Heaviside) -> Layout:
        return Apply(Atom("1", "bold"), Fence(self._print(_positive(expr.args[0])), "{", "}"))

    def _print_DiracDelta(self, expr: sp.DiracDelta) -> Layout:
        sign: Layout = Atom("δ")
        if len(expr.args) == 2 and expr.args[1].is_Integer:
            sign = primed(sign, int(expr.args[1]))
        return Apply(sign, self._arguments(expr.args[:1]))

    # Calculus.

    def _print_Derivative(self, expr: sp.Derivative) -> Layout:
        total = sum(count for _, count in expr.variable_count)
        above = raised(Atom("∂"), total)
        below = row(
            *(row(Atom("∂"), raised(self._print(var), n)) for var, n in expr.variable_count)
        )
        return row(Fraction(above, below), self._factor(expr.expr, False))

    def _print_Integral(self, expr: sp.Integral) -> Layout:
        parts: list[Layout] = []
        for limit in reversed(expr.limits):
            low, high = (*limit[1:], None, None)[:2]
            sign: Layout = Atom("∫", "operator")
            if low is not None and high is not None:
                sign = Scripts(sign, above=self._print(high), below=self._print(low))
            parts.append(sign)
        parts.append(self._factor(expr.function, False))
        parts += [row(Atom("d", "upright"), self._print(limit[0])) for limit in expr.limits]
        return row(*parts)

    def _print_Sum(self, expr: sp.Sum | sp.Product) -> Layout:
        if isinstance(expr, sp.Sum) and is_over_positions(expr):
            return self._sum_over_positions(expr)
        signs = []
        for index, low, high in reversed(expr.limits):
            sign = Atom("∑" if isinstance(expr, sp.Sum) else "∏", "operator")
            start = row(self._print(index), Atom("=", "relation"), self.layer(low))
            signs.append(Scripts(sign, above=self.layer(high), below=start))
        return row(*signs, self._factor(expr.function, False))

    _print_Product = _print_Sum

    def _print_Limit(self, expr: sp.Limit) -> Layout:
        function, variable, value = expr.args[:3]
        below = row(self._print(variable), Atom("→", "relation"), self._print(value))
        return row(Scripts(Atom("lim", "operator"), below=below), self._factor(function, False))

    def _print_Subs(self, expr: sp.Subs) -> Layout:
        pairs = [
            row(self._print(old), Atom("=", "relation"), self._print(new))
            for old, new in zip(expr.variables, expr.point, strict=True)
        ]
        return Scripts(Fence(self._print(expr.expr), "", "|"), below=separated(pairs))

    # Cases and conditions.

    def _print_Piecewise(self, expr: sp.Piecewise) -> Layout:
        return Cases(
            tuple(
                (self._print(value), None if condition == True else self._print(condition))  # noqa: E712
                for value, condition in expr.args
            )
        )

    def _print_Relational(self, expr: sp.Rel) -> Layout:
        sign = Atom(_RELATIONS[expr.rel_op], "relation")
        return row(self._print(expr.lhs), sign, self._print(expr.rhs))

    def _print_And(self, expr: sp.And) -> Layout:
        return separated([self._print(part) for part in sorted(expr.args, key=str)])

    def _print_Tuple(self, expr: sp.Tuple) -> Layout:
        return self._arguments(expr.args)

    def _print_MatrixBase(self, expr: sp.MatrixBase) -> Layout:
        return Matrix(tuple(tuple(self._print(e) for e in line) for line in expr.tolist()))

    _print_ImmutableDenseMatrix = _print_MatrixBase


_SHORT_EXPONENT = 6


def _slashed(layout: Layout) -> Layout | None:
    """``layout`` with fractions written a/b, for an exponent; None where that reads badly."""
    match layout:
        case Fraction(Sum() as above, Atom() as below):
            return row(Fence(above), Atom("/", "upright"), below)
        case Fraction(above, Atom() as below):
            return row(above, Atom("/", "upright"), below)
        case Fraction() | Fence(Fraction()):
            return None
        case Sum(((sign, term),)):
            inner = _slashed(term)
            return None if inner is None else Sum(((sign, inner),))
        case Row((Fraction(Atom("1"), Atom() as below), Fence(inner))):
            return row(Fence(inner), Atom("/", "upright"), below)
        case _:
            return None if is_tall(layout) else layout


def _positive(argument: sp.Expr) -> sp.Basic:
    """The condition ``argument > 0``, solved for its Gaussian variable where it is linear in it."""
    for symbol in sorted(argument.free_symbols & {u, v, x}, key=str):
        slope = argument.diff(symbol)
        if slope.is_number and slope != 0:
            bound = -argument.subs(symbol, 0) / slope
            relation = sp.Gt if slope > 0 else sp.Lt
            return relation(symbol, bound, evaluate=False)
    return sp.Gt(argument, 0, evaluate=False)
