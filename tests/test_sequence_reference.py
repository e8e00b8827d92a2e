"""Sequence and image networks against truth from outside, by the slow oracle.

neural-tangents' values and the paper's models are in the reference files; convolutions of other
shapes are checked against a recursion of matrices over all pairs of positions, which shares
nothing with the derivation: it goes forwards, and knows no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symntk.derivation import derive
from tests.reference import model, network
from tests.sequence_oracle import evaluate
from tests.shared import Network, networks, read

Array = np.ndarray

MODELS = {case["id"]: case for case in read("models.json").get("cases", ())}


@pytest.mark.parametrize("case", networks(rank=1), ids=lambda case: case.name if case else "absent")
def test_networks_of_sequences(case: Network) -> None:
    derivation = derive(network(case.config))
    others = case.x1 if case.x2 is None else case.x2
    pairs = [(0, 1), (2, 0)] if case.x2 is not None else [(0, 1), (2, 2)]
    for row, column in pairs:
        found = evaluate(derivation, case.x1[row], others[column])
        for key, truth in (("nngp", case.nngp), ("ntk", case.ntk)):
            assert found[key] == pytest.approx(truth[row, column], rel=1e-10)


@pytest.mark.skipif(not MODELS, reason="the reference files are not beside the project")
@pytest.mark.parametrize("case", MODELS.values(), ids=lambda case: f"{case['id']} {case['name']}")
def test_models_of_the_paper(case: dict[str, Any]) -> None:
    graph = model(case)
    found = evaluate(derive(graph), case["x"], case["y"])
    assert found["nngp"] == pytest.approx(float(case["sigma"]), rel=1e-10, abs=1e-14)
    assert found["ntk"] == pytest.approx(float(case["theta"]), rel=1e-10, abs=1e-14)

    truth = {name: float(part) for name, part in case["theta_by_weight"].items()}
    parts = {name.removeprefix("ntk:"): part for name, part in found.items() if ":" in name}
    assert {name for name, part in truth.items() if part} <= set(parts)
    for name, part in parts.items():
        assert part == pytest.approx(truth.get(name, 0.0), rel=1e-10, abs=1e-12), name

    drawn = sum(part / float(graph.parameters[name].std.value) ** 2 for name, part in parts.items())
    assert drawn == pytest.approx(float(case["theta_variance_in_init"]), rel=1e-4)


# convolutions of any shape, strides that do not divide the length, inputs of two sizes


def begin(total: int, size: int, stride: int, padding: str) -> tuple[Array, int]:
    """The positions with what is put around them (-1 for zeros), and the number of windows."""
    places = np.arange(total)
    if padding == "VALID":
        return places, (total - size) // stride + 1
    count = -(-total // stride)
    missing = max((count - 1) * stride + size - total, 0)
    around = (missing // 2, missing - missing // 2)
    if padding == "CIRCULAR":
        return np.pad(places, around, mode="wrap"), count
    return np.pad(places, around, constant_values=-1), count


def views(total: int, size: int, stride: int, padding: str) -> list[Array]:
    """For each place in the window a matrix of 0 and 1, from positions to windows."""
    places, count = begin(total, size, stride, padding)
    found = []
    for place in range(size):
        view = np.zeros((count, total))
        for window in range(count):
            if (position := places[window * stride + place]) >= 0:
                view[window, position] = 1
        found.append(view)
    return found


def window(shape: tuple[int, ...], options: dict[str, Any], size: str) -> list[Array]:
    """`views` of a grid, its positions row by row."""
    sizes = options[size]
    strides = options.get("strides") or (1,) * len(shape)
    products = [np.ones((1, 1))]
    for axis in zip(shape, sizes, strides, strict=True):
        along = views(*axis, options.get("padding", "VALID"))
        products = [np.kron(one, other) for one in products for other in along]
    return products


class Truth:
    """Covariances and NTKs over all pairs of positions of the inputs, layer after layer."""

    def __init__(self, inputs: list[Array]) -> None:
        self.shapes = [x.shape[:-1] for x in inputs]
        rows = [x.reshape(-1, x.shape[-1]) for x in inputs]
        self.pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows))]
        self.sigma = {(i, j): rows[i] @ rows[j].T / rows[i].shape[1] for i, j in self.pairs}
        self.theta = {pair: np.zeros_like(self.sigma[pair]) for pair in self.pairs}

    def apply(self, kind: str, options: dict[str, Any]) -> None:
        getattr(self, kind)(options)

    def mapped(self, maps: list[list[Array]]) -> None:
        """sum over the list of A K A'."""
        for table in (self.sigma, self.theta):
            for i, j in self.pairs:
                table[i, j] = sum(
                    one @ table[i, j] @ other.T for one, other in zip(maps[i], maps[j], strict=True)
                )

    def weighted(self, options: dict[str, Any], share: float) -> None:
        bias = options.get("b_std") or 0.0
        for pair in self.pairs:
            self.sigma[pair] = share * self.sigma[pair] + bias**2
            self.theta[pair] = self.sigma[pair] + share * self.theta[pair]

    def Conv(self, options: dict[str, Any]) -> None:
        maps = [window(shape, options, "filter_shape") for shape in self.shapes]
        self.mapped(maps)
        self.move(options, "filter_shape")
        self.weighted(options, options["W_std"] ** 2 / len(maps[0]))

    def Dense(self, options: dict[str, Any]) -> None:
        self.weighted(options, options["W_std"] ** 2)

    def AvgPool(self, options: dict[str, Any]) -> None:
        maps = []
        for shape in self.shapes:
            views = window(shape, options, "window_shape")
            count = sum(views).sum(1) if options.get("normalize_edges") else len(views)
            maps.append([(sum(views).T / count).T])
        self.mapped(maps)
        self.move(options, "window_shape")

    def GlobalAvgPool(self, options: dict[str, Any]) -> None:
        self.mapped([[np.full((1, np.prod(shape)), 1 / np.prod(shape))] for shape in self.shapes])
        self.shapes = [() for _ in self.shapes]

    def Flatten(self, options: dict[str, Any]) -> None:
        for table in (self.sigma, self.theta):
            table.update({pair: np.array([[np.trace(m) / len(m)]]) for pair, m in table.items()})

    def Relu(self, options: dict[str, Any]) -> None:
        variances = [np.diag(self.sigma[i, i]) for i in range(len(self.shapes))]
        for i, j in self.pairs:
            bound = np.sqrt(np.outer(variances[i], variances[j]))
            angle = np.arccos(np.clip(self.sigma[i, j] / bound, -1, 1))
            dual = bound * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
            self.sigma[i, j] = dual
            self.theta[i, j] = self.theta[i, j] * (np.pi - angle) / (2 * np.pi)

    def move(self, options: dict[str, Any], size: str) -> None:
        strides = options.get("strides") or (1,) * len(options[size])
        self.shapes = [
            tuple(
                begin(*axis, options.get("padding", "VALID"))[1]
                for axis in zip(shape, options[size], strides, strict=True)
            )
            for shape in self.shapes
        ]


def conv(shape: list[int], padding: str = "SAME", strides: list[int] | None = None) -> list[Any]:
    options = {"filter_shape": shape, "W_std": 1.3, "b_std": 0.2, "padding": padding}
    return ["Conv", options if strides is None else options | {"strides": strides}]


def average(shape: list[int], strides: list[int], padding: str, edges: bool = False) -> list[Any]:
    options = {"window_shape": shape, "strides": strides, "padding": padding}
    return ["AvgPool", options | {"normalize_edges": edges}]


RELU, FLATTEN, MEAN = ["Relu", {}], ["Flatten", {}], ["GlobalAvgPool", {}]
DENSE = ["Dense", {"W_std": 1.1, "b_std": 0.1}]

SPECS: dict[str, list[Any]] = {
    "stride 2": [conv([3], strides=[2]), RELU, conv([3], strides=[2]), RELU, FLATTEN, DENSE],
    "stride 3": [conv([4], strides=[3]), RELU, conv([2], "CIRCULAR", [2]), RELU, MEAN, DENSE],
    "stride 3 round": [conv([5], "CIRCULAR", [3]), RELU, MEAN, DENSE],
    "wide stride": [conv([1], strides=[2]), RELU, conv([2], strides=[3]), RELU, FLATTEN, DENSE],
    "mean without zeros": [conv([3]), RELU, average([3], [2], "SAME", True), MEAN, DENSE],
    "mean without zeros, even": [conv([2]), RELU, average([4], [3], "SAME", True), FLATTEN, DENSE],
    "mean with zeros": [conv([3]), RELU, average([4], [3], "SAME"), FLATTEN, DENSE],
    "mean round": [conv([3]), RELU, average([3], [2], "CIRCULAR"), conv([2]), RELU, MEAN, DENSE],
    "image": [conv([3, 3], strides=[2, 2]), RELU, conv([2, 2], "VALID"), RELU, FLATTEN, DENSE],
    "image round": [conv([3, 2], "CIRCULAR", [2, 1]), RELU, MEAN, DENSE],
    "image pooled": [conv([2, 1]), RELU, average([2, 2], [2, 2], "SAME", True), FLATTEN, DENSE],
}


def sizes(name: str) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Sizes of two inputs, not multiples of the strides; equal ones where they are flattened."""
    first, second = ((3, 4), (5, 3)) if name.startswith("image") else ((7,), (5,))
    if FLATTEN in SPECS[name]:
        return [(first, first), (second, second)]
    return [(first, second)]


@pytest.mark.parametrize("name", SPECS)
def test_windows_of_any_shape(name: str) -> None:
    derivation = derive(network({"spec": ["serial", SPECS[name]]}))
    rng = np.random.default_rng(5)
    for shapes in sizes(name):
        inputs = [rng.normal(size=(*shape, 2)) for shape in shapes]
        truth = Truth(inputs)
        for kind, options in SPECS[name]:
            truth.apply(kind, options)
        found = evaluate(derivation, *inputs)
        assert found["nngp"] == pytest.approx(truth.sigma[0, 1].item(), rel=1e-12)
        assert found["ntk"] == pytest.approx(truth.theta[0, 1].item(), rel=1e-12)


def test_a_length_that_is_known_gives_the_same() -> None:
    spec = ["serial", SPECS["stride 2"]]
    x = np.random.default_rng(6).normal(size=(7, 2))
    found = [
        evaluate(derive(network({"spec": spec} | more)), x, x) for more in ({}, {"shape": [7]})
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-14)
