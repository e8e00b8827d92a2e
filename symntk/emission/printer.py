"""SymPy expressions as Python source text for Numba."""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Mul, Pow, Rational, S, cosh
from sympy.core.function import AppliedUndef
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.str import StrPrinter

from symntk.errors import UsageError

WIDTH = 100
"""Of lines of emitted source."""

_NAMES = {
    "exp": "exponential",
    "log": "math.log",
    "log1p": "math.log1p",
    "expm1": "exponential_minus_one",
    "sin": "math.sin",
    "cos": "math.cos",
    "tan": "math.tan",
    "sinh": "math.sinh",
    "cosh": "math.cosh",
    "tanh": "hyperbolic_tangent",
    "erf": "math.erf",
    "erfc": "math.erfc",
    "Abs": "abs",
    "Angle": "angle",
    "AngleByRoot": "angle_by_root",
    "atan2": "math.atan2",
    "atan": "arctangent",
    "ExponentialDifference": "exponential_difference",
    "NormalCDF": "normal_cdf",
    "BivariateNormalCDF": "bivariate_normal_cdf",
    "Logistic": "logistic",
    "Softplus": "softplus",
    "Heaviside": "heaviside",
    "sign": "sign",
}
"""SymPy's function names and an emitted module's: Python's, or `symntk.emission.runtime`'s."""


class SourcePrinter(StrPrinter):
    """Prints real scalar arithmetic: products rather than small powers, roots as roots."""

    def _print_Function(self, expr: Expr) -> str:
        name = type(expr).__name__
        if name not in _NAMES and not isinstance(expr, AppliedUndef):
            raise UsageError(f"cannot emit {name}: it has no numerical form")
        arguments = expr.args[:1] if name == "Heaviside" else expr.args
        return f"{_NAMES.get(name, name)}({', '.join(map(self._print, arguments))})"

    def _print_Row(self, expr: Expr) -> str:
        return f"hermite_{expr.args[0]}({self._print(expr.args[1])})"

    def _print_Root(self, expr: Expr) -> str:
        first, second = (self.parenthesize(part, PRECEDENCE["Mul"]) for part in expr.args)
        return f"math.sqrt({first} * {second})"

    _print_exp = _print_Function
    _print_Abs = _print_Function
    _print_Heaviside = _print_Function

    def _print_Pi(self, expr: Expr) -> str:
        return "math.pi"

    def _print_Exp1(self, expr: Expr) -> str:
        return "math.e"

    def _print_Integer(self, expr: Expr) -> str:
        return f"{int(expr)}.0" if abs(expr) < 10**15 else repr(float(expr))

    def _print_Zero(self, expr: Expr) -> str:
        return "0.0"

    def _print_One(self, expr: Expr) -> str:
        return "1.0"

    def _print_NegativeOne(self, expr: Expr) -> str:
        return "-1.0"

    def _print_Float(self, expr: Expr) -> str:
        return repr(float(expr))

    def _print_Rational(self, expr: Rational) -> str:
        if expr.q & (expr.q - 1) == 0:
            return repr(float(expr))
        return f"({int(expr.p)}.0 / {int(expr.q)}.0)"

    _print_Half = _print_Rational

    def _print_Max(self, expr: Expr) -> str:
        return f"max({', '.join(map(self._print, expr.args))})"

    def _print_Min(self, expr: Expr) -> str:
        return f"min({', '.join(map(self._print, expr.args))})"

    def _print_Piecewise(self, expr: Any) -> str:
        text = ""
        for value, condition in expr.args:
            if condition == S.true:
                return f"({text}{self._print(value)})"
            text += f"{self._print(value)} if {self._print(condition)} else "
        return f"({text}math.nan)"

    def _print_BooleanTrue(self, expr: Expr) -> str:
        return "True"

    def _print_BooleanFalse(self, expr: Expr) -> str:
        return "False"

    def _print_Pow(self, expr: Pow, rational: bool = False) -> str:
        base, exponent = expr.args
        if isinstance(base, cosh) and exponent.is_Integer and exponent.is_negative:
            power = "" if exponent == -1 else f" ** {-int(exponent)}"
            return f"sech({self._print(base.args[0])}){power}"
        if exponent.is_Rational and exponent.is_negative:
            inverse = self._print_Pow(Pow(base, -exponent)) if exponent != -1 else self._print(base)
            simple = exponent == -1 and (base.is_Atom or base.is_Function)
            return f"1.0 / {inverse if simple or self._is_call(inverse) else f'({inverse})'}"
        if exponent == S.One:
            return str(self._print(base))
        if exponent == S.Half:
            return f"math.sqrt({self._print(base)})"
        inner = self.parenthesize(base, PRECEDENCE["Pow"] + 1)
        if exponent.is_Integer:
            return f"{inner} ** {int(exponent)}"
        if exponent.is_Rational and exponent.q == 2 and exponent.p < 8:
            whole = (int(exponent.p) - 1) // 2
            front = inner if whole == 1 else f"{inner} ** {whole}"
            return f"({front} * math.sqrt({self._print(base)}))"
        return f"{inner} ** {self.parenthesize(exponent, PRECEDENCE['Pow'])}"

    @staticmethod
    def _is_call(text: str) -> bool:
        """Whether the text is one function call."""
        if not text.endswith(")") or "(" not in text:
            return False
        start = text.index("(")
        if not text[:start].replace(".", "").replace("_", "").isalnum():
            return False
        depth = 0
        for position, letter in enumerate(text):
            depth += (letter == "(") - (letter == ")")
            if depth == 0 and position >= start:
                return position == len(text) - 1
        return False

    def _print_Mul(self, expr: Mul) -> str:
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient.is_negative:
            inner = self._print(-coefficient * rest)
            text = -coefficient * rest
            return f"-({inner})" if isinstance(text, Add) else f"-{inner}"
        numerator, denominator = _fraction(expr)
        if denominator == 1:
            return " * ".join(self._factors(numerator))
        over = self._factors(denominator)
        below = over[0] if len(over) == 1 else f"({' * '.join(over)})"
        above = " * ".join(self._factors(numerator))
        if denominator.is_number and numerator.free_symbols and not _is_power_of_two(denominator):
            return f"{above} * (1.0 / {below})"  # a constant: compilers keep divisions as they are
        return f"{above} / {below}"

    def _factors(self, expr: Expr) -> list[str]:
        factors = expr.args if isinstance(expr, Mul) else (expr,)
        kept = [f for f in factors if f != 1] or [S.One]
        return [self._factor(factor, len(kept)) for factor in kept]

    def _factor(self, factor: Expr, count: int) -> str:
        text = str(self._print(factor))
        tight = precedence(factor) > PRECEDENCE["Mul"] or self._is_call(text)
        return text if tight and not text.startswith("-") else f"({text})"

    def _print_And(self, expr: Any) -> str:
        return " and ".join(f"({self._print(part)})" for part in expr.args)

    def _print_Relational(self, expr: Any) -> str:
        return f"{self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)}"


def _fraction(expr: Mul) -> tuple[Expr, Expr]:
    """Numerator and denominator: factors with a negative rational power go below."""
    above, below = [], []
    for factor in expr.args:
        if isinstance(factor, Rational):
            above.append(Rational(factor.p, 1))
            below.append(Rational(factor.q, 1))
        elif _is_denominator(factor):
            below.append(Pow(factor.base, -factor.exp))
        else:
            above.append(factor)
    return Mul(*above), Mul(*below)


def _is_power_of_two(number: Expr) -> bool:
    """Whether dividing by a number is exact."""
    return bool(number.is_Integer) and int(number) & (int(number) - 1) == 0


def _is_denominator(factor: Expr) -> bool:
    """Whether a factor is a negative power; not of cosh, which overflows where sech does not."""
    negative = isinstance(factor, Pow) and factor.exp.is_Rational and factor.exp.is_negative
    return negative and not isinstance(factor.base, cosh)


def source_text(expression: Expr) -> str:
    """``expression`` as Python source; symbols by their names."""
    return str(SourcePrinter({"order": "none"}).doprint(expression))
