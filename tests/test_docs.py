"""The manual tells the truth: its examples run, its commands exist."""

from __future__ import annotations

import doctest
import re
import runpy
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

import symntk as sn
from symntk.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").glob("*.rst"), ROOT / "README.rst"])
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page: Path) -> None:
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=FLAGS)
    assert not failed


def _shell(page: Path) -> str:
    """The lines of shell blocks."""
    blocks = re.findall(r"code-block:: bash\n\n((?:    .*\n|\n)+)", page.read_text())
    return "\n".join(blocks)


def commands(page: Path) -> list[list[str]]:
    """The calls of symntk in the shell blocks of a page, without what they are piped to."""
    lines = re.findall(r"^ *(?:\S+/)?symntk (.*)$", _shell(page), re.MULTILINE)
    return [shlex.split(line.partition(" | ")[0], comments=True) for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call shown names a command, a model, and options of theirs, with values that fit."""
    monkeypatch.chdir(ROOT)
    for name, *arguments in commands(page):
        command = main.get_command(click.Context(main), name)
        assert command is not None, name
        command.make_context(name, arguments)


@pytest.mark.parametrize(
    "arguments",
    [call for page in PAGES for call in commands(page) if call[0] == "derive" and "-o" not in call],
    ids=" ".join,
)
def test_derivations_of_the_manual_print(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout


@pytest.mark.parametrize("number", [0, 1, 2])
def test_model_files_of_the_manual_load(number: int, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "language.rst").read_text()
    first, second, third = re.findall(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", text)
    head = "    symntk: 1\n    inputs: [x]\n    weights: {A: {}, B: {}, E: {}, v: {}}\n"
    path = tmp_path / "model.yaml"
    path.write_text([first, head + second, third][number])
    assert "v" in sn.load(path).parameters


EXAMPLES = [
    *(f"examples/{path.name}" for path in sorted((ROOT / "examples").glob("*.yaml"))),
    "examples.residual:residual",
]


@pytest.mark.parametrize("model", EXAMPLES)
def test_examples_derive(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, ["derive", model, "--format", "text"])
    assert result.exit_code == 0, result.stderr
    assert "References" in result.stdout


def test_the_example_on_sentences_tells_them_apart() -> None:
    """Negation turns the sign of a convolution's predictions, and not that of a bag of words."""
    script = runpy.run_path(str(ROOT / "examples" / "sentences.py"))
    truth = np.array([1, 1, -1, -1])
    predicted = script["predictions"](sn.zoo.cnn(window=3), script["TRAIN"], script["TEST"])
    assert (np.sign(predicted) == truth).all()
    counted = script["predictions"](sn.zoo.bow(), script["TRAIN"], ["not good", "not dull"])
    assert (np.sign(counted) == [1, -1]).all()


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "docs" / "index.rst").read_text().split()
    assert {page.stem for page in (ROOT / "docs").glob("*.rst")} - {"index"} <= set(contents)
