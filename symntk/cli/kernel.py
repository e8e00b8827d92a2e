"""``symntk kernel``: kernel matrices of data in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symntk.cli.arrays import read_matrix, write_arrays
from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import OUTPUT, check_writable, working
from symntk.emission import DTYPES
from symntk.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUT = click.Path(path_type=Path)


@click.command(cls=ModelCommand)
@model_options
@click.argument("x", type=INPUT)
@click.argument("y", type=INPUT, required=False)
@click.option(
    "--which",
    type=click.Choice(["ntk", "nngp"]),
    default="ntk",
    show_default=True,
    help="The kernel that a .npy file gets; a .npz file gets both.",
)
@click.option(
    "--dtype",
    metavar="T",
    type=click.Choice(DTYPES),
    default="float64",
    show_default=True,
    help="Precision: float64 or float32.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=OUTPUT,
    required=True,
    help="The .npy or .npz file to write.",
)
def kernel(
    choice: ModelChoice, x: Path, y: Path | None, which: str, dtype: str, output: Path
) -> None:
    """Compute the kernel matrix of MODEL for data in files.

    X and Y are .npy or .csv files with one input a row: the matrix has a row
    for each row of X and a column for each row of Y; without Y, the columns
    are those of X too. A .csv may start with a line of column names.

    \b
    Examples:
        symntk kernel mlp --act relu --depth 3 train.npy -o ntk.npy
        symntk kernel mlp test.csv train.csv --which nngp -o nngp.npy
        symntk kernel my_network.yaml train.npy -o both.npz
    """
    check_writable(output, ".npy", ".npz")
    first = read_matrix(x)
    second = None if y is None else read_matrix(y)
    if second is not None and second.shape[1] != first.shape[1]:
        raise UsageError(
            f"the rows of {x} and {y} must have one length, not {first.shape[1]} "
            f"and {second.shape[1]}"
        )
    derivation = choice.derivation()
    with working("Compiling the kernel"):
        compiled = derivation.compile(dtype=dtype)
        result = compiled(first, second)
    _require_finite(result.nngp, result.ntk)
    write_arrays(output, which, result.nngp, result.ntk)


def _require_finite(*matrices: NDArray[Any]) -> None:
    """UsageError where a kernel overflows or an activation has no finite moment."""
    import numpy as np

    for matrix in matrices:
        bad = np.argwhere(~np.isfinite(matrix))
        if len(bad):
            row, column = bad[0] + 1
            raise UsageError(
                f"the kernel of row {row} with row {column} is not finite: these inputs are too "
                "large for the activation, or for floating-point numbers"
            )
