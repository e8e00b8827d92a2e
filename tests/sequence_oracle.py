"""The derived program of a sequence or grid network evaluated for one pair of inputs.

Slow and plain, like `tests.oracle`: every entry on demand from its equation, one pair of positions
at a time, every expectation by quadrature.  No order of evaluation, no closed form and no compiled
code takes part, so that it can judge all three.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symntk.derivation import Derivation, Entry, Loop, Quantity
from symntk.derivation.program import FIRST, SECOND, SWAPPED, relocate, walk
from symntk.gaussian import Expectation
from symntk.gaussian.quadrature import integrate_one, integrate_pair
from symntk.gaussian.softmax import MU, MU2, NU, NU2, SoftmaxMoment, SoftmaxTangent
from symntk.gaussian.symbols import u, v, x
from symntk.graph.positions import Inside, Length, Same, SinusoidCovariance, indices

Array = NDArray[np.float64]
Data = Any
"""A list of tokens, or an array (T, d) or (H, W, channels)."""

Key = tuple[Quantity, str, tuple[int, ...], tuple[int, ...], int]


def evaluate(derivation: Derivation, a: Data, b: Data, times: int = 1) -> Mapping[str, float]:
    """Every output of the derivation for the inputs a and b of its only input.

    times: how often a block that is repeated an open number of times is applied.
    """
    oracle = Oracle(derivation, a, b, times)
    return {key: oracle.output(key) for key in derivation.outputs}


class Evaluator(ABC):
    """Numbers of expressions over positions, given those of their entries and lengths."""

    constants: Mapping[sp.Symbol, Any]

    @abstractmethod
    def entry(
        self, quantity: Quantity, site: str, left: tuple[int, ...], right: tuple[int, ...]
    ) -> float:
        """The value of a covariance at a pair of positions."""

    @abstractmethod
    def length(self, symbol: Length) -> int:
        """The length of an axis of an input."""

    def number(self, expression: sp.Expr, env: Mapping[sp.Symbol, int]) -> float:
        match expression:
            case Entry():
                index = [
                    tuple(self.whole(i, env) for i in p)
                    for p in (expression.left, expression.right)
                ]
                return self.entry(expression.quantity, expression.site, *index)
            case sp.Mul():
                value = 1.0
                for factor in sorted(expression.args, key=_guards_first):
                    value *= self.number(factor, env)
                    if value == 0:
                        return 0.0
                return value
            case sp.Add():
                return sum(self.number(term, env) for term in expression.args)
            case sp.Sum():
                return self._sum(expression, env)
            case Inside():
                index, size = (self.whole(part, env) for part in expression.args)
                return float(0 <= index < size)
            case Same():
                index, other = (self.whole(part, env) for part in expression.args)
                return float(index == other)
            case SinusoidCovariance():
                return _sinusoid(self.whole(expression.args[0], env))
            case SoftmaxMoment() | SoftmaxTangent():
                return self._softmax(expression, env)
            case Expectation():
                return self._expectation(expression, env)
            case Length():
                return float(self.length(expression))
        if expression in self.constants:
            return float(self.constants[expression])
        if expression in env:
            return float(env[expression])
        if not expression.args:
            return float(expression)
        parts = [sp.Float(self.number(part, env), 17) for part in expression.args]
        if expression.is_Pow and expression.exp.is_Rational:
            parts[1] = expression.exp
        return float(expression.func(*parts).evalf(17))

    def whole(self, expression: sp.Expr, env: Mapping[sp.Symbol, int]) -> int:
        if isinstance(expression, Length):
            return self.length(expression)
        found = {s: sp.Integer(env[s]) for s in expression.free_symbols if s in env}
        found |= {
            s: sp.Integer(self.length(s)) for s in expression.free_symbols if isinstance(s, Length)
        }
        return int(expression.xreplace(found) if found else expression)

    def _sum(self, total: sp.Sum, env: Mapping[sp.Symbol, int]) -> float:
        # limits run from the innermost to the outermost
        ranges = [
            range(self.whole(low, env), self.whole(high, env) + 1) for _, low, high in total.limits
        ]
        names = [limit[0] for limit in total.limits]
        return sum(
            self.number(total.function, {**env, **dict(zip(names, values, strict=True))})
            for values in product(*ranges)
        )

    def _softmax(
        self, moment: SoftmaxMoment | SoftmaxTangent, env: Mapping[sp.Symbol, int]
    ) -> float:
        first, second = (self.whole(part, env) for part in moment.lengths)
        q1, q2, c = (self.number(part, env) for part in moment.queries)

        def matrix(
            kernel: sp.Expr, row: sp.Symbol, column: sp.Symbol, shape: tuple[int, int]
        ) -> Array:
            return np.array(
                [
                    [self.number(kernel, {**env, row: i, column: j}) for j in range(shape[1])]
                    for i in range(shape[0])
                ]
            )

        one, two, cross = moment.kernels
        law = Law(
            q1 * matrix(one, MU, NU, (first, first)),
            q2 * matrix(two, MU2, NU2, (second, second)),
            c * matrix(cross, MU, MU2, (first, second)),
        )
        j, other = (self.whole(part, env) for part in moment.keys)
        if isinstance(moment, SoftmaxMoment):
            return law.mean(lambda a, b: softmax(a)[j] * softmax(b)[other])
        weights = matrix(moment.weights, MU, MU2, (first, second))
        return law.mean(
            lambda a, b: np.einsum("ts,tp,sp->p", weights, slope(a, j), slope(b, other))
        )

    def _expectation(self, expectation: Expectation, env: Mapping[sp.Symbol, int]) -> float:
        law = tuple(self.number(part, env) for part in expectation.law)
        integrand = expectation.integrand.xreplace(self.constants)
        if len(law) == 1:
            return _one(integrand, *law)
        q1, q2, c = law
        if q1 == 0 or q2 == 0:
            if q1 == q2 == 0:
                return float(integrand.xreplace({u: sp.S.Zero, v: sp.S.Zero}))
            moved = integrand.xreplace({v: sp.S.Zero} if q2 == 0 else {u: sp.S.Zero, v: u})
            return _one(moved, max(q1, q2))
        if abs(q1 - q2) + abs(q1 - c) <= 4e-16 * abs(q1):
            return _one(integrand.xreplace({v: u}), q1)
        bound = np.sqrt(q1 * q2)
        return _pair(integrand, q1, q2, float(np.clip(c, -bound, bound)))


class Oracle(Evaluator):
    """The values of one pair of inputs, each computed once."""

    def __init__(self, derivation: Derivation, a: Data, b: Data, times: int = 1) -> None:
        (self.node,) = derivation.graph.inputs
        self.data = {"a": a, "b": b}
        self.outputs = derivation.outputs
        self.equations = {line.target: line.value for line in walk(derivation.program)}
        self.constants = dict(derivation.values) | {
            sp.Symbol("d", positive=True, integer=True): len(np.asarray(a)[0].ravel())
            if not self.node.is_one_hot
            else 1
        }
        self.known: dict[Key, float] = {}
        loops = [line for line in derivation.program if isinstance(line, Loop)]
        self.carries = {carry.inner: carry for loop in loops for carry in loop.carries}
        self.results = {carry.result: carry for loop in loops for carry in loop.carries}
        self.inside = {line.target for loop in loops for line in walk(loop.body)} | set(
            self.carries
        )
        self.times, self.block = times, 0

    def output(self, name: str) -> float:
        """One of the derivation's outputs."""
        return self.entry(self.outputs[name], "ab", (), ())

    def length(self, symbol: Length) -> int:
        data = self.data["b" if symbol.second else "a"]
        return len(data) if symbol.axis == 0 else np.asarray(data).shape[symbol.axis]

    def entry(
        self, quantity: Quantity, site: str, left: tuple[int, ...], right: tuple[int, ...]
    ) -> float:
        key = (quantity, site, left, right, self.block if quantity in self.inside else 0)
        if key not in self.known:
            self.known[key] = self._entry(quantity, site, left, right)
        return self.known[key]

    def _carried(self, quantity: Quantity, *place: Any) -> float:
        """What a repeated block is given, in its turn, or what the last one hands on."""
        before = self.block
        if quantity in self.results:
            self.block = self.times
            value = self.entry(self.results[quantity].inner, *place)
        elif self.block == 0:
            value = self._value(self.carries[quantity].start, quantity, *place)
        else:
            self.block -= 1
            value = self._value(self.carries[quantity].next, quantity, *place)
        self.block = before
        return value

    def _entry(
        self, quantity: Quantity, site: str, left: tuple[int, ...], right: tuple[int, ...]
    ) -> float:
        if quantity in self.carries or quantity in self.results:
            return self._carried(quantity, site, left, right)
        if quantity not in self.equations:
            return self._of_data(site, left, right)
        return self._value(self.equations[quantity], quantity, site, left, right)

    def _value(
        self,
        value: sp.Expr,
        quantity: Quantity,
        site: str,
        left: tuple[int, ...],
        right: tuple[int, ...],
    ) -> float:
        """``value``, which defines ``quantity`` at (a, b), at another site and given positions."""
        sites = {"ab": None, "ba": SWAPPED, "aa": FIRST, "bb": SECOND}[site]
        one = quantity.is_of_one_input
        places = (site[0] == "b" and not one, site[1] == "b" and not one)
        if sites is SWAPPED:
            value = relocate(value, SWAPPED)
        elif sites is not None:
            value, places = relocate(value, sites), (False, True)
        first = indices(quantity.ranks[0], places[0])
        second = indices(quantity.ranks[1], places[1])
        if one and quantity.ranks[1]:
            second = (sp.Symbol("r", integer=True, nonnegative=True),)
        if quantity.ranks[0] and quantity.ranks[1] and site in ("aa", "bb") and not one:
            first, second = indices(quantity.ranks[0]), indices(quantity.ranks[1], True)
        env = dict(zip(first, left, strict=True)) | dict(zip(second, right, strict=True))
        return self.number(value, env)

    def _of_data(self, site: str, left: tuple[int, ...], right: tuple[int, ...]) -> float:
        first, second = (self.data[place] for place in site)
        if self.node.is_one_hot:
            return float(first[left[0]] == second[right[0]])
        first, second = np.asarray(first), np.asarray(second)
        return float(first[left] @ second[right] / first.shape[-1])


@dataclass(frozen=True)
class Law:
    """Jointly Gaussian logits a and a' of few degrees of freedom, integrated on a grid.

    A softmax depends on differences of logits alone, so those to the first are integrated over,
    along the axes of their covariance, by the trapezoidal rule.
    """

    first: Array
    second: Array
    cross: Array

    def mean(self, function: Callable[[Array, Array], Array]) -> float:
        """E f(a, a') for f invariant under shifts of a and of a'; f takes (T, points)."""
        n, m = len(self.first), len(self.second)
        joint = np.block([[self.first, self.cross], [self.cross.T, self.second]])
        differences = np.zeros((n + m, n + m))
        differences[:n, :n] = np.eye(n)
        differences[:n, 0] -= 1
        differences[n:, n:] = np.eye(m)
        differences[n:, n] -= 1
        values, vectors = np.linalg.eigh(differences @ joint @ differences.T)
        used = values > 1e-13 * max(1.0, values.max())
        root = vectors[:, used] * np.sqrt(values[used])
        if root.shape[1] == 0:
            return float(function(np.zeros((n, 1)), np.zeros((m, 1)))[0])
        step = 0.15 if root.shape[1] <= 2 else 0.5
        axis = np.arange(-9, 9 + step / 2, step)
        grid = np.array(np.meshgrid(*[axis] * root.shape[1], indexing="ij"))
        grid = grid.reshape(root.shape[1], -1)
        density = np.exp(-0.5 * (grid**2).sum(0)) * (step / np.sqrt(2 * np.pi)) ** len(grid)
        logits = root @ grid
        return float(density @ function(logits[:n], logits[n:]))


def softmax(logits: Array) -> Array:
    exponentials = np.exp(logits - logits.max(0))
    return exponentials / exponentials.sum(0)


def slope(logits: Array, key: int) -> Array:
    """d softmax_t / d a_key for every t, shape (T, points)."""
    weights = softmax(logits)
    return weights * ((np.arange(len(weights)) == key)[:, None] - weights[key])


@cache
def _one(integrand: sp.Expr, variance: float) -> float:
    if variance == 0:
        return float(integrand.xreplace({u: sp.S.Zero}))
    if not integrand.has(u):
        return float(integrand)
    return float(integrate_one(integrand.xreplace({u: x}), variance))


@cache
def _pair(integrand: sp.Expr, q1: float, q2: float, c: float) -> float:
    f, g = Expectation(integrand, sp.S.One, sp.S.One, sp.S.Zero).factors()
    return float(integrate_pair(f, g, q1, q2, c))


@cache
def _sinusoid(difference: int) -> float:
    """1/2 int_0^1 cos(difference 10000^-y) dy, by quadrature in w = difference 10000^-y."""
    if difference == 0:
        return 0.5
    size = abs(difference)
    total = mp.quad(lambda y: mp.cos(size * mp.mpf(10000) ** -y), mp.linspace(0, 1, 20))
    return float(total / 2)


def _guards_first(factor: sp.Expr) -> tuple[bool, bool]:
    """A bracket before what it guards, which may not be read where the bracket is 0."""
    return not isinstance(factor, Inside | Same), not factor.has(Inside, Same)
