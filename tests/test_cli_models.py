"""The options of a model on the command line: made from its function, explained by it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import symntk as sn
from symntk.cli.keywords import Builder, switch
from symntk.zoo import MODELS
from tests.test_cli import done, refused


@pytest.mark.parametrize("name", MODELS)
def test_every_keyword_is_an_option_with_an_explanation(name: str) -> None:
    """A model needs nothing here: its signature and its docstring are enough."""
    shown = done("derive", name, "--help")
    builder = Builder(name, MODELS[name])
    for keyword, parameter in inspect.signature(MODELS[name]).parameters.items():
        option = switch(f"no_{keyword}" if parameter.default is True else keyword)
        assert f"  {option} " in shown
        assert builder.explanations[keyword]
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert builder.title in shown


@pytest.mark.parametrize("name", MODELS)
def test_every_option_is_listed_with_its_default(name: str) -> None:
    listed = " ".join(done("list", "models").split())
    for keyword, parameter in inspect.signature(MODELS[name]).parameters.items():
        if parameter.default not in (None, True, False):
            assert f"{switch(keyword)}={parameter.default}" in listed


CALLS = {
    "cnn --act relu --window 2 --padding valid": lambda: sn.zoo.cnn(window=2, padding="valid"),
    "sa --separate --scaling 1/sqrt(d) --heads many": lambda: sn.zoo.sa(
        separate=True, scaling="1/sqrt(d)", heads="many"
    ),
    "sa --position-scale 1/20": lambda: sn.zoo.sa(position_scale=0.05),
    "lrnn --kind multiplicative --start-std sqrt(2)": lambda: sn.zoo.lrnn(
        kind="multiplicative", start_std=2**0.5
    ),
    "transformer --depth 2 --no-norm": lambda: sn.zoo.transformer(depth=2, norm=False),
    "rnn --act erf --pool mean --b-std 0.1": lambda: sn.zoo.rnn(act="erf", pool="mean", b_std=0.1),
    "--depth 2 mlp --act gelu": lambda: sn.zoo.mlp(depth=2, act="gelu"),
    "bow --depth 2 --pool mean": lambda: sn.zoo.bow(depth=2, pool="mean"),
}


@pytest.mark.parametrize("call", CALLS)
def test_options_are_keywords(call: str) -> None:
    expected = sn.derive(CALLS[call]()).render("text")
    assert done("derive", *call.split(), "--format", "text") == expected.rstrip("\n") + "\n"


def test_an_option_of_another_model_is_refused_with_those_there_are() -> None:
    message = refused("derive", "mlp", "--window", "3")
    assert "mlp does not take --window" in message
    assert "--depth, --act, --w-std, --b-std, --v-std" in message
    assert "--depth" in refused("check", "cnn", "--deptt", "3")
    assert "--no-norm" in refused("emit", "transformer", "--norm")


def test_an_option_without_its_value_is_named() -> None:
    assert "'--window' requires an argument" in refused("derive", "cnn", "--window")
    assert "'MODEL'" in refused("derive", "--format", "text")


def test_a_model_is_no_command() -> None:
    assert "symntk derive cnn" in refused("cnn", "--window", "2")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("cnn --padding wide", "same"),
        ("cnn --window three", "integer"),
        ("cnn --window 0", "positive"),
        ("cnn --depth L", "integer"),
        ("bow --e-std -1", "positive"),
        ("bow --w-std 0", "positive"),
        ("bow --w-std x", "number"),
        ("rnn --gate lstm", "candidate"),
        ("lrnn --kind full", "additive"),
    ],
)
def test_bad_values_are_refused(call: str, message: str) -> None:
    assert message in refused("derive", *call.split())


def test_a_gru_is_refused_with_the_reason() -> None:
    message = refused("derive", "rnn", "--gate", "state")
    assert "gates of all earlier steps" in message
    assert "weight matrix" in message


FUNCTIONS = '''
import symntk as sn

def plain(width: int, slope: float = 0.5, deep: bool = False, open: bool = True, act="relu"):
    """A network of mine.

        f = v . phi(W x)

    width: how wide it is,
        in coordinates.
    """
    assert isinstance(width, int) and isinstance(slope, float) and not open
    return sn.zoo.mlp(act=act, depth=2 if deep else 1)

def anything(**keywords):
    return sn.zoo.cnn(**keywords)
'''


def test_a_function_of_ones_own_has_its_own_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models_of_mine.py").write_text(FUNCTIONS)
    shown = " ".join(done("derive", "models_of_mine:plain", "--help").split())
    assert "A network of mine. f = v . phi(W x)" in shown
    assert "--width N How wide it is, in coordinates. [required]" in shown
    arguments = ["models_of_mine:plain", "--width", "3", "--no-open", "--deep", "--act", "erf"]
    assert done("derive", *arguments) == done("derive", "mlp", "--act", "erf", "--depth", "2")
    assert "--width" in refused("derive", "models_of_mine:plain")
    assert done("derive", "models_of_mine:anything", "--window", "2") == done(
        "derive", "cnn", "--window", "2"
    )


def test_activations_are_compared(tmp_path: Path) -> None:
    shown = done("compare", "bow", "--acts", "relu, max(0, x)**2,tanh")
    for name in ("relu", "max(0, x)**2", "tanh"):
        assert name in shown
    path = tmp_path / "model.json"
    sn.save(sn.zoo.bow(), path)
    assert "leave --act" in refused("compare", path, "--acts", "relu,tanh")
    assert "act" in refused("compare", "lrnn", "--acts", "relu,tanh")
