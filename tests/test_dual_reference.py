"""The quadrature against every row of the reference file, closed form or not.

The file's numbers have 30 digits and come from other methods.  The routes of the calculus that end
in a closed form are judged by ``test_moment_laws``; here each activation goes through the
quadrature that a user's own function would go through.
"""

from __future__ import annotations

import json
import math

import pytest
from sympy import Expr

from symntk.activations import dual, parse_activation
from symntk.gaussian import derivative
from symntk.gaussian.quadrature import integrate_pair
from symntk.gaussian.single_quadrature import Estimate
from tests.skips import REFERENCE

ACTIVATIONS = (
    json.loads((REFERENCE / "dual.json").read_text())["activations"]
    if REFERENCE.is_dir()
    else {"identity": {"definition": "x", "rows": []}}
)
SMOOTH_WITHOUT_CLOSED_FORM = {"softplus", "silu", "tanh", "sigmoid", "mish"}

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="../shared/reference is absent")


def relative_error(found: float, expected: str) -> float:
    """Against the decimal; exact zeros absolutely, infinities exactly."""
    truth = float(expected)
    if math.isinf(truth) or math.isinf(found):
        return 0.0 if found == truth else math.inf
    return abs(found - truth) / (abs(truth) or 1.0)


def assert_honest(estimate: Estimate, expected: str) -> None:
    """The error is at most what the estimate admits, give or take the last bits."""
    truth = float(expected)
    if math.isinf(truth):
        assert estimate.value == truth
    else:
        assert abs(estimate.value - truth) <= estimate.error + 4e-15 * abs(truth) + 1e-30


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_quadrature_of_every_row(name: str) -> None:
    phi: Expr = parse_activation(ACTIVATIONS[name]["definition"])
    slope = derivative(phi)
    for row in ACTIVATIONS[name]["rows"]:
        law = (row["q1"], row["q2"], row["c"])
        for function, expected in ((phi, row["K"]), (slope, row["Kdot"])):
            estimate = integrate_pair(function, function, *law, with_error=True)
            assert_honest(estimate, expected)
            if estimate.error <= 1e-13 * abs(float(expected)):
                assert relative_error(estimate.value, expected) <= 1e-12
            if expected == "0":
                assert abs(estimate.value) <= 1e-12


@pytest.mark.parametrize("name", sorted(SMOOTH_WITHOUT_CLOSED_FORM & set(ACTIVATIONS)))
def test_promised_error_without_a_closed_form(name: str) -> None:
    """The public dual, called with text: no closed form, and the promised 1e-12 on every row."""
    found = dual(ACTIVATIONS[name]["definition"])
    assert not found.has_closed_form
    for row in ACTIVATIONS[name]["rows"]:
        K, Kdot = found.numeric(row["q1"], row["q2"], row["c"])
        assert relative_error(K, row["K"]) <= 1e-12
        assert relative_error(Kdot, row["Kdot"]) <= 1e-12
