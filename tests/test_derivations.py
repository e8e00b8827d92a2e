"""The printed derivations in ``derivations/``, for readers to look at and for changes to show.

They are no proof of correctness: a change of wording or of form is accepted by
``pytest tests/test_derivations.py --update``, and its difference read in the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest

import symntk as sn
from examples.residual import residual
from symntk.graph import Graph
from symntk.rendering import FORMATS, bibliography

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "derivations"

GRAPHS: dict[str, Callable[[], Graph]] = {
    "relu": lambda: sn.zoo.mlp(act="relu"),
    "relu_3_layers": lambda: sn.zoo.mlp(depth=3, act="relu", b_std=0.1),
    "relu_any_depth": lambda: sn.zoo.mlp(depth="L", act="relu", b_std=0.1),
    "leaky_relu": lambda: sn.zoo.mlp(act="leaky_relu"),
    "gelu": lambda: sn.zoo.mlp(act="gelu"),
    "erf": lambda: sn.zoo.mlp(act="erf"),
    "tanh": lambda: sn.zoo.mlp(act="tanh"),
    "own_activation": lambda: sn.zoo.mlp(act="max(0, x)**2 - x"),
    "residual": residual,
    "gated": lambda: sn.load(ROOT / "examples" / "gated.yaml"),
    "bow": sn.zoo.bow,
    "cnn": sn.zoo.cnn,
    "cnn_images": lambda: sn.zoo.cnn(inputs="images", pool="flatten", b_std=0.1),
    "mv": sn.zoo.mv,
    "lrnn": sn.zoo.lrnn,
    "lrnn_multiplicative": lambda: sn.zoo.lrnn("multiplicative"),
    "rnn": sn.zoo.rnn,
    "sa": sn.zoo.sa,
    "sa_many_heads": lambda: sn.zoo.sa(separate=True, scaling="1/sqrt(d)"),
    "transformer": sn.zoo.transformer,
}

SUFFIXES = {"latex": "tex", "text": "txt", "markdown": "md", "html": "html", "json": "json"}


def _printer(name: str, format: str) -> Callable[[], str]:
    return lambda: sn.derive(GRAPHS[name]()).render(format)


FILES: dict[str, Callable[[], str]] = {
    **{f"{name}.md": _printer(name, "markdown") for name in GRAPHS},
    **{
        f"{name}.{SUFFIXES[format]}": _printer(name, format)
        for name in ("relu", "rnn")
        for format in FORMATS
    },
    "relu.bib": lambda: bibliography(sn.derive(GRAPHS["relu"]())),
}


@pytest.mark.parametrize("name", FILES)
def test_the_printed_derivation_is_the_kept_one(name: str, pytestconfig: pytest.Config) -> None:
    path = FOLDER / name
    printed = FILES[name]()
    if pytestconfig.getoption("--update"):
        path.write_text(printed, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8")
    changes = unified_diff(kept.splitlines(), printed.splitlines(), "kept", "printed", "", "", 1)
    assert kept == printed, "\n" + "\n".join(changes)


def test_nothing_else_is_kept() -> None:
    assert {path.name for path in FOLDER.glob("*")} == set(FILES)
