"""Inputs as users give them, and random ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import sympy as sp

from symntk.errors import UsageError
from symntk.finite.extents import Array, Extent, extents
from symntk.finite.samples import Samples
from symntk.graph import Graph, Node

SAMPLES, DIMENSION, VOCABULARY = 4, 6, 3
"""Number of random inputs; their dimension where the graph leaves it open; different tokens."""

SHORTEST, LONGEST, DIFFERENT = 3, 64, 3
"""Lengths of random sequences: the least and the most that are tried, and how many differ."""

MOST_INPUTS = 12
"""The joint test weighs all pairs of inputs, so their number is bounded."""


def read_samples(graph: Graph, given: Any, rng: np.random.Generator) -> Samples:
    """The inputs of ``graph``: those given, or random ones.

    given: one input, or a dict with one for each name.  Vectors: an array (N, d).  Tokens: N lists
    of token ids or of strings.  Sequences: N arrays (T, d), or one (N, T, d); images: N arrays
    (H, W, C), or one.
    """
    names = [str(node["name"]) for node in graph.inputs]
    if given is None:
        given = random_inputs(graph, rng)
    elif not isinstance(given, Mapping):
        if len(names) != 1:
            raise UsageError(f"give inputs by name, as a dict: {', '.join(names)}")
        given = {names[0]: given}
    if set(given) != set(names):
        raise UsageError(f"the inputs are {', '.join(names)}, not {', '.join(map(str, given))}")
    vocabulary: dict[Any, int] = {}
    tokens = {
        str(node["name"]): _tokens(node, given[str(node["name"])], vocabulary)
        for node in graph.inputs
        if node.is_one_hot
    }
    rows = np.eye(max(1, len(vocabulary)))
    arrays: dict[str, list[Array]] = {}
    plain: dict[str, Any] = {}
    for node, name in zip(graph.inputs, names, strict=True):
        if node.is_one_hot:
            plain[name] = tokens[name]
            arrays[name] = [rows[[vocabulary[token] for token in s]] for s in tokens[name]]
        else:
            arrays[name] = _dense(node, given[name])
            same = len({array.shape for array in arrays[name]}) == 1
            plain[name] = np.stack(arrays[name]) if same else arrays[name]
        for array in arrays[name]:
            _require_lengths(node, array.shape[:-1])
    counts = sorted({len(part) for part in arrays.values()} or {1})
    if len(counts) > 1 or not 1 <= counts[0] <= MOST_INPUTS:
        raise UsageError(f"give one number of inputs, at most {MOST_INPUTS}, not {counts}")
    return Samples.sort(arrays, plain)


def _tokens(node: Node, given: Any, vocabulary: dict[Any, int]) -> list[list[Any]]:
    """The samples of a token input; ``vocabulary`` numbers the tokens as they come."""
    what = f"{node['name']}: N lists of token ids or of strings"
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UsageError(f"{what}, not {given!r}")
    samples = []
    for sample in given:
        if isinstance(sample, str) or not isinstance(sample, Iterable):
            raise UsageError(f"{what}; split {sample!r} into tokens first")
        samples.append([_token(token, what) for token in sample])
        if not samples[-1]:
            raise UsageError(f"{node['name']}: sample {len(samples) - 1} has no tokens")
        for token in samples[-1]:
            vocabulary.setdefault(token, len(vocabulary))
    return samples


def _token(token: Any, what: str) -> int | str:
    """A token id or a string, as Python has them."""
    if isinstance(token, str):
        return str(token)
    if isinstance(token, int | np.integer) and not isinstance(token, bool):
        return int(token)
    raise UsageError(f"{what}, not {token!r}")


def _dense(node: Node, given: Any) -> list[Array]:
    """The samples of a dense input: a vector, a sequence or a grid of vectors each."""
    dim = node.width if isinstance(node.width, int) else None
    axes = ", ".join([*map(str, node.positions), str(dim or "d")])
    what = f"{node['name']}: " + (
        f"N arrays of shape ({axes})" if node.positions else f"an array of shape (N, {axes})"
    )
    samples: list[Array] = []
    for sample in given if isinstance(given, Iterable) else ():
        try:
            array = np.asarray(sample, dtype=float)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{what}, and sample {len(samples)} is none: {error}") from None
        width = array.shape[-1:]
        fits = not samples or samples[0].shape[-1:] == width
        if array.ndim != 1 + len(node.positions) or not array.size or not fits:
            raise UsageError(f"{what}, and sample {len(samples)} has the shape {array.shape}")
        if dim is not None and width != (dim,):
            raise UsageError(f"{what}, and sample {len(samples)} has the shape {array.shape}")
        if not np.isfinite(array).all():
            raise UsageError(f"{what}, and sample {len(samples)} has entries that are inf or nan")
        samples.append(array)
    return samples


def _require_lengths(node: Node, shape: Extent) -> None:
    for axis, size in zip(node.positions, shape, strict=True):
        if axis.is_Integer and axis != size:
            raise UsageError(f"{node['name']}: the graph's length is {axis}, not {size}")


def random_inputs(graph: Graph, rng: np.random.Generator) -> dict[str, Any]:
    """Rows from N(0, I), and tokens of a small vocabulary, so that some are equal.

    Each input has its own length, and sequences differ in theirs where the graph allows it.
    """
    lengths = list(islice(cycle(_possible_lengths(graph)), SAMPLES))
    found: dict[str, Any] = {}
    for node in graph.inputs:
        shapes = [_fixed(node, length) for length in lengths]
        dim = node.width if isinstance(node.width, int) else DIMENSION
        if node.is_one_hot:
            samples = [rng.integers(VOCABULARY, size=shape).tolist() for shape in shapes]
        else:
            samples = [rng.standard_normal((*shape, dim)) for shape in shapes]
        found[str(node["name"])] = samples
    return found


def _possible_lengths(graph: Graph) -> Sequence[int]:
    """A few lengths that every window of the graph can have."""
    if all(axis.is_Integer for node in graph.inputs for axis in node.positions):
        return [1]
    found: list[int] = []
    for length in range(SHORTEST, LONGEST + 1):
        lengths = {str(node["name"]): _fixed(node, length) for node in graph.inputs}
        try:
            sizes = extents(graph, lengths).values()
        except UsageError:
            continue
        if all(min(extent, default=1) > 0 for extent in sizes):
            found.append(length)
        if len(found) == DIFFERENT:
            break
    if not found:
        raise UsageError(f"no length up to {LONGEST} suits every window: give inputs")
    return found


def _fixed(node: Node, length: sp.Expr | int) -> Extent:
    """The lengths of an input's axes where those that are open have the given one."""
    return tuple(int(axis) if axis.is_Integer else int(length) for axis in node.positions)
