"""Kernels as polynomials in the matches of windows, summed back over all pairs of windows."""

from __future__ import annotations

from itertools import product

import pytest

from symntk import zoo
from symntk.decomposition.polynomials.summands import NotWindows
from symntk.decomposition.windows.windows import Windows
from symntk.derivation import derive
from tests.sequence_oracle import Oracle

MODELS = {
    "bow": zoo.bow(b_std=0.5),
    "bow tanh": zoo.bow(act="tanh", e_std=0.8),
    "bow of two layers": zoo.bow(depth=2),
    "cnn": zoo.cnn(window=2, padding="valid", w_std=0.7),
    "cnn of window 3": zoo.cnn(window=3, padding="valid", act="erf"),
    "cnn of two layers": zoo.cnn(depth=2, window=2, padding="valid", w_std=0.7),
    "mv": zoo.mv(),
    "mv relu": zoo.mv(act="relu", m_std=1.3),
    "mv tied": zoo.mv(kind="diagonal", tied=True),
    "mv recursive": zoo.mv(kind="recursive", act="relu"),
}

DOCUMENTS = ([0, 1, 2, 3, 0, 4, 1], [5, 1, 2, 3, 4, 1])
"""No token comes twice within three positions."""


@pytest.mark.parametrize("output", ["nngp", "ntk"])
@pytest.mark.parametrize("name", MODELS)
def test_the_sum_over_windows_is_the_kernel(name: str, output: str) -> None:
    derivation = derive(MODELS[name])
    oracle = Oracle(derivation, *DOCUMENTS)
    polynomial = Windows(derivation).polynomial(output)
    window = 1 + max(max(offset) for pattern in polynomial for offset in pattern)
    first, second = DOCUMENTS
    starts = product(range(len(first) - window + 1), range(len(second) - window + 1))
    total = 0.0
    values = {pattern: oracle.number(value, {}) for pattern, value in polynomial.items()}
    for t, other in starts:
        for pattern, value in values.items():
            total += value * all(first[t + a] == second[other + b] for a, b in pattern)
    assert total == pytest.approx(oracle.output(output), rel=1e-11)


def test_a_linear_convolution_sees_no_bigrams() -> None:
    polynomial = Windows(derive(zoo.cnn(window=3, act="linear"))).polynomial("ntk")
    assert {pattern for pattern, value in polynomial.items() if value != 0} == {frozenset([(0, 0)])}


@pytest.mark.parametrize("window", [2, 3])
def test_bigrams_of_a_relu_convolution_at_any_variance(window: int) -> None:
    """The ratios to a unigram at one place of the window: 0.801; 0.345, and 0.510 for trigrams."""
    scale = {"w_std": 0.3, "e_std": 1.7, "v_std": 0.6}
    derivation = derive(zoo.cnn(window=window, **scale))
    oracle = Oracle(derivation, [0], [0])
    values = {p: oracle.number(c, {}) for p, c in Windows(derivation).polynomial("ntk").items()}
    unigram = values[frozenset([(0, 0)])]
    ratios = {len(p): value / unigram for p, value in values.items() if len(p) > 1}
    expected = {2: {2: 0.801}, 3: {2: 0.345, 3: 0.510}}[window]
    assert ratios == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("model", [zoo.rnn(), zoo.transformer(), zoo.sa()])
def test_kernels_of_whole_documents_are_refused(model) -> None:
    with pytest.raises(NotWindows):
        Windows(derive(model)).polynomial("ntk")


@pytest.mark.parametrize("act", ["relu", "gelu", "silu"])
def test_the_constant_is_the_squared_mean_of_the_activation(act: str) -> None:
    """mu = sigma_v^2 (E phi(z))^2, the term that all pairs of tokens share."""
    from symntk.activations import activation
    from symntk.gaussian import dual

    derivation = derive(zoo.bow(act=act, v_std=1.5))
    oracle = Oracle(derivation, [0], [0])
    constant = Windows(derivation).polynomial("ntk")[frozenset()]
    K, _ = dual(activation(act).phi).numeric(1, 1, 0)
    assert oracle.number(constant, {}) == pytest.approx(1.5**2 * float(K), rel=1e-12)
