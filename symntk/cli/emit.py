"""``symntk emit``: write the kernel as a module of its own."""

from __future__ import annotations

from pathlib import Path

import click

from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import OUTPUT, check_writable, write_text
from symntk.emission import DTYPES
from symntk.emission import emit as emit_source


@click.command(cls=ModelCommand)
@model_options
@click.option(
    "--dtype",
    metavar="T",
    type=click.Choice(DTYPES),
    default="float64",
    show_default=True,
    help="Precision: float64 or float32.",
)
@click.option("-o", "--output", metavar="FILE.py", type=OUTPUT, help="Write there, not to stdout.")
def emit(choice: ModelChoice, dtype: str, output: Path | None) -> None:
    """Write MODEL's kernels as a Python module of its own.

    The module needs only NumPy and Numba, can be read, and can be copied into
    a project that does not have symntk. It defines kernel(x1, x2=None).

    \b
    Examples:
        symntk emit mlp --act relu --depth 3 -o relu3.py
        symntk emit my_network.yaml --dtype float32 -o kernel.py
    """
    if output is not None:
        check_writable(output, ".py")
    write_text(emit_source(choice.derivation(), dtype), output)
