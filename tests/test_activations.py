"""Activations: what the table promises, what follows from each function, and the one resolver."""

from __future__ import annotations

import math

import pytest
import sympy as sp
from sympy import Heaviside, Rational, S

import symntk.activations as package
from symntk.activations import (
    ACTIVATIONS,
    FAMILIES,
    Activation,
    activation,
    dual,
    hermite,
    monomial,
    polynomial,
    rectified_monomial,
)
from symntk.activations.table import BY_NAME
from symntk.errors import SymntkError, SyntaxProblem, UsageError
from symntk.gaussian.evaluation import scalar_function
from symntk.gaussian.symbols import c, q, q1, q2, x
from symntk.sources import SOURCES

NAMED_IN_THE_DESIGN = {
    *("identity", "relu", "leaky_relu", "abrelu", "abs", "sign", "step", "rect_x2", "erf"),
    *("normcdf", "gelu", "gelu_tanh", "sin", "cos", "snake", "xsin", "exp", "cosh", "sinh"),
    *("gauss", "xgauss", "elu", "celu", "selu", "hardtanh", "relu6", "tanh", "sigmoid", "silu"),
    *("softplus", "mish"),
}
ALIASES = {
    "linear": "identity",
    "heaviside": "step",
    "relu2": "rect_x2",
    "swish": "silu",
    "hard_tanh": "hardtanh",
    "gaussian": "gauss",
}
HOMOGENEOUS = {
    "identity": 1,
    "relu": 1,
    "leaky_relu": 1,
    "abrelu": 1,
    "abs": 1,
    "sign": 0,
    "step": 0,
    "rect_x2": 2,
}
ODD = {"identity", "sign", "erf", "sin", "xsin", "sinh", "xgauss", "hardtanh", "tanh"}
EVEN = {"abs", "cos", "cosh", "gauss"}
KINKS = {
    **dict.fromkeys(("relu", "leaky_relu", "abrelu", "abs", "selu"), ((0, 1),)),
    **dict.fromkeys(("sign", "step"), ((0, 0),)),
    **dict.fromkeys(("rect_x2", "elu", "celu"), ((0, 2),)),
    "hardtanh": ((-1, 1), (1, 1)),
    "relu6": ((0, 1), (6, 1)),
}
GRID = [k / 7 for k in range(-70, 71) if k]


def test_the_table_is_complete() -> None:
    assert set(ACTIVATIONS) >= NAMED_IN_THE_DESIGN
    assert all(name == entry.name for name, entry in ACTIVATIONS.items())


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(alias: str) -> None:
    assert activation(alias) is ACTIVATIONS[ALIASES[alias]]
    assert BY_NAME[alias] is ACTIVATIONS[ALIASES[alias]]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_entries_are_whole(name: str) -> None:
    entry = ACTIVATIONS[name]
    assert entry.title and entry.latex
    assert not entry.source or entry.source in SOURCES
    assert entry.concrete.free_symbols <= {x}
    assert entry.phi.free_symbols - {x} == set(entry.defaults)
    assert not entry.phi.atoms(sp.Float)
    assert entry.phi.subs(entry.defaults) == entry.concrete


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_properties_of_the_table(name: str) -> None:
    entry = ACTIVATIONS[name]
    assert entry.homogeneity == HOMOGENEOUS.get(name)
    assert entry.is_odd == (name in ODD)
    assert entry.is_even == (name in EVEN)
    assert entry.kinks == KINKS.get(name, ())
    assert entry.has_jump == (name in ("sign", "step"))
    orders = [order for _, order in KINKS.get(name, ())]
    assert entry.smoothness == (min(orders) - 1 if orders else None)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_properties_hold_for_the_values(name: str) -> None:
    """Each property against the function itself, on a grid that the derivation never uses."""
    entry = ACTIVATIONS[name]
    value = scalar_function(entry.concrete)
    scale = max(abs(value(t)) for t in GRID)

    def differ(left: float, right: float) -> bool:
        return abs(left - right) > 1e-9 * scale

    assert entry.is_odd == (not any(differ(value(-t), -value(t)) for t in GRID))
    assert entry.is_even == (not any(differ(value(-t), value(t)) for t in GRID))
    if entry.homogeneity is not None:
        assert not any(differ(value(1.7 * t), 1.7**entry.homogeneity * value(t)) for t in GRID)
    for location, order in entry.kinks:
        assert jump(value, float(location), order) > 0.1
        assert all(jump(value, float(location), lower) < 0.05 for lower in range(order))


def jump(value: object, at: float, order: int) -> float:
    """The difference of one-sided finite differences of an order, over a short step."""
    assert callable(value)
    step = 1e-3
    sides = []
    for side in (-1, 1):
        terms = [
            (-1) ** (order - k) * math.comb(order, k) * value(at + side * step * (k + 1e-6))
            for k in range(order + 1)
        ]
        sides.append(math.fsum(terms) / (side * step) ** order)
    return abs(sides[1] - sides[0])


def test_kinks_are_found_wherever_they_are() -> None:
    found = activation("where(x**2 < 2, x**2, 2) + abs(exp(x) - 3)").kinks
    assert [(float(place), order) for place, order in found] == [
        (pytest.approx(-math.sqrt(2)), 1),
        (pytest.approx(math.log(3)), 1),
        (pytest.approx(math.sqrt(2)), 1),
    ]
    assert activation("sqrt(abs(x))").kinks == ((0, 1),)
    assert activation("abs(x)**3").kinks == ((0, 3),)
    assert activation("abs(x)**2").kinks == ()
    assert activation("max(x, 0) - max(-x, 0)").kinks == ()


# parameters


def test_parameters_stay_symbols_until_given() -> None:
    leaky = activation("leaky_relu")
    (slope,) = leaky.defaults
    assert leaky.phi == x * Heaviside(x) + slope * x * Heaviside(-x)
    assert leaky.defaults == {slope: Rational(1, 100)}
    given = leaky.configure(slope=0.2)
    assert given.defaults == {} and given.phi == given.concrete
    assert given.phi == leaky.phi.subs(slope, Rational(1, 5))
    assert given == activation("leaky_relu(slope=0.2)")
    assert activation(given.spec) == given


def test_a_parameter_may_be_a_symbol() -> None:
    scale = sp.Symbol("s", positive=True)
    assert activation("erf").phi == sp.erf(x)
    assert activation("erf").configure(scale=scale).phi == sp.erf(scale * x)


def test_wrong_parameters_are_refused_with_the_right_ones() -> None:
    with pytest.raises(UsageError, match="slope"):
        activation("leaky_relu").configure(alpha=1)
    with pytest.raises(UsageError, match="none"):
        activation("relu").configure(slope=1)
    with pytest.raises(UsageError, match="number"):
        activation("elu").configure(alpha="two")


def test_dual_keeps_the_symbol_and_evaluates_at_the_default() -> None:
    symbolic, numeric = dual("leaky_relu"), dual("leaky_relu(slope=0.01)")
    (slope,) = activation("leaky_relu").defaults
    assert slope in symbolic.K.free_symbols
    assert numeric.K.free_symbols <= {q1, q2, c}
    assert symbolic.numeric(2, 3, 1) == numeric.numeric(2, 3, 1)


def test_dual_of_a_users_own() -> None:
    found = dual("x**2 - x/2")
    assert sp.expand(found.K - (q1 * q2 + 2 * c**2 + c / 4)) == 0
    assert sp.expand(found.Kdot - (4 * c + S(1) / 4)) == 0
    assert sp.expand(found.K_diagonal - (3 * q**2 + q / 4)) == 0
    assert not dual("x*tanh(x)").has_closed_form


# families


def test_families() -> None:
    assert monomial(3).phi == x**3
    assert monomial(0).phi == 1
    assert rectified_monomial(4).phi == x**4 * Heaviside(x)
    assert rectified_monomial(4).kinks == ((0, 4),)
    assert hermite(4).phi == x**4 - 6 * x**2 + 3
    assert polynomial(0.5, -1, "1/4", 2).phi == 2 * x**3 + x**2 / 4 - x + Rational(1, 2)


@pytest.mark.parametrize("text", ["monomial(3)", "hermite(4)", "polynomial(1/2, -1, 2)"])
def test_family_members_round_trip(text: str) -> None:
    member = activation(text)
    assert member.spec == text
    assert activation(member.spec) == member


def test_hermite_polynomials_are_orthogonal() -> None:
    assert dual("hermite(5)").K.subs({q1: 1, q2: 1}).equals(120 * c**5)


@pytest.mark.parametrize("degree", [-1, 1.5, 65, "x"])
def test_degrees_are_checked(degree: object) -> None:
    for family in (monomial, hermite, rectified_monomial):
        with pytest.raises(UsageError):
            family(degree)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FAMILIES)
def test_families_say_how_they_are_called(name: str) -> None:
    with pytest.raises(SymntkError, match=r"write|coefficients"):
        activation(f"{name}()")


# the resolver


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_way_to_say_it(name: str) -> None:
    entry = ACTIVATIONS[name]
    assert activation(name) is entry
    assert activation(f"  {name} ") is entry
    assert activation(entry) is entry
    assert activation(entry.spec) is entry
    assert activation(entry.phi).phi == entry.phi
    assert activation(f"{name}(x)").concrete == entry.concrete


def test_functions_of_another_variable() -> None:
    plain, t = sp.symbols("x t")
    assert activation(plain**2 + 1).phi == x**2 + 1
    assert activation(sp.tanh(t) * t).phi == x * sp.tanh(x)
    assert activation(0.1 * plain).phi == x / 10
    slope = sp.Symbol("a", real=True)
    assert activation(slope * x**3).phi == slope * x**3
    with pytest.raises(UsageError, match="variable"):
        activation(slope * t)


@pytest.mark.parametrize("wrong", [3, None, ["relu"], math.tanh])
def test_what_is_no_activation_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="activation"):
        activation(wrong)  # type: ignore[arg-type]


def test_misspelt_names_are_met_with_close_ones() -> None:
    with pytest.raises(SyntaxProblem, match="leaky_relu"):
        activation("leakyrelu")


def test_the_package_shows_what_it_promises() -> None:
    assert all(hasattr(package, name) for name in package.__all__)
    assert isinstance(package.activation("relu"), Activation)
