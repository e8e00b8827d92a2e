"""``symntk features`` and ``symntk compare``: what a model learns from a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import OUTPUT, check_writable, write_text

_ORDER = click.option(
    "--order",
    metavar="N",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Products of up to N matching tokens.",
)


@click.command(cls=ModelCommand)
@model_options
@_ORDER
@click.option(
    "--length", metavar="T", type=click.IntRange(1), help="Compare whole documents of T tokens."
)
@click.option(
    "--format",
    "format_name",
    metavar="F",
    default="text",
    show_default=True,
    type=click.Choice(["text", "markdown", "latex", "json"]),
    help="Of the table.",
)
@click.option("-o", "--output", metavar="FILE", type=OUTPUT, help="Write there, not to stdout.")
def features(
    choice: ModelChoice, order: int, length: int | None, format_name: str, output: Path | None
) -> None:
    """Print what MODEL learns from a text.

    The features that its kernel contains: a constant, single tokens, pairs of
    tokens, and so on, each with its exact coefficient.

    \b
    Examples:
        symntk features bow --act relu
        symntk features cnn --act relu --window 3 --order 3
        symntk features lrnn --kind affine --format latex -o table.tex
    """
    if output is not None:
        check_writable(output)
    from symntk.decomposition import features as decompose

    write_text(decompose(choice.derivation(), order, length=length).render(format_name), output)


@click.command(cls=ModelCommand)
@model_options
@click.option("--acts", metavar="A,B", required=True, help="Activations, separated by commas.")
@_ORDER
def compare(choice: ModelChoice, acts: str, order: int) -> None:
    """Compare activations in MODEL side by side.

    Shows the constant that all tokens share (the bias term), and each feature
    relative to single tokens.

    \b
    Examples:
        symntk compare bow --acts relu,gelu,silu,tanh,erf,linear
        symntk compare cnn --window 2 --acts relu,tanh
    """
    from symntk.decomposition import features as decompose
    from symntk.rendering.features import side_by_side

    names = list(_names(acts))
    columns = {name: decompose(_with_act(choice, name).derivation(), order) for name in names}
    write_text(side_by_side(columns), None)


def _names(acts: str) -> Iterator[str]:
    """What stands between commas outside of brackets."""
    depth = start = 0
    for place, character in enumerate(acts + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            yield acts[start:place].strip()
            start = place + 1


def _with_act(choice: ModelChoice, act: str) -> ModelChoice:
    return replace(choice, arguments={**choice.arguments, "act": act})
