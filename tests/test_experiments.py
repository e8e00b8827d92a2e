"""The experiments run, find what their pages say, and draw the figures that the pages show."""

from __future__ import annotations

import doctest
import re
import runpy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symntk as sn
from symntk.dynamics import Corpus, plots, synthetic
from symntk.dynamics.polarity import polarity
from tests.sentiment import corpus as treebank
from tests.sentiment import needed

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "experiments"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem != "script_options")
PAGES = sorted((ROOT / "docs" / "experiments").glob("*.rst"))
LARGEST = 150_000
"""Bytes of a figure of the manual."""

names = {"ids": lambda path: path.stem}


@cache
def script(name: str) -> Mapping[str, Any]:
    return runpy.run_path(str(FOLDER / f"{name}.py"))


@pytest.mark.parametrize("path", SCRIPTS, **names)
def test_an_experiment_runs_and_draws_its_figures(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script(path.stem)["main"](["--small", "-o", str(tmp_path)])
    assert len(capsys.readouterr().out.splitlines()) > 3
    page = (ROOT / "docs" / "experiments" / f"{path.stem}.rst").read_text()
    shown = re.findall(r"^\.\. (?:figure|image):: (\S+)$", page, re.MULTILINE)
    assert shown
    for name in shown:
        assert (tmp_path / name).stat().st_size > 1000
        assert 1000 < (ROOT / "docs" / "experiments" / name).stat().st_size < LARGEST


@pytest.mark.parametrize("page", PAGES, **names)
def test_pages_are_listed_and_their_examples_run(page: Path) -> None:
    assert not doctest.testfile(str(page), module_relative=False).failed
    contents = (ROOT / "docs" / "experiments" / "index.rst").read_text().split()
    assert page.stem == "index" or page.stem in contents
    assert "experiments/index" in (ROOT / "docs" / "index.rst").read_text().split()


def generated(extra: int) -> Corpus:
    return synthetic.polarity(100, 40, lean=0.8, extra=extra, lengths=(8, 24))


def test_slopes_are_affine_in_the_difference_of_counts() -> None:
    """eta / 2 (rho (f+ - f-) + mu sum_j y_j T_j), with the formulas of ReLU written out."""
    corpus = generated(3)
    eta = 1 / len(corpus.docs)
    flow = sn.flow(sn.zoo.bow(), corpus.docs, corpus.labels, times=[0], eta=eta)
    _, difference, _ = script("co_occurrence")["leanings"](flow, 1)
    mu, rho = 1 / (2 * np.pi), 3 / 2 - 1 / (2 * np.pi)
    total = script("bias")["drive"](corpus)
    assert total == 3 * len(corpus.docs) / 2
    expected = eta / 2 * (rho * difference + mu * total)
    assert flow.initial_slopes[:, 0] == pytest.approx(expected, abs=1e-13)


def test_balance_takes_the_bias_away() -> None:
    """Where sum_j y_j T_j is nearly 0, less than the shortest text, ReLU starts as tanh does."""
    bias = script("bias")
    corpus = generated(12)
    uneven = bias["follow"](corpus, "relu", np.array([0.01]))
    assert bias["right_signs"](uneven)[1] < 0.1
    even = bias["balanced"](corpus)
    assert 0 <= bias["drive"](even) < 8 + 12
    assert 0 < len(even.docs) < len(corpus.docs)
    signs = {act: bias["right_signs"](bias["follow"](even, act)) for act in ("relu", "tanh")}
    assert signs["relu"] == signs["tanh"] == (1, 1)


def test_balance_is_lost_by_frequent_tokens_that_lean() -> None:
    """b'' = - eta^2 mu rho / 8 sum_e (f+ - f-) L_e at t = 0, where sum_j y_j T_j = 0."""
    docs = [["and", "and", "good"], ["and", "fine"], ["bad", "dull", "flat"], ["and", "weak"]]
    t, eta, mu, rho = 1e-4, 0.5, 1 / (2 * np.pi), 3 / 2 - 1 / (2 * np.pi)
    flow = sn.flow(sn.zoo.bow(), docs, [1, 1, -1, -1], times=[t], eta=eta, tolerance=1e-10)
    difference = {"and": 2, "good": 1, "fine": 1, "bad": -1, "dull": -1, "flat": -1, "weak": -1}
    assert sum(difference.values()) == 0
    lean = sum(len(document) * difference[token] for document in docs for token in document)
    second = -(eta**2) * mu * rho / 8 * lean
    assert lean > 0
    assert flow.terms["bias"][0, :, 0] == pytest.approx(second * t**2 / 2, rel=1e-3)


@needed
def test_what_is_said_of_the_treebank() -> None:
    bias, (docs, labels) = script("bias"), treebank("train")
    corpus = Corpus(docs, labels.tolist())
    even = bias["balanced"](corpus)
    assert (bias["drive"](corpus), bias["drive"](even), len(even.docs)) == (5461, 0, 6594)
    for act in ("relu", "gelu", "silu", "tanh"):
        start = bias["follow"](corpus, act, np.array([0.01]))
        assert bias["right_signs"](start) == (1, act == "tanh")
        assert (start.initial_slopes > 0).all() == (act != "tanh")
    balanced = bias["follow"](even, "relu", np.array([0.01, 1]))
    assert bias["right_signs"](balanced) == (1, 1)
    lists = polarity(balanced)
    share = plots.bias_share(balanced, lists["negative"])
    assert share == pytest.approx([-0.16, -1.80], rel=0.005)
    rising = balanced.label_scores[1, balanced.places(lists["positive"]), 0] > 0
    assert rising.mean() == pytest.approx(0.09, abs=0.005)
    lists = polarity(start)
    flow = bias["follow"](corpus, "relu", np.array([0.01, 10, 95]))
    share = plots.bias_share(flow, lists["negative"])
    assert share == pytest.approx([54.1, -0.752, -0.125], rel=0.005)
    momentary = plots.bias_share(flow, lists["negative"], slopes=True)
    assert momentary == pytest.approx([49.4, -0.536, 0.035], rel=0.02)
    rising = flow.label_scores[1, flow.places(lists["positive"]), 0] > 0
    assert rising.mean() == pytest.approx(0.372, abs=0.003)


def test_weights_trained_as_drawn() -> None:
    """mu = e w / (2 pi) and rho = e w (1 - 1/pi) / 2 + v (e + w) / 2 with variances e, w, v."""
    e, w, v = 0.7, 2.0, 0.3
    mu, rho = script("variances")["as_drawn"]("relu", *np.sqrt([e, w, v]).tolist())
    assert mu == pytest.approx(e * w / (2 * np.pi))
    assert rho == pytest.approx(e * w * (1 - 1 / np.pi) / 2 + v * (e + w) / 2)
