"""``symntk derive``: print the derivation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import OUTPUT, check_writable, write_text
from symntk.errors import UsageError


class Format(click.ParamType[Any]):
    """A key of ``rendering.FORMATS``, or pdf."""

    name = "format"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The key itself."""
        from symntk.rendering import FORMATS

        choices = [*FORMATS, "pdf"]
        return click.Choice(choices).convert(value, param, ctx)


class Notation(click.ParamType[Any]):
    """A key of ``rendering.NOTATIONS``."""

    name = "notation"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The key itself."""
        from symntk.rendering import NOTATIONS

        return click.Choice(list(NOTATIONS)).convert(value, param, ctx)


@click.command(cls=ModelCommand)
@model_options
@click.option(
    "--format",
    "format_name",
    metavar="F",
    type=Format(),
    default="latex",
    show_default=True,
    help="A name of `symntk list formats`; pdf needs pdflatex and -o.",
)
@click.option(
    "--notation",
    metavar="N",
    type=Notation(),
    default="jacot",
    show_default=True,
    help="Whose letters to use, see `symntk list notations`.",
)
@click.option("--standalone", is_flag=True, help="A whole document instead of a fragment.")
@click.option("--bib", metavar="FILE.bib", type=OUTPUT, help="Write the cited works there.")
@click.option("-o", "--output", metavar="FILE", type=OUTPUT, help="Write there, not to stdout.")
def derive(
    choice: ModelChoice,
    format_name: str,
    notation: str,
    standalone: bool,
    bib: Path | None,
    output: Path | None,
) -> None:
    """Print the derivation of MODEL's kernels, step by step.

    MODEL is a model of `symntk list models`, a .yaml or .json file, or
    module:function for a function of yours that returns a graph.

    \b
    Examples:
        symntk derive mlp --act relu
        symntk derive mlp --act gelu --depth L --format text
        symntk derive mlp --act 'x*tanh(x)' --standalone -o note.tex
        symntk derive mlp --depth 3 --format pdf -o note.pdf
        symntk derive my_network.yaml --freeze W1 --notation lee
    """
    for path, suffixes in ((output, ()), (bib, (".bib",))):
        if path is not None:
            check_writable(path, *suffixes)
    if format_name == "pdf" and output is None:
        raise UsageError("a PDF goes to a file: give -o FILE.pdf")
    from symntk.rendering import bibliography, write_pdf

    derivation = choice.derivation()
    if format_name == "pdf" and output is not None:
        write_pdf(derivation, output, notation=notation)
    else:
        write_text(derivation.render(format_name, notation=notation, standalone=standalone), output)
    if bib is not None:
        write_text(bibliography(derivation), bib)
