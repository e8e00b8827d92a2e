"""Kernels of attention of many heads, whose weights stay random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from symntk import zoo
from symntk.derivation import derive
from symntk.emission import emit
from symntk.errors import UsageError
from symntk.graph import Graph, attention, sequence, weights
from tests import interpreted
from tests.reference import model
from tests.sequence_oracle import evaluate
from tests.shared import read

CASES = [c for c in read("models.json").get("cases", []) if "multi-head" in c["name"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_reference_cases(case: dict, tmp_path: Path) -> None:
    module = interpreted.load(emit(derive(model(case))), tmp_path)
    found = module.kernel([case["x"]], [case["y"]])
    assert found.nngp[0, 0] == pytest.approx(case["sigma_float"], rel=1e-11)
    assert found.ntk[0, 0] == pytest.approx(case["theta_float"], rel=1e-11)


def test_documents_of_several_lengths(tmp_path: Path) -> None:
    """Three tokens of x and two of x' against the trapezoidal rule in four dimensions."""
    derivation = derive(zoo.sa(separate=True, scaling="1/sqrt(d)", q_std=0.5, k_std=0.7))
    documents = [[0, 1, 0], [1, 2], [3]]
    found = interpreted.load(emit(derivation), tmp_path).kernel(documents)
    for i, a in enumerate(documents):
        for j, b in enumerate(documents):
            expected = evaluate(derivation, a, b)
            assert found.nngp[i, j] == pytest.approx(expected["nngp"], rel=1e-9)
            assert found.ntk[i, j] == pytest.approx(expected["ntk"], rel=1e-9)


@pytest.mark.parametrize("mechanism", ["softmax", "identity"])
def test_sequences_of_vectors(mechanism: str, tmp_path: Path) -> None:
    x = sequence("x")
    e, q, k, w, v = weights("E Q K V v")
    h = e @ x
    y = attention(q @ h, k @ h, w @ h, "1/sqrt(d)", "many", mechanism)
    derivation = derive(Graph(v @ y.mean()))
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 2, 3))
    found = interpreted.load(emit(derivation), tmp_path).kernel([a], [b])
    expected = evaluate(derivation, a, b)
    assert found.nngp[0, 0] == pytest.approx(expected["nngp"], rel=1e-8)
    assert found.ntk[0, 0] == pytest.approx(expected["ntk"], rel=1e-8)


def test_what_follows_with_an_activation_is_refused() -> None:
    model = zoo.transformer(scaling="1/sqrt(d)")
    with pytest.raises(UsageError, match="many heads"):
        emit(derive(model))
