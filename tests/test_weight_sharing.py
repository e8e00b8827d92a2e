"""A weight that is used twice is not two weights: finite networks say by how much.

For each network with a shared weight there is one with two weights in its place.  Each derivation
agrees with its own finite networks, and not with those of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from symntk.activations import activation
from symntk.derivation.backward import Backward
from symntk.derivation.forward import Forward
from symntk.graph import Graph, Node, Weight, scan, tokens, weights
from tests.finite_truth import Kernels, Measured, derived, measured

tanh, relu = activation("tanh"), activation("relu")
x = tokens("x")
E, F, U, W, V, A = weights("E F U W V A", std=1.3)
(v,) = weights("v")
e = E @ x

INPUTS = ([0, 1, 2], [1, 1, 0], [2, 0])


# uses of one weight that meet: its vectors are correlated, and so are the gradients


def recurrent(first: Weight, second: Weight) -> Node:
    """Two uses at each step."""
    return v @ scan(lambda h: tanh(first @ h + e) + relu(second @ h + F @ x)).last()


def embedding(first: Weight, second: Weight) -> Node:
    """Each token's own vector, and the vector of the token before."""
    return v @ relu(first @ x + second @ x.shift(-1)).sum()


def window(first: Weight, second: Weight) -> Node:
    """One matrix for both offsets of a window."""
    return v @ relu(first @ e + second @ e.shift(1)).sum()


def residual(first: Weight, second: Weight) -> Node:
    """One block, applied twice."""
    h = e + relu(first @ e)
    return v @ (h + relu(second @ h)).sum()


def two_loops(first: Weight, second: Weight) -> Node:
    """Two loops side by side."""
    one = scan(lambda h: relu(first @ h + e))
    return v @ (one + scan(lambda h: relu(second @ h + e + F @ x))).sum()


def by_token(first: Weight, second: Weight) -> Node:
    """A matrix for each token, in a loop and outside of it."""
    loop = scan(lambda h: first[x] @ h + e)
    return v @ (loop + second[x] @ e.shift(-1)).sum()


# uses that do not meet: what one is applied to, or sends back, is independent of the other's


def layers(first: Weight, second: Weight) -> Node:
    return v @ relu(first @ relu(second @ e)).sum()


def elman(first: Weight, second: Weight) -> Node:
    """The recurrent weight, and the weight of the inputs."""
    return v @ scan(lambda h: tanh(first @ h + second @ e)).last()


def stacked_loops(first: Weight, second: Weight) -> Node:
    inner = scan(lambda h: relu(second @ h + e))
    return v @ scan(lambda h: tanh(first @ h + A @ inner)).sum()


MEETING = (recurrent, embedding, window, residual, two_loops, by_token)
APART = (layers, elman, stacked_loops)
MODELS = {function.__name__: function for function in MEETING + APART}


@cache
def graph(name: str, shared: bool) -> Graph:
    return Graph(MODELS[name](W, W if shared else V))


@cache
def truth(name: str, shared: bool) -> Measured:
    return measured(graph(name, shared), INPUTS, width=300, seeds=60)


@pytest.mark.parametrize("shared", (True, False), ids=("one weight", "two weights"))
@pytest.mark.parametrize("name", MODELS)
def test_the_ntk_is_that_of_finite_networks(name: str, shared: bool) -> None:
    assert truth(name, shared).deviation(derived(graph(name, shared), INPUTS)) < 1


@pytest.mark.parametrize("model", MEETING, ids=lambda model: model.__name__)
def test_one_weight_is_not_two(model: Callable[..., Node]) -> None:
    one, two = (derived(graph(model.__name__, shared), INPUTS) for shared in (True, False))
    assert truth(model.__name__, True).deviation(as_one(two)) > 1.5
    assert abs(one["ntk"] - two["ntk"]).max() > 0.05 * two["ntk"].max()


@pytest.mark.parametrize("model", APART, ids=lambda model: model.__name__)
def test_one_weight_is_as_good_as_two(model: Callable[..., Node]) -> None:
    one, two = (derived(graph(model.__name__, shared), INPUTS) for shared in (True, False))
    assert set(one) == set(as_one(two))
    for key, part in as_one(two).items():
        assert one[key] == pytest.approx(part, rel=1e-12)


def as_one(kernels: Kernels) -> Kernels:
    """The kernels of a network with V in the place of a second W, the two parts in one."""
    kept = {key: part for key, part in kernels.items() if key != "ntk:V"}
    return kept | {"ntk:W": kernels["ntk:W"] + kernels["ntk:V"]}


# the comparison detects planted errors


def without_pairs_of_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The NTK summed over uses, and not over pairs of them."""
    whole = Backward._of_pair
    monkeypatch.setattr(
        Backward, "_of_pair", lambda self, use, other: whole(self, use, other) * int(use == other)
    )


def with_independent_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two uses of one weight taken for independent in the forward pass."""
    whole = Forward.shared
    monkeypatch.setattr(
        Forward, "shared", lambda self, use, other: whole(self, use, other) * int(use == other)
    )


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (without_pairs_of_uses, "two_loops"),
        (without_pairs_of_uses, "embedding"),
        (without_pairs_of_uses, "window"),
        (without_pairs_of_uses, "residual"),
        (without_pairs_of_uses, "by_token"),
        (with_independent_uses, "window"),
        (with_independent_uses, "two_loops"),
        (with_independent_uses, "residual"),
    ],
    ids=lambda part: part if isinstance(part, str) else part.__name__,
)
def test_a_planted_error_is_seen(
    plant: Callable[[pytest.MonkeyPatch], None], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert truth(name, True).deviation(derived(graph(name, True), INPUTS)) > 1
