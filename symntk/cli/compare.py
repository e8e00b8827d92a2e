"""``symntk compare``: what models, or one model with several activations, learn from a text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from symntk.cli.formats import ORDER, table_options
from symntk.cli.models import ModelChoice, ModelCommand, model_options, optional_model
from symntk.cli.output import check_writable, write_text
from symntk.cli.values import parts
from symntk.errors import UsageError


@click.command(cls=ModelCommand)
@optional_model
@click.option(
    "--models",
    metavar="A,B",
    help="Models, separated by commas, each with its options behind it.",
)
@click.option("--acts", metavar="A,B", help="Activations for MODEL, separated by commas.")
@ORDER
@table_options
def compare(
    choice: ModelChoice | None,
    models: str | None,
    acts: str | None,
    order: int,
    format_name: str,
    standalone: bool,
    output: Path | None,
) -> None:
    """Compare models, or activations in MODEL, side by side.

    For each which products of matching tokens its kernel contains, which have
    the coefficient 0 exactly, and how large the others are.

    \b
    Examples:
        symntk compare --models cnn,sa,mv,lrnn --order 2
        symntk compare --models 'cnn --window 2, lrnn --kind affine, rnn'
        symntk compare bow --acts relu,gelu,silu,tanh,erf,linear
        symntk compare cnn --window 2 --acts relu,tanh
    """
    if output is not None:
        check_writable(output)
    choices = _choices(choice, models, acts)
    from symntk.decomposition.report.comparison import compare as put_side_by_side

    derivations = {name: chosen.derivation() for name, chosen in choices.items()}
    comparison = put_side_by_side(derivations, order, "network" if acts is None else "activation")
    write_text(comparison.render(format_name, standalone=standalone), output)


def _choices(
    choice: ModelChoice | None, models: str | None, acts: str | None
) -> Mapping[str, ModelChoice]:
    """What to compare, by name."""
    if (choice is None) == (models is None) or (choice is None) != (acts is None):
        raise UsageError("give --models A,B, or one MODEL and --acts A,B")
    if choice is not None:
        return {name: choice.with_act(name) for name in parts("--acts", str(acts))}
    return {name: _read(name) for name in parts("--models", str(models))}


def _read(text: str) -> ModelChoice:
    """A model with its options, written as on a command line of its own."""
    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--models: {text}: {error}") from None
    parent = click.get_current_context()
    with _MODEL.make_context("compare --models", arguments, parent=parent.parent) as context:
        choice: ModelChoice = _MODEL.invoke(context)
    return choice


@click.command(cls=ModelCommand, add_help_option=False)
@model_options
def _MODEL(choice: ModelChoice) -> ModelChoice:
    return choice
