"""Numbers from a SymPy function: one float at a time, or arrays with NumPy.

A tree is turned once into a straight-line program over its distinct subtrees; running the program
evaluates each of them once.  Nothing is printed to source text and executed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

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
    Symbol,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    log,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)
from sympy.codegen.cfunctions import expm1, log1p
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from symntk.errors import UsageError
from symntk.gaussian.normal_cdf import NormalCDF
from symntk.gaussian.stable import Logistic, Softplus
from symntk.gaussian.symbols import x

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

Table: TypeAlias = Mapping[type[Basic], Callable[..., Any]]


class NotReal(ArithmeticError):
    """A function that is not real, or not defined, at a point."""


def scalar_function(expression: Expr) -> Callable[[float], float]:
    """The function x -> expression in Python floats, without NumPy.

    Overflow gives an infinity and 0/0 nan.  The returned function raises NotReal where the value
    is not real: the logarithm of a negative number, a fractional power of one.
    """
    table = {kind: _passing_on(kind, function) for kind, function in _scalar_table().items()}
    run = _program(expression, table)

    def function(point: float) -> float:
        value = run(point)
        if isinstance(value, NotReal):
            raise value
        return float(value)

    return function


def _passing_on(kind: type[Basic], function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that hands on a NotReal among its arguments; a Piecewise may ignore it."""
    if kind is Piecewise:
        return function

    def call(*operands: Any) -> Any:
        for operand in operands:
            if isinstance(operand, NotReal):
                return operand
        try:
            return function(*operands)
        except NotReal as problem:
            return problem

    return call


def array_function(expression: Expr, variables: Sequence[Symbol] = (x,)) -> Callable[..., Array]:
    """The function of ``variables`` on float64 arrays of one shape, with infinities and nans."""
    import numpy as np

    run = _program(expression, _array_table(), variables)

    def function(*points: Array) -> Array:
        with np.errstate(all="ignore"):
            values = run(*points)
        return np.broadcast_to(np.asarray(values, dtype=np.float64), points[0].shape)

    return function


def _program(
    expression: Expr, table: Table, variables: Sequence[Symbol] = (x,)
) -> Callable[..., Any]:
    """Straight-line code over the distinct subtrees of ``expression``."""
    slots: dict[Basic, int] = {variable: slot for slot, variable in enumerate(variables)}
    constants: dict[int, Any] = {}
    code: list[tuple[int, Callable[..., Any], tuple[int, ...]]] = []

    def visit(node: Basic) -> int:
        if node in slots:
            return slots[node]
        if node.is_number or isinstance(node, (BooleanTrue, BooleanFalse)):
            slot = slots[node] = len(slots)
            constants[slot] = _constant(node)
            return slot
        if isinstance(node, Pow) and node.exp.is_Rational:
            operands: tuple[int, ...] = (visit(node.base),)
            function = _power(node.exp, table)
        else:
            function_or_none = table.get(node.func)
            if function_or_none is None:
                raise UsageError(f"cannot evaluate {node.func.__name__} in {expression}")
            function = function_or_none
            children = node.args
            if isinstance(node, Piecewise):
                children = tuple(part for branch in node.args for part in branch.args)
            operands = tuple(visit(child) for child in children)
        slot = slots[node] = len(slots)
        code.append((slot, function, operands))
        return slot

    result = visit(expression)
    size = len(slots)

    def run(*points: Any) -> Any:
        values: list[Any] = [*points, *[None] * (size - len(points))]
        for slot, constant in constants.items():
            values[slot] = constant
        for slot, function, operands in code:
            values[slot] = function(*(values[operand] for operand in operands))
        return values[result]

    return run


def _constant(node: Basic) -> Any:
    if isinstance(node, (BooleanTrue, BooleanFalse)):
        return bool(node)
    if node.is_Rational:
        return float(Fraction(int(node.p), int(node.q)))
    value = node.evalf(25)
    if not value.is_Float and not value.is_Rational:
        if value.is_infinite or value.is_real is None:
            raise NotReal(f"{node} is not a finite number")
        if value.is_real is False:
            raise NotReal(f"{node} is not real")
    return float(value)


def _power(exponent: Any, table: Table) -> Callable[[Any], Any]:
    """A power with a rational exponent: products for whole ones, roots for halves."""
    power = table[Pow]
    if exponent.q == 1 and abs(exponent.p) <= 32:
        times = int(exponent.p)

        def whole(base: Any) -> Any:
            result, square, left = None, base, abs(times)
            while left:
                if left & 1:
                    result = square if result is None else result * square
                left >>= 1
                if left:
                    square = square * square
            return result if times > 0 else table[Reciprocal](result)

        return whole
    value = float(exponent)
    return lambda base: power(base, value)


class Reciprocal(Basic):
    """Key of the tables for 1/x; never part of an expression."""


def _scalar_table() -> Table:
    def guarded(function: Callable[[float], float], name: str) -> Callable[[float], float]:
        def call(value: float) -> float:
            if math.isnan(value):
                return value
            try:
                return function(value)
            except OverflowError:
                return math.inf
            except ValueError:
                if math.isinf(value):
                    return math.nan
                raise NotReal(f"{name} of {value:g}") from None

        return call

    def odd_overflow(function: Callable[[float], float]) -> Callable[[float], float]:
        def call(value: float) -> float:
            try:
                return function(value)
            except OverflowError:
                return math.copysign(math.inf, value)

        return call

    def power(base: float, exponent: float) -> float:
        if base == 0 and exponent < 0:
            return math.inf
        if base < 0 and not float(exponent).is_integer():
            raise NotReal(f"the power {exponent:g} of {base:g}")
        try:
            return float(base**exponent)
        except OverflowError:
            return math.inf

    def logarithm(value: float) -> float:
        return -math.inf if value == 0 else math.log(value)

    def logistic(value: float) -> float:
        return 1 / (1 + math.exp(-value)) if value > -700 else math.exp(max(value, -745.0))

    def softplus(value: float) -> float:
        return max(value, 0.0) + math.log1p(math.exp(-abs(value)))

    def choose(*parts: Any) -> Any:
        for value, condition in zip(parts[::2], parts[1::2], strict=True):
            if isinstance(condition, NotReal):
                return condition
            if condition:
                return value
        return math.nan

    def product(*factors: float) -> float:
        return math.prod(factors)

    return {
        Add: lambda *terms: math.fsum(terms) if all(map(math.isfinite, terms)) else sum(terms),
        Mul: product,
        Pow: power,
        Reciprocal: lambda value: 1 / value if value else math.inf,
        exp: guarded(math.exp, "exp"),
        log: guarded(logarithm, "log"),
        log1p: guarded(math.log1p, "log"),
        expm1: guarded(math.expm1, "exp"),
        sin: guarded(math.sin, "sin"),
        cos: guarded(math.cos, "cos"),
        tan: guarded(math.tan, "tan"),
        sinh: odd_overflow(math.sinh),
        cosh: guarded(math.cosh, "cosh"),
        tanh: math.tanh,
        erf: math.erf,
        erfc: math.erfc,
        NormalCDF: lambda value: math.erfc(-value / math.sqrt(2)) / 2,
        Logistic: logistic,
        Softplus: softplus,
        Abs: abs,
        sign: lambda value: math.copysign(1.0, value) if value else 0.0,
        Heaviside: lambda value, at_zero: at_zero if value == 0 else float(value > 0),
        Max: max,
        Min: min,
        Piecewise: choose,
        StrictGreaterThan: lambda a, b: a > b,
        StrictLessThan: lambda a, b: a < b,
        GreaterThan: lambda a, b: a >= b,
        LessThan: lambda a, b: a <= b,
    }


def _array_table() -> Table:
    import numpy as np

    def elementwise(function: Callable[[float], float]) -> Callable[[Any], Any]:
        def call(values: Any) -> Any:
            flat = np.asarray(values, dtype=np.float64).ravel().tolist()
            return np.fromiter(map(function, flat), np.float64, len(flat)).reshape(np.shape(values))

        return call

    error, complement = elementwise(math.erf), elementwise(math.erfc)

    def choose(*parts: Any) -> Any:
        aligned = np.broadcast_arrays(*parts)
        return np.select(aligned[1::2], aligned[::2], default=np.nan)

    def logistic(value: Any) -> Any:
        decay = np.exp(-np.abs(value))
        return np.where(value >= 0, 1.0, decay) / (1 + decay)

    return {
        Add: lambda *terms: _fold(operator.add, terms),
        Mul: lambda *factors: _fold(operator.mul, factors),
        Pow: lambda base, power: np.power(base, power),
        Reciprocal: lambda value: np.divide(1.0, value),
        exp: np.exp,
        log: np.log,
        log1p: np.log1p,
        expm1: np.expm1,
        sin: np.sin,
        cos: np.cos,
        tan: np.tan,
        sinh: np.sinh,
        cosh: np.cosh,
        tanh: np.tanh,
        erf: error,
        erfc: complement,
        NormalCDF: lambda value: complement(value / -math.sqrt(2)) / 2,
        Logistic: logistic,
        Softplus: lambda value: np.maximum(value, 0) + np.log1p(np.exp(-np.abs(value))),
        Abs: np.abs,
        sign: np.sign,
        Heaviside: np.heaviside,
        Max: lambda *values: _fold(np.maximum, values),
        Min: lambda *values: _fold(np.minimum, values),
        Piecewise: choose,
        StrictGreaterThan: np.greater,
        StrictLessThan: np.less,
        GreaterThan: np.greater_equal,
        LessThan: np.less_equal,
    }


def _fold(function: Callable[[Any, Any], Any], values: tuple[Any, ...]) -> Any:
    """A function of two arguments folded over several."""
    result = values[0]
    for value in values[1:]:
        result = function(result, value)
    return result
