"""Poles are found where E[phi(u)^2] is infinite, and nowhere else."""

from __future__ import annotations

import pytest

import symntk as sn
from symntk.activations import ACTIVATIONS, activation
from symntk.activations.poles import poles

WITH = {
    "1/x": [0],
    "1/(x - 1)": [1],
    "1/(x**2 - 2)": [-(2**0.5), 2**0.5],
    "abs(x)**(-1/2)": [0],
    "1/(abs(x) - 2)**3": [-2, 2],
    "where(x > 0, 1/x, 0)": [0],
    "1/tanh(x)": [0],
}

WITHOUT = [
    "log(abs(x))",
    "abs(x)**(-1/4)",
    "1/(1 + x**2)",
    "x/(exp(x) - 1)",
    "sin(x)/x",
    "(1 - cos(x))/x**2",
    "1/(1 + exp(x))",
]


@pytest.mark.parametrize("text", WITH)
def test_a_pole_is_found_and_refused(text: str) -> None:
    assert sorted(poles(activation(text).concrete)) == pytest.approx(WITH[text], abs=1e-12)
    with pytest.raises(sn.AssumptionError, match="pole"):
        sn.derive(sn.zoo.mlp(act=text))


@pytest.mark.parametrize("text", WITHOUT)
def test_what_has_a_second_moment_has_no_pole(text: str) -> None:
    assert not poles(activation(text).concrete)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_known_activations_have_none(name: str) -> None:
    assert not poles(ACTIVATIONS[name].concrete)
