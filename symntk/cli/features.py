"""``symntk features``: what a model learns from a text."""

from __future__ import annotations

from pathlib import Path

import click

from symntk.cli.formats import ORDER, table_options
from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import check_writable, write_text


@click.command(cls=ModelCommand)
@model_options
@ORDER
@click.option(
    "--length", metavar="T", type=click.IntRange(1), help="Compare whole documents of T tokens."
)
@table_options
def features(
    choice: ModelChoice,
    order: int,
    length: int | None,
    format_name: str,
    standalone: bool,
    output: Path | None,
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

    table = decompose(choice.derivation(), order, length=length)
    write_text(table.render(format_name, standalone=standalone), output)
