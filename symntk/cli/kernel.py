"""``symntk kernel``: kernel matrices of data in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symntk.blocks.finite import require_finite
from symntk.cli.arrays import write_arrays
from symntk.cli.data import only_input, read_inputs, require_same_kind
from symntk.cli.models import ModelChoice, ModelCommand, model_options
from symntk.cli.output import check_writable, progress_bar, working
from symntk.emission import DTYPES
from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.emission import Kernel

FILE = click.Path(path_type=Path)


@click.command(cls=ModelCommand)
@model_options
@click.argument("x", type=FILE)
@click.argument("y", type=FILE, required=False)
@click.option("--text", metavar="COL", help="The column that holds the documents of a table.")
@click.option(
    "--which",
    type=click.Choice(["ntk", "nngp", "both"]),
    default="ntk",
    show_default=True,
    help="The kernel that a .npy file gets, or both for a .zarr store; a .npz file gets both.",
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
    "--block",
    metavar="ROWS",
    type=click.IntRange(1),
    help="Write the matrix block by block, of so many rows and columns. The same call goes on "
    "after an interruption.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Have Dask compute the blocks: local for a cluster on this machine, or the address of a "
    "scheduler, as in tcp://host:8786.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=FILE,
    required=True,
    help="The .npy or .npz file to write, or a .zarr store, which is written in blocks.",
)
def kernel(
    choice: ModelChoice,
    x: Path,
    y: Path | None,
    text: str | None,
    which: str,
    dtype: str,
    block: int | None,
    scheduler: str | None,
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

    In blocks, neither the matrix nor a .npy file of numbers need fit into
    memory. Until it is whole, k.npy stands beside its place in k.part.npy;
    k.npy.journal tells which blocks are done, and of which inputs.

    \b
    Examples:
        symntk kernel mlp --act relu --depth 3 train.npy -o ntk.npy
        symntk kernel mlp test.csv train.csv --which nngp -o nngp.npy
        symntk kernel bow reviews.csv --text sentence -o ntk.npy
        symntk kernel cnn --window 2 test.txt train.txt -o both.npz
        symntk kernel mlp train.npy -o ntk.npy --block 2048 --scheduler local
    """
    check_writable(output, ".npy", ".npz", ".zarr")
    in_blocks = block is not None or scheduler is not None or output.suffix == ".zarr"
    _check_format(output, which, in_blocks)
    graph = choice.graph()
    node = only_input(graph)
    first = read_inputs(x, node, text, in_blocks)
    second = None if y is None else read_inputs(y, node, text, in_blocks)
    if y is not None:
        require_same_kind(x, y, first, second)
    derivation = choice.derivation(graph)
    if in_blocks:
        with working("Compiling the kernel"):
            compiled = derivation.compile(dtype=dtype)
        _write_blocks(compiled, output, first, second, which, block, scheduler)
        return
    with working("Compiling the kernel"):
        compiled = derivation.compile(dtype=dtype)
        result = compiled(first, second)
    require_finite((result.nngp, result.ntk))
    write_arrays(output, which, result.nngp, result.ntk)


def _check_format(output: Path, which: str, in_blocks: bool) -> None:
    """UsageError where a file of that format cannot hold what it is to."""
    if output.suffix == ".npz" and in_blocks:
        raise UsageError(f"{output}: blocks are written to a .npy file or a .zarr store")
    if output.suffix == ".npy" and which == "both":
        raise UsageError(f"{output}: a .npy file holds one kernel, --which ntk or nngp")
    if output.suffix != ".zarr" and output.is_dir():
        raise UsageError(f"{output} is a folder")


def _write_blocks(
    kernel: Kernel,
    output: Path,
    x: Any,
    y: Any,
    which: str,
    block: int | None,
    scheduler: str | None,
) -> None:
    """Write a matrix in blocks, and say what was there before."""
    from symntk.blocks import write_kernel

    begun = False
    with progress_bar("Computing the blocks") as draw:

        def advance(done: int, total: int) -> None:
            nonlocal begun
            if done and not begun:
                click.echo(f"{output}: {done} of {total} blocks were there.", err=True)
            begun = True
            draw(done, total)

        write_kernel(
            kernel, output, x, y, which=which, block=block, scheduler=scheduler, progress=advance
        )
    if not begun:
        click.echo(f"{output} was whole: nothing was computed.", err=True)
