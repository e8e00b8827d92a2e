"""Kernels in rows: blocks of samples, bands of diagonals and single diagonals change no result.

The modules are run by Python itself.  That they are right is tested in
`tests.test_emission_sequences`; here the sizes of blocks and bands are made so small that every
pair of samples is cut by their borders.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np
import pytest

from symntk import zoo
from symntk.derivation import derive
from symntk.emission import emit
from symntk.emission.sequences import plan_kernel
from symntk.graph import Graph
from tests.interpreted import load
from tests.sequence_oracle import evaluate

_noise = np.random.default_rng(3).normal
VECTORS = [_noise(size=(length, 3)) for length in (5, 1, 6, 2)]
VECTORS += [VECTORS[2].copy(), -VECTORS[0], np.zeros((3, 3)), 1e6 * VECTORS[3]]
IMAGES = [_noise(size=(*shape, 2)) for shape in ((3, 4), (2, 2), (4, 1), (3, 4))]
TOKENS = [["a", "b", "a"], ["c"], ["b", "b", "a", "c", "a"], ["a", "b", "a"]]

CASES: dict[str, tuple[Graph, list[np.ndarray] | list[list[str]]]] = {
    "convolutions": (zoo.cnn(depth=2, inputs="vectors"), VECTORS),
    "windows inside": (
        zoo.cnn(window=2, padding="valid", inputs="vectors"),
        [x for x in VECTORS if len(x) > 1],
    ),
    "images": (zoo.cnn(inputs="images", pool="mean"), IMAGES),
    "states": (zoo.rnn(act="relu", pool="mean"), TOKENS),
    "last state": (zoo.rnn(act="erf", inputs="vectors"), VECTORS),
    "first position": (zoo.cnn(inputs="vectors", pool="first"), VECTORS),
    "a readout each": (zoo.cnn(depth=2, inputs="images", pool="flatten"), IMAGES[::3]),
}
ALIGNED = {"last state": "last", "first position": "first", "a readout each": "first"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


def with_small_blocks(module: ModuleType) -> ModuleType:
    """Three columns at a time, and no more than one sample in most blocks."""
    for name, value in (("LANES", 6), ("CACHE", 1), ("NARROW", 3), ("WIDE", 3), ("VECTOR", 3)):
        if hasattr(module, name):
            setattr(module, name, value)
    return module


@pytest.mark.parametrize("name", CASES)
def test_borders_of_blocks_change_nothing(name: str, folder: Path) -> None:
    graph, data = CASES[name]
    derivation = derive(graph)
    source = emit(derivation)
    whole, cut = load(source, folder), with_small_blocks(load(source, folder))
    diagonal = whole.diag(data)
    for arguments in ((data,), (data[:2], data)):
        one, other = whole.kernel(*arguments), cut.kernel(*arguments)
        rows, columns = (whole.diag(side) for side in (arguments[0], arguments[-1]))
        for key in ("nngp", "ntk"):
            scale = np.sqrt(np.outer(getattr(rows, key), getattr(columns, key)))
            assert (np.abs(getattr(one, key) - getattr(other, key)) <= 1e-14 * scale).all()
    for key in ("nngp", "ntk"):
        assert getattr(cut.diag(data), key) == pytest.approx(getattr(diagonal, key), rel=1e-14)
    expected = evaluate(derivation, data[0], data[-1])
    found = cut.kernel(data[:1], data[-1:])
    for key in ("nngp", "ntk"):
        scale = np.sqrt(getattr(diagonal, key)[0] * getattr(diagonal, key)[-1])
        assert abs(getattr(found, key)[0, 0] - expected[key]) <= 1e-10 * scale


@pytest.mark.parametrize("name", CASES)
def test_one_diagonal_where_it_decides(name: str) -> None:
    lanes = plan_kernel(derive(CASES[name][0])).lanes
    assert lanes is not None
    assert lanes.aligned == ALIGNED.get(name, "")


def test_angles_have_loops_of_their_own_in_long_rows() -> None:
    def loops(pool: Literal["last", "mean"]) -> list[list[str]]:
        lanes = plan_kernel(derive(zoo.rnn(act="relu", pool=pool))).lanes
        assert lanes is not None
        return [[str(line.target) for line in loop.lines] for loop in lanes.stages[0].loops]

    before, angle, behind = loops("mean")
    assert angle == ["z_angle"]
    assert {"z_g", "z_s", "z_root"} < {*before} and {"z_c", "h2_g", "h2_s"} < {*behind}
    (whole,) = loops("last")
    assert {*before, *angle} < {*whole}


def test_what_the_way_back_needs_again_is_kept() -> None:
    """The angle is computed once, and the gaps that it is made of are not kept for it."""
    source = emit(derive(zoo.rnn(act="relu")))
    assert source.count(" = angle_by_root(") == 1
    assert "z_angle_at" in source
    assert "z_g_at" not in source
