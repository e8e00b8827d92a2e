"""Multilinear coefficients against those of coefficients.json, and summed back to the kernel."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import pytest
import sympy as sp

from symntk import zoo
from symntk.decomposition.polynomials.multilinear import coefficients
from symntk.derivation import derive
from symntk.graph import Graph, attention, tokens, weights
from tests.sequence_oracle import Oracle
from tests.shared import read

MODELS = read("coefficients.json").get("models", {})

HALF, THIRD = sp.sqrt(sp.Rational(1, 2)), sp.sqrt(sp.Rational(1, 3))

LINEAR = {
    "add": "additive",
    "mult": "multiplicative",
    "affine": "affine",
    "elem": "elementwise",
    "elem_affine": "elementwise affine",
}


def convolution(words: list[str]) -> Graph:
    window = int(words[0][3:])
    mean = {2: HALF, 3: THIRD}[window]
    # "s=1e-4" gives the variance of a whole window of two
    std = sp.Rational(1, 100) if words[-1].startswith("s=") else mean
    return zoo.cnn(window=window, padding=words[1], act=words[2].rstrip(","), w_std=std)


def self_attention(words: list[str]) -> Graph:
    if words[1] == "tied":
        return zoo.sa(position_scale=1, position_in_keys=True)
    return zoo.sa(separate=True, p_std=sp.Rational(1, 2))


def matrix_vector(words: list[str]) -> Graph:
    match words[1:]:
        case ["full"]:
            return zoo.mv()
        case ["residual"]:
            return zoo.mv(residual=True)
        case ["socher", act]:
            return zoo.mv(kind="recursive", act=act, w_std=HALF)
        case ["hadamard", *tied]:
            return zoo.mv(kind="diagonal", tied=bool(tied))
        case [act]:
            return zoo.mv(act=act)
    raise AssertionError(words)


def recurrent(words: list[str]) -> Graph:
    pool = {"final": "last"}.get(words[2], words[2])
    if words[0] == "Elman":
        return zoo.rnn(act=words[1], pool=pool)
    return zoo.lrnn(kind=LINEAR[words[1]], pool=pool)


def transformer(words: list[str]) -> Graph:
    return zoo.transformer(act=words[1], norm=words[2] == "ln=True", pool="sum")


def linear_attention() -> Graph:
    e, q, k, value, v = weights("E Q K V v")
    h = e @ tokens("x")
    y = attention(q @ h, k @ h, value @ h, "1/sqrt(d)", "many", "identity")
    return Graph(v @ y.sum())


FAMILIES: dict[str, Callable[[list[str]], Graph]] = {
    "MLP": lambda words: zoo.bow(act=words[1]),
    "CNN": convolution,
    "SA": self_attention,
    "MV": matrix_vector,
    "L-R": recurrent,
    "Elm": recurrent,
    "TF": transformer,
    "linear": lambda words: linear_attention(),
}


INEXACT = {"Elman tanh final": 2e-10}
"""Where the reference is not accurate to its last digits: `test_the_elman_network_by_hand`."""


@pytest.mark.parametrize("name", MODELS)
def test_coefficients_are_those_of_the_reference(name: str) -> None:
    length = 2 if "(T=2)" in name else 3
    words = name.replace(" (T=2)", "").split()
    derivation = derive(next(FAMILIES[k](words) for k in FAMILIES if words[0].startswith(k)))
    oracle = Oracle(derivation, [0], [0])
    found = coefficients(derivation, length)
    assert {"".join(map(str, chosen)) or "0" for chosen in found} == set(MODELS[name])
    for chosen, coefficient in found.items():
        expected = MODELS[name]["".join(map(str, chosen)) or "0"]
        value = oracle.number(coefficient, {})
        assert value == pytest.approx(expected, rel=1e-10, abs=INEXACT.get(name, 1e-10))
        if abs(expected) < 1e-12:
            assert coefficient == 0, f"{chosen}: zero, but not proved so"


def test_the_elman_network_by_hand() -> None:
    """Theta(x, x) of the tanh network for three different tokens, from integrals of one variable:
    it is the sum of all coefficients.
    """

    def mean(f: Callable[[mp.mpf], mp.mpf], q: mp.mpf) -> mp.mpf:
        points = [-12, -6, -3, -1, 0, 1, 3, 6, 12]
        return mp.quad(lambda z: f(mp.sqrt(q) * z) * mp.npdf(z), points)

    variances, sigma, slopes = [mp.mpf(1)], [], []
    for _ in range(3):
        sigma.append(mean(lambda u: mp.tanh(u) ** 2, variances[-1]))
        slopes.append(mean(lambda u: mp.sech(u) ** 4, variances[-1]))
        variances.append(sigma[-1] + 1)
    back = [slopes[2], slopes[2] * slopes[1], slopes[2] * slopes[1] * slopes[0]]
    theta = sigma[2] + back[0] * sigma[1] + back[1] * sigma[0] + sum(back)
    derivation = derive(zoo.rnn())
    oracle = Oracle(derivation, [0], [0])
    found = sum(oracle.number(c, {}) for c in coefficients(derivation, 3).values())
    assert found == pytest.approx(float(theta), rel=1e-13)


GRAPHS = {
    "bow": zoo.bow(b_std=0.5),
    "cnn": zoo.cnn(window=2),
    "mv": zoo.mv(residual=True),
    "rnn": zoo.rnn(act="relu"),
    "transformer": zoo.transformer(),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_polynomial_is_the_kernel(name: str) -> None:
    derivation = derive(GRAPHS[name])
    for output in ("nngp", "ntk"):
        found = coefficients(derivation, 3, output)
        for other, shared in (([0, 1, 2], {1, 2, 3}), ([0, 7, 2], {1, 3}), ([7, 8, 9], set())):
            oracle = Oracle(derivation, [0, 1, 2], other)
            terms = (
                oracle.number(c, {}) for chosen, c in found.items() if shared.issuperset(chosen)
            )
            assert sum(terms) == pytest.approx(oracle.output(output), rel=1e-11, abs=1e-12)
