r"""Functions of one variable in smooth formulas: breaks t_1 < ... < t_n and a formula between them.

Max, Min, Abs, sign, Heaviside and Piecewise, in any composition, become such a list by finding
where piecewise linear arguments change sign.  Symbolic breaks are allowed as long as the
assumptions on their symbols order them.  In this form differentiation is exact: the formulas are
differentiated, and each jump J at t adds J * Dirac(x - t).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sympy import (
    Abs,
    Add,
    And,
    DiracDelta,
    Eq,
    Expr,
    Heaviside,
    Max,
    Min,
    Mul,
    Ne,
    Not,
    Or,
    Piecewise,
    Poly,
    PolynomialError,
    S,
    diff,
    expand,
    sign,
)
from sympy.core.relational import GreaterThan, LessThan, Relational, StrictGreaterThan
from sympy.logic.boolalg import Boolean, BooleanFalse, BooleanTrue

from symntk.gaussian.algebra import NotRepresentable
from symntk.gaussian.symbols import x

KINKED = (Abs, DiracDelta, Heaviside, Max, Min, Piecewise, sign)
"""What a function of ``x`` may contain beside smooth formulas."""


@dataclass(frozen=True)
class Stepwise:
    """``formulas[i]`` holds between ``breaks[i-1]`` and ``breaks[i]``; ``diracs``: weight at t."""

    formulas: tuple[Expr, ...]
    breaks: tuple[Expr, ...] = ()
    diracs: Mapping[Expr, Expr] = field(default_factory=dict)

    def derivative(self, classical: bool = False) -> Stepwise:
        """The derivative; as a distribution unless ``classical``."""
        if self.diracs and not classical:
            raise NotRepresentable("derivative of a Dirac distribution")
        diracs: dict[Expr, Expr] = {}
        if not classical:
            for left, right, point in zip(
                self.formulas, self.formulas[1:], self.breaks, strict=False
            ):
                jump = expand((right - left).subs(x, point))
                if jump != 0:
                    diracs[point] = jump
        return _merged([diff(formula, x) for formula in self.formulas], self.breaks, diracs)

    @property
    def expr(self) -> Expr:
        """As a sum of formulas times Heaviside functions, plus Diracs."""
        total = self.formulas[0]
        if len(self.breaks) == 1 and not (total.is_number and self.formulas[1].is_number):
            left, right = self.formulas
            (t,) = self.breaks
            total = left * Heaviside(t - x) + right * Heaviside(x - t)
        elif self.breaks:
            total = (
                self.formulas[0]
                if self.formulas[0].is_number
                else (self.formulas[0] * Heaviside(self.breaks[0] - x))
            )
            before = self.formulas[0] if self.formulas[0].is_number else S.Zero
            for formula, t in zip(self.formulas[1:], self.breaks, strict=True):
                total += (formula - before) * Heaviside(x - t)
                before = formula
        return total + Add(*(weight * DiracDelta(x - t) for t, weight in self.diracs.items()))


def stepwise(expression: Expr) -> Stepwise:
    """The formulas and breaks of an expression in ``x``; NotRepresentable where not found."""
    if not expression.has(*KINKED):
        return Stepwise((expression,))
    if expression.has(DiracDelta):
        return _with_diracs(expression)
    if isinstance(expression, Abs):
        return _by_sign(expression.args[0], lambda w: w, lambda w: -w)
    if isinstance(expression, sign):
        return _by_sign(expression.args[0], _one, lambda w: S.NegativeOne)
    if isinstance(expression, Heaviside):
        return _by_sign(expression.args[0], _one, _zero, expression.args[1])
    if isinstance(expression, (Max, Min)):
        return _extremum(expression)
    if isinstance(expression, Piecewise):
        return _piecewise(expression)
    return combine([stepwise(part) for part in expression.args], expression.func)


def combine(parts: Sequence[Stepwise], function: Callable[..., Expr]) -> Stepwise:
    """A function of several functions, formula by formula."""
    breaks: list[Expr] = []
    for part in parts:
        for point in part.breaks:
            if not any(_sign_of(point - other) == 0 for other in breaks):
                breaks.append(point)
    ordered = _sorted(breaks)
    formulas = []
    for index in range(len(ordered) + 1):
        passed = ordered[:index]
        arguments = []
        for part in parts:
            place = sum(
                any(_sign_of(point - other) == 0 for other in passed) for point in part.breaks
            )
            arguments.append(part.formulas[place])
        formulas.append(function(*arguments))
    return _merged(formulas, ordered)


def _merged(
    formulas: Sequence[Expr], breaks: Sequence[Expr], diracs: Mapping[Expr, Expr] | None = None
) -> Stepwise:
    """Without breaks at which the formula does not change."""
    kept_formulas, kept_breaks = [formulas[0]], []
    for formula, point in zip(formulas[1:], breaks, strict=True):
        if expand(formula - kept_formulas[-1]) != 0:
            kept_formulas.append(formula)
            kept_breaks.append(point)
    return Stepwise(tuple(kept_formulas), tuple(kept_breaks), diracs or {})


def _sign_of(value: Expr) -> int:
    """-1, 0 or 1; NotRepresentable where the assumptions do not tell."""
    value = expand(value)
    if value.is_zero:
        return 0
    if value.is_positive:
        return 1
    if value.is_negative:
        return -1
    raise NotRepresentable(f"the sign of {value} is not known")


def _sorted(points: list[Expr]) -> list[Expr]:
    ordered: list[Expr] = []
    for point in points:
        place = sum(_sign_of(other - point) < 0 for other in ordered)
        ordered.insert(place, point)
    return ordered


def _by_sign(
    argument: Expr,
    positive: Callable[[Expr], Expr],
    negative: Callable[[Expr], Expr],
    at_zero: Expr = S.Zero,
) -> Stepwise:
    """``positive(w)`` where w > 0 and ``negative(w)`` where w < 0, for piecewise linear w.

    ``at_zero`` where w = 0 on a whole interval, as in H(max(x, 0)); at single points w = 0 has no
    weight.
    """
    inner = stepwise(argument)
    formulas: list[Expr] = []
    breaks: list[Expr] = []
    for index, formula in enumerate(inner.formulas):
        low = inner.breaks[index - 1] if index else None
        high = inner.breaks[index] if index < len(inner.breaks) else None
        if low is not None:
            breaks.append(low)
        slope, offset = linear(formula)
        rising = _sign_of(slope)
        if rising == 0:
            side = _sign_of(offset)
            formulas.append(at_zero if side == 0 else (positive if side > 0 else negative)(formula))
            continue
        here = {1: positive(formula), -1: negative(formula)}
        root = -offset / slope
        if low is not None and _sign_of(root - low) <= 0:
            formulas.append(here[rising])
        elif high is not None and _sign_of(root - high) >= 0:
            formulas.append(here[-rising])
        else:
            formulas += [here[-rising], here[rising]]
            breaks.append(root)
    return _merged(formulas, breaks)


def linear(formula: Expr) -> tuple[Expr, Expr]:
    """Slope and offset of a linear formula in ``x``."""
    if not formula.has(x):
        return S.Zero, formula
    try:
        polynomial = Poly(formula, x)
    except PolynomialError as problem:
        raise NotRepresentable(f"{formula} is not linear") from problem
    if polynomial.degree() > 1:
        raise NotRepresentable(f"{formula} is not linear")
    return polynomial.coeff_monomial(x), polynomial.coeff_monomial(1)


def _one(_: Expr) -> Expr:
    return S.One


def _zero(_: Expr) -> Expr:
    return S.Zero


def _choose(first: Expr, second: Expr, indicator: Expr) -> Expr:
    return first if indicator == 1 else second


def _extremum(expression: Expr) -> Stepwise:
    """Max(a, b) is a where a - b > 0 and b elsewhere, folded over the arguments; Min likewise."""
    ordered = sorted(expression.args, key=lambda part: part.has(x))
    result = stepwise(ordered[0])
    for part in ordered[1:]:
        difference = part - result.expr
        if isinstance(expression, Min):
            difference = -difference
        chosen = _by_sign(difference, _one, _zero)
        result = combine([stepwise(part), result, chosen], _choose)
    return result


def _piecewise(expression: Piecewise) -> Stepwise:
    """The first branch whose condition holds."""
    result = Stepwise((S.Zero,))
    for value, condition in reversed(expression.args):
        result = combine([stepwise(value), result, _indicator(condition)], _choose)
    return result


def _indicator(condition: Boolean) -> Stepwise:
    """1 where the condition holds, up to single points."""
    if isinstance(condition, BooleanTrue):
        return Stepwise((S.One,))
    if isinstance(condition, BooleanFalse):
        return Stepwise((S.Zero,))
    if isinstance(condition, Not):
        return combine([_indicator(condition.args[0])], lambda w: 1 - w)
    if isinstance(condition, And):
        return combine([_indicator(part) for part in condition.args], Mul)
    if isinstance(condition, Or):
        return combine([_indicator(part) for part in condition.args], Max)
    if isinstance(condition, Relational):
        difference = condition.lhs - condition.rhs
        if isinstance(condition, Eq):
            return _by_sign(difference, _zero, _zero, S.One)
        if isinstance(condition, Ne):
            return _by_sign(difference, _one, _one, S.Zero)
        if not isinstance(condition, (GreaterThan, StrictGreaterThan)):
            difference = -difference
        closed = isinstance(condition, (GreaterThan, LessThan))
        return _by_sign(difference, _one, _zero, S.One if closed else S.Zero)
    raise NotRepresentable(f"condition {condition}")


def _with_diracs(expression: Expr) -> Stepwise:
    """A sum of a function without Diracs and of weighted Diracs, each sifted to a number."""
    regular: list[Expr] = []
    diracs: dict[Expr, Expr] = {}
    for term in Add.make_args(expand(expression)):
        found = [part for part in Mul.make_args(term) if part.has(DiracDelta)]
        if not found:
            regular.append(term)
            continue
        if len(found) > 1 or not isinstance(found[0], DiracDelta) or len(found[0].args) > 1:
            raise NotRepresentable(f"{term} is not a weighted Dirac")
        slope, offset = linear(found[0].args[0])
        point = -offset / slope
        weight = (term / found[0]).subs(x, point) / Abs(slope)
        diracs[point] = diracs.get(point, S.Zero) + weight
    body = stepwise(Add(*regular))
    kept = {point: weight for point, weight in diracs.items() if weight != 0}
    return Stepwise(body.formulas, body.breaks, kept)


def derivative(f: Expr, classical: bool = False) -> Expr:
    """The derivative of a SymPy expression in ``x``, as a distribution (with DiracDelta).

    classical: the derivative almost everywhere instead, Diracs dropped.  Where the breaks of the
    function cannot be found, SymPy's own derivative is returned.
    """
    if not f.has(*KINKED):
        return diff(f, x)
    try:
        return stepwise(f).derivative(classical).expr
    except NotRepresentable:
        return diff(f, x)
