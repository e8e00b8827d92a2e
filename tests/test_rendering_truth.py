"""What is printed is true: the equations of the page, evaluated, give the derived kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import sympy as sp

import symntk as sn
from symntk.derivation import Derivation
from symntk.gaussian import Expectation
from symntk.gaussian.symbols import c, q1, q2
from symntk.graph import Graph
from symntk.rendering import NOTATIONS
from symntk.rendering.composition.collecting import collected
from symntk.rendering.composition.page import Page
from symntk.rendering.heads import Kernel
from symntk.rendering.reading.reading import Statement
from tests.networks_in_print import NETWORKS

X1 = np.array([0.3, -1.2, 0.7])
X2 = np.array([1.1, 0.4, -0.2])
SITES = ("aa", "bb", "ab")
DATA = {"a": X1, "b": X2}


class Evaluation:
    """Evaluates statements of a page one after another, at the three pairs of inputs."""

    def __init__(self, derivation: Derivation) -> None:
        self.page = Page.of(derivation, NOTATIONS["jacot"])
        self.scales = dict(derivation.values)
        self.known: dict[Kernel, float] = {}
        self.moments = {
            self.page.functions.in_expectations(m.expectation).integrand: m  # type: ignore[attr-defined]
            for m in derivation.moments.values()
        }

    def run(self, statements: tuple[Statement, ...]) -> None:
        for statement in statements:
            for left, right in _instances(statement):
                self._state(left, right)

    def _state(self, left: sp.Basic, right: sp.Basic) -> None:
        assert isinstance(left, Kernel)
        for site in SITES:
            self.known[_at_site(left, site)] = self.value(_at_site(right, site))

    def value(self, expression: sp.Basic) -> float:
        if isinstance(expression, sp.Sum | sp.Product):
            ((index, low, high),) = expression.limits
            parts = [
                self.value(_at_layer(expression.function, index, n))
                for n in range(int(low), int(high) + 1)
            ]
            return float(np.sum(parts) if isinstance(expression, sp.Sum) else np.prod(parts))
        if isinstance(expression, Expectation):
            law = [self.value(part) for part in expression.law]
            return self.moments[expression.integrand].numeric(*law)
        if isinstance(expression, Kernel):
            if expression.letter == "input":
                first, second = (DATA[letter] for letter in expression.site)
                return float(first @ second) / len(X1)
            return self.known[expression]
        if isinstance(expression, sp.Symbol):
            return float(self.scales[expression])
        if not expression.args:
            return float(expression)  # type: ignore[arg-type]
        return float(expression.func(*(sp.Float(self.value(part), 17) for part in expression.args)))


def _instances(statement: Statement) -> Iterator[tuple[sp.Basic, sp.Basic]]:
    """The equation at every layer that it holds for."""
    if statement.span is None:
        yield statement.left, statement.right
        return
    index, first, last = statement.span
    for value in range(int(first), int(last) + 1):
        yield (
            _at_layer(statement.left, index, value),
            _at_layer(statement.right, index, value),
        )


def _at_site(expression: sp.Basic, site: str) -> sp.Basic:
    """An equation written at (x, x'), or without arguments, at another pair."""
    inner = {p for e in expression.atoms(Expectation) for p in e.law}
    kernels = {
        k: Kernel(k.letter, k.layer, k.vector, site)  # type: ignore[arg-type]
        for k in expression.atoms(Kernel)
        if k not in inner and k.site in ("ab", "")
    }
    laws = {
        part: Kernel(part.letter, part.layer, part.vector, _moved(part.site, site))  # type: ignore[arg-type]
        for part in inner
    }
    return expression.xreplace(kernels | laws)


def _moved(site: str, target: str) -> str:
    places = dict(zip("ab", target, strict=True))
    return "".join(places[letter] for letter in site)


def _at_layer(expression: sp.Basic, index: sp.Symbol, value: int) -> sp.Basic:
    kernels = {
        k: Kernel(k.letter, k.layer.subs(index, value), k.vector, k.site)
        for k in expression.atoms(Kernel)
        if k.layer is not None
    }
    return expression.xreplace({**kernels, index: sp.Integer(value)})


QUICK = ("relu 1", "relu 3", "erf 4", "two activations", "frozen readout")
"""Those whose kernel compiles in no time."""

LAYERED: dict[str, Callable[[], Graph]] = {
    "relu 1": lambda: sn.zoo.mlp(1, "relu", w_std=1.3, b_std=0.4, v_std=0.8),
    "relu 3": lambda: sn.zoo.mlp(3, "relu", w_std=1.3, b_std=0.4, v_std=0.8),
    "erf 4": lambda: sn.zoo.mlp(4, "erf", w_std=1.1, b_std=0.2),
    "tanh 2": lambda: sn.zoo.mlp(2, "tanh", b_std=0.5),
    "two activations": NETWORKS["two_activations"],
    "frozen readout": NETWORKS["frozen"],
    "sum of activations": NETWORKS["shared"],
}


@pytest.fixture(scope="module", params=LAYERED.values(), ids=LAYERED)
def derivation(request: pytest.FixtureRequest) -> Derivation:
    found = sn.derive(request.param())
    assert isinstance(found, Derivation)
    return found


@pytest.mark.parametrize("name", QUICK)
def test_the_recursion_gives_the_kernels(name: str) -> None:
    derivation = sn.derive(LAYERED[name]())
    evaluation = Evaluation(derivation)
    reading = evaluation.page.reading
    assert reading.layered
    evaluation.run(reading.forward)
    evaluation.run(reading.backward)
    evaluation.run(reading.total)
    kernel = derivation.compile()(X1[None], X2[None])
    nngp, ntk = (evaluation.known[k] for k in reading.outputs)
    assert nngp == pytest.approx(float(kernel.nngp[0, 0]), rel=1e-10)
    assert ntk == pytest.approx(float(kernel.ntk[0, 0]), rel=1e-10)


def test_the_parts_add_up(derivation: Derivation) -> None:
    evaluation = Evaluation(derivation)
    reading = evaluation.page.reading
    for statements in (reading.forward, reading.backward, reading.total):
        evaluation.run(statements)
    parts = [evaluation.value(right) for s in reading.parts for _, right in _instances(s)]
    assert sum(parts) == pytest.approx(evaluation.known[reading.outputs[1]], rel=1e-12)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "erf", "gelu", "sin", "elu"])
def test_collecting_changes_no_value(activation: str) -> None:
    derived = sn.derive(sn.zoo.mlp(1, activation))
    values = [m.value for m in derived.moments.values() if m.g is not None]
    first, *others = (value for value in values if value is not None)
    expression = sp.Add(first, *(c * other for other in others)) * sp.Symbol("s", positive=True)
    point = {q1: 1.3, q2: 0.7, c: -0.4, sp.Symbol("s", positive=True): 1.9}
    parameters = dict.fromkeys(expression.free_symbols - set(point), 0.3)
    before, after = (
        e.subs(point | parameters).evalf(20) for e in (expression, collected(expression))
    )
    assert abs(before - after) < 1e-15 * max(1, abs(before))


def test_closed_form_of_the_page_is_the_kernel() -> None:
    """The arc-cosine kernels, from the formula as collected for print."""
    derived = sn.derive(sn.zoo.mlp(1, "relu", w_std=1.3, b_std=0.4, v_std=0.8))
    kernel = derived.compile()(X1[None], X2[None])
    symbols = dict(derived.values)
    variances = {q1: X1 @ X1, q2: X2 @ X2, c: X1 @ X2}
    point = {s: 1.3**2 * float(g) / 3 + 0.4**2 for s, g in variances.items()}
    (relu, step) = (
        next(m.value for m in derived.moments.values() if m.f == f and m.g == f)
        for f in {m.f for m in derived.moments.values()}
    )
    both = [relu, step] if relu.has(sp.sqrt(q1 * q2 - c**2)) else [step, relu]
    sigma_v = next(s for s in symbols if s.name == "sigma_v")
    theta = collected(sigma_v**2 * (both[0] + c * both[1]))
    value = float(theta.subs({**point, sigma_v: symbols[sigma_v]}))
    assert value == pytest.approx(float(kernel.ntk[0, 0]), rel=1e-12)
