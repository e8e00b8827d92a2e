"""Inputs of a network, read from files by what the network takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from symntk.cli.arrays import map_array, read_arrays, read_matrix, read_tokens
from symntk.cli.documents import read_documents
from symntk.errors import UsageError

if TYPE_CHECKING:
    from symntk.graph import Graph, Node


def only_input(graph: Graph) -> Node:
    """The input of a network that has one."""
    if len(graph.inputs) != 1:
        names = ", ".join(str(node["name"]) for node in graph.inputs)
        raise UsageError(
            f"the network has the inputs {names}, and the command line reads one: call the kernel "
            "from Python, as in kernel({'x': ..., 'y': ...})"
        )
    return graph.inputs[0]


def read_inputs(path: Path, node: Node, column: str | None, mapped: bool = False) -> Any:
    """The inputs in ``path`` as a kernel takes them.

    Tokens: lists of tokens.  Vectors: an array (N, d).  Sequences of vectors and images: arrays
    (N, T, d) and (N, H, W, C), or lists of arrays (T, d) and (H, W, C).

    mapped: leave an array of numbers in a .npy file on disk; the kernel will check them.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    if column is not None and not node.is_one_hot:
        raise UsageError("--text is for documents, and this network takes numbers")
    if node.is_one_hot:
        return read_tokens(path) if path.suffix == ".npy" else read_documents(path, column)
    if mapped and path.suffix == ".npy":
        return map_array(path, rank=1 + len(node.positions))
    if not node.positions:
        return read_matrix(path)
    return read_arrays(path, rank=len(node.positions))


def require_same_kind(x: Path, y: Path, first: Any, second: Any) -> None:
    """UsageError where the inputs in the files ``x`` and ``y`` cannot be compared."""
    kind, other = _kind(first), _kind(second)
    if kind != other:
        raise UsageError(f"{x} holds {kind}, and {y} holds {other}: they must be alike")


def _kind(inputs: Any) -> str:
    one = inputs[0]
    if isinstance(one, list):
        return "tokens that are words" if isinstance(one[0], str) else "tokens that are numbers"
    return f"vectors of length {one.shape[-1]}"
