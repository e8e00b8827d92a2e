"""SymPy functions of ``x`` written back in the activation syntax."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import (
    Abs,
    Add,
    Basic,
    Expr,
    Heaviside,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    cos,
    cosh,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)
from sympy.core.relational import Relational
from sympy.core.sorting import default_sort_key

from symntk.errors import UsageError
from symntk.gaussian.normal_cdf import NormalCDF

_NAMES: Mapping[type[Basic], str] = {
    Abs: "abs",
    sign: "sign",
    Heaviside: "H",
    NormalCDF: "Phi",
    erf: "erf",
    exp: "exp",
    log: "log",
    sin: "sin",
    cos: "cos",
    tan: "tan",
    sinh: "sinh",
    cosh: "cosh",
    tanh: "tanh",
}

_SUM, _PRODUCT, _POWER, _ATOM = range(4)


def format_activation(expression: Expr) -> str:
    """Text that ``parse_activation`` reads back as ``expression``.

    Parameters appear by their names.  Raises UsageError where ``expression`` holds a function that
    the syntax lacks.
    """
    return _write(expression)[0]


def _write(node: Expr) -> tuple[str, int]:
    """The text of ``node`` and how tightly it binds."""
    if isinstance(node, Symbol):
        return node.name, _ATOM
    if node is pi:
        return "pi", _ATOM
    if node is S.Exp1:
        return "exp(1)", _ATOM
    if node.is_Rational:
        decimal = _decimal(node)
        text = decimal or (str(node.p) if node.q == 1 else f"{node.p}/{node.q}")
        return text, _SUM if node.p < 0 else (_ATOM if node.q == 1 or decimal else _PRODUCT)
    if isinstance(node, Add):
        return _write_sum(node), _SUM
    if isinstance(node, (Mul, Pow)) and not isinstance(node, exp):
        return _write_product(node)
    if isinstance(node, (Max, Min)):
        name = "max" if isinstance(node, Max) else "min"
        parts = (_write(part)[0] for part in sorted(node.args, key=default_sort_key))
        return f"{name}({', '.join(parts)})", _ATOM
    if isinstance(node, Piecewise):
        return _write_branches(node), _ATOM
    name = _NAMES.get(node.func, "")
    if not name:
        raise UsageError(f"the activation syntax cannot express {node}")
    return f"{name}({_write(node.args[0])[0]})", _ATOM


def _within(node: Expr, least: int) -> str:
    """The text of ``node``, in brackets where it binds less tightly than ``least``."""
    text, binding = _write(node)
    return text if binding >= least else f"({text})"


def _write_sum(node: Add) -> str:
    text = ""
    for term in node.as_ordered_terms():
        piece = _within(term, _PRODUCT) if isinstance(term, Add) else _write(term)[0]
        if not text:
            text = piece
        elif piece.startswith("-"):
            text += f" - {piece[1:]}"
        else:
            text += f" + {piece}"
    return text


def _write_product(node: Expr) -> tuple[str, int]:
    """A product as one line of factors above and below; a power stands alone."""
    above: list[str] = []
    below: list[str] = []
    coefficient, rest = node.as_coeff_Mul()
    negative = coefficient.is_negative
    coefficient = abs(coefficient)
    decimal = _decimal(coefficient)
    if decimal:
        above.append(decimal)
    elif coefficient.p != 1:
        above.append(str(coefficient.p))
    factors = [] if rest == 1 else list(Mul.make_args(rest))
    for factor in factors:
        base, exponent = (
            (factor.base, factor.exp)
            if isinstance(factor, Pow) and not isinstance(factor, exp)
            else (factor, S.One)
        )
        if exponent.is_Rational and exponent.is_negative:
            below.append(_write_power(base, -exponent))
        else:
            above.append(_write_power(base, exponent))
    if coefficient.q != 1 and not decimal:
        below.append(str(coefficient.q))
    single = len(above) + len(below) == 1 and not below and not negative
    text = "-" * negative + "/".join(["*".join(above) or "1", *below])
    if single:
        return text, _POWER if "**" in text and isinstance(factors[0], Pow) else _ATOM
    return text, _SUM if negative else _PRODUCT


def _decimal(number: Rational) -> str:
    """A fraction with a long denominator as a finite decimal, where it is one; else nothing."""
    if number.q < 10**6:
        return ""
    places, power = 0, 1
    while power % number.q and places < 90:
        places, power = places + 1, 10 * power
    if power % number.q:
        return ""
    digits = str(abs(number.p) * (power // number.q)).rjust(places + 1, "0")
    minus = "-" if number.p < 0 else ""
    return minus + f"{digits[:-places]}.{digits[-places:]}"


def _write_power(base: Expr, exponent: Expr) -> str:
    if exponent == 1:
        return _within(base, _POWER)
    if exponent == S.Half:
        return f"sqrt({_write(base)[0]})"
    return f"{_within(base, _ATOM)}**{_within(exponent, _ATOM)}"


def _write_branches(node: Piecewise) -> str:
    """Branches as nested where(); the last one must be the rest."""
    *branches, (last, rest) = node.args
    if rest != True or not all(  # noqa: E712 - a SymPy truth value
        isinstance(condition, Relational) and condition.rel_op in ("<", "<=", ">", ">=")
        for _, condition in branches
    ):
        raise UsageError(f"the activation syntax cannot express the conditions of {node}")
    text = _write(last)[0]
    for value, condition in reversed(branches):
        left, right = _write(condition.lhs)[0], _write(condition.rhs)[0]
        text = f"where({left} {condition.rel_op} {right}, {_write(value)[0]}, {text})"
    return text
