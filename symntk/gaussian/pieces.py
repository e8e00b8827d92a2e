"""A function of ``x`` as smooth pieces between exactly located points.

Abs, sign, Heaviside, Max, Min and Piecewise choose a branch by the sign of a switching function.
Between the roots of all switching functions the branches are fixed and the function is smooth, as
long as its other parts are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from sympy import (
    Abs,
    Add,
    Basic,
    Expr,
    Heaviside,
    Max,
    Min,
    Piecewise,
    Poly,
    PolynomialError,
    Rational,
    S,
    real_roots,
    sign,
)
from sympy.core.relational import Relational

from symntk.errors import UsageError
from symntk.gaussian.evaluation import NotReal, scalar_function
from symntk.gaussian.symbols import x

MAX_KINKS = 200
"""Most points at which a function may change its branch."""

_SCAN_REACH = 1000.0
_EXACT_DEGREE = 8


@dataclass(frozen=True, slots=True)
class Pieces:
    """``functions[i]`` holds between ``locations[i - 1]`` and ``locations[i]``, or to infinity."""

    locations: tuple[Expr, ...]
    functions: tuple[Expr, ...]


@lru_cache(maxsize=256)
def pieces(expression: Expr) -> Pieces:
    """Split ``expression``; thresholds must be numbers, other symbols may stay in the pieces.

    Raises UsageError for a function with more than ``MAX_KINKS`` switching points, such as
    abs(sin(x)).
    """
    return _merged(_split(expression, None, None))


def _split(expression: Expr, low: Expr | None, high: Expr | None) -> list[tuple[Expr | None, Expr]]:
    """Pairs (left end, smooth function) that cover the interval from ``low`` to ``high``."""
    nodes = list(_innermost(expression))
    if not nodes:
        return [(low, expression)]
    inside = {
        root
        for node in nodes
        for switch in _switches(node)
        for root in switch_roots(switch)
        if (low is None or root > low) and (high is None or root < high)
    }
    ends: list[Expr | None] = [low, *sorted(inside, key=lambda root: float(root)), high]
    if len(ends) > MAX_KINKS:
        raise UsageError(f"{expression} switches at more than {MAX_KINKS} points")
    found: list[tuple[Expr | None, Expr]] = []
    for left, right in pairwise(ends):
        point = _between(left, right)
        chosen = expression.xreplace({node: _branch(node, point) for node in nodes})
        found += _split(chosen, left, right)
    return found


def _merged(parts: list[tuple[Expr | None, Expr]]) -> Pieces:
    """Neighbours of the same form become one piece."""
    locations: list[Expr] = []
    functions = [parts[0][1]]
    for left, function in parts[1:]:
        if function != functions[-1]:
            assert left is not None
            locations.append(left)
            functions.append(function)
    return Pieces(tuple(locations), tuple(functions))


def _innermost(expression: Expr) -> Iterator[Expr]:
    """The branching nodes whose own arguments do not branch."""
    kinds = (Abs, sign, Heaviside, Max, Min, Piecewise)
    for node in expression.atoms(*kinds):
        if node.has(x) and not any(
            argument.atoms(*kinds) - {node} for argument in node.args if isinstance(argument, Basic)
        ):
            yield node


def _switches(node: Expr) -> Iterator[Expr]:
    """Functions at whose sign changes ``node`` changes its branch."""
    if isinstance(node, (Max, Min)):
        for index, first in enumerate(node.args):
            for second in node.args[index + 1 :]:
                yield first - second
    elif isinstance(node, Piecewise):
        for _, condition in node.args:
            for relation in condition.atoms(Relational):
                yield relation.lhs - relation.rhs
    else:
        yield node.args[0]


def _branch(node: Expr, point: float) -> Expr:
    """What ``node`` is around ``point``."""
    if isinstance(node, (Max, Min)):
        values = [scalar_function(argument)(point) for argument in node.args]
        best = max(values) if isinstance(node, Max) else min(values)
        return node.args[values.index(best)]
    if isinstance(node, Piecewise):
        for value, condition in node.args:
            if condition.subs(x, Rational(point)) == True:  # noqa: E712 - a SymPy truth value
                return value
        raise UsageError(f"{node} is not defined at x = {point:g}")
    (inside, *_) = node.args
    value = scalar_function(inside)(point)
    if isinstance(node, Abs):
        return inside if value > 0 else -inside
    if value == 0:  # on a whole interval, the point being unremarkable
        return S.Zero if isinstance(node, sign) else node.args[1]
    if isinstance(node, sign):
        return S.One if value > 0 else S.NegativeOne
    return S.One if value > 0 else S.Zero


def _between(left: Expr | None, right: Expr | None) -> float:
    """An unremarkable point of the open interval, where no function is likely to vanish."""
    step = 0.7310585786300049
    if left is None:
        return step if right is None else float(right) - step
    if right is None:
        return float(left) + step
    return float(left) + 0.4697 * (float(right) - float(left))


@lru_cache(maxsize=256)
def switch_roots(switch: Expr) -> tuple[Expr, ...]:
    """The real roots of a smooth function: exact for polynomials, else to float64."""
    if not switch.has(x):
        return ()
    slope = switch.diff(x)
    if not slope.has(x):
        return ((-switch.subs(x, 0) / slope).expand(),)
    try:
        polynomial = Poly(switch, x)
    except PolynomialError:
        return _scanned_roots(switch)
    if polynomial.degree() <= _EXACT_DEGREE and all(
        coefficient.is_Rational for coefficient in polynomial.all_coeffs()
    ):
        return tuple(dict.fromkeys(real_roots(polynomial)))
    return _scanned_roots(switch)


def _scanned_roots(switch: Expr) -> tuple[Expr, ...]:
    """Sign changes of ``switch``, bracketed on a grid that is finest around zero."""
    if switch.free_symbols != {x}:
        raise UsageError(f"where {switch} changes its sign must not depend on a parameter")
    function = scalar_function(switch)

    def value(point: float) -> float:
        try:
            return function(point)
        except NotReal:
            return math.nan

    reach = math.asinh(_SCAN_REACH)
    steps = 4000
    grid = [math.sinh(reach * step / steps) for step in range(-steps, steps + 1)]
    values = [value(point) for point in grid]
    roots: list[Expr] = []
    for index, (point, here) in enumerate(zip(grid, values, strict=True)):
        if here == 0:
            roots.append(_tidied(switch, point))
        elif index and here * values[index - 1] < 0:
            roots.append(_tidied(switch, _bisected(value, grid[index - 1], point)))
        if len(roots) > MAX_KINKS:
            raise UsageError(
                f"{switch} changes its sign at more than {MAX_KINKS} points; an activation may "
                "have that many kinks at most"
            )
    return tuple(roots)


def _bisected(value: object, low: float, high: float) -> float:
    assert callable(value)
    at_low = value(low)
    while True:
        middle = low + (high - low) / 2
        if middle in (low, high):
            return middle
        if value(middle) * at_low > 0:
            low = middle
        else:
            high = middle


def _tidied(switch: Expr, root: float) -> Expr:
    """A simple fraction where it is a root exactly, else the float as it is."""
    simple = Rational(root).limit_denominator(1000)
    if abs(float(simple) - root) < 1e-12 and Add(switch.subs(x, simple)).is_zero:
        return simple
    return Rational(root)
