"""``symntk kernel``: kernel matrices of data in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symntk.cli.arrays import write_arrays
from symntk.cli.data import only_input, read_inputs, require_same_kind
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
@click.option("--text", metavar="COL", help="The column that holds the documents of a table.")
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
    choice: ModelChoice,
    x: Path,
    y: Path | None,
    text: str | None,
    which: str,
    dtype: str,
    output: Path,
) -> None:
    """Compute the kernel matrix of MODEL for data in files.

    The matrix has a row for each input in X and a column for each in Y; without
    Y, the columns are those of X too. What X and Y hold depends on the model:

    \b
    vectors    .npy of shape (N, d), or .csv with one vector a line
    tokens     .txt with a document a line, split at white space; .csv, .tsv or
               .jsonl with --text COL; .json, a list of lists of token ids
    sequences  .npy of shape (N, T, d), or .npz of arrays (T, d)
    images     .npy of shape (N, H, W, C), or .npz of arrays (H, W, C)

    \b
    Examples:
        symntk kernel mlp --act relu --depth 3 train.npy -o ntk.npy
        symntk kernel mlp test.csv train.csv --which nngp -o nngp.npy
        symntk kernel bow reviews.csv --text sentence -o ntk.npy
        symntk kernel cnn --window 2 test.txt train.txt -o both.npz
    """
    check_writable(output, ".npy", ".npz")
    graph = choice.graph()
    node = only_input(graph)
    first = read_inputs(x, node, text)
    second = None if y is None else read_inputs(y, node, text)
    if y is not None:
        require_same_kind(x, y, first, second)
    derivation = choice.derivation(graph)
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
