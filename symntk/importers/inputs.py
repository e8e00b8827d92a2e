"""Inputs as a document declares them: vectors, sequences of tokens or of vectors, images.

    inputs:
      u: {dim: 4}                                   # a vector
      x: tokens                                     # the same as {kind: tokens}
      y: {kind: sequence, dim: 4, length: 8}
      z: {kind: image, channels: 3, shape: [32, 32]}

Every size may stay open.
"""

from __future__ import annotations

from collections.abc import Callable

from symntk.graph import Node, image, sequence, tokens, vector
from symntk.importers.fields import Entry
from symntk.importers.plain import Plain

KINDS: dict[str, tuple[Callable[..., Node], tuple[str, ...]]] = {
    "vector": (vector, ("dim",)),
    "tokens": (tokens, ("length",)),
    "sequence": (sequence, ("dim", "length")),
    "image": (image, ("channels", "shape")),
}
"""Every kind of input: the function that declares it, and its settings."""


def read_input(name: str, entry: Entry) -> Node:
    """The input that an entry of the section ``inputs`` declares; text alone is its kind."""
    if isinstance(entry.value, str):
        declare, _ = _kind(entry)
        return declare(name)
    fields = entry.mapping()
    declare, settings = _kind(fields["kind"]) if "kind" in fields else KINDS["vector"]
    fields = entry.mapping(("kind", *settings))
    given = {key: fields[key] for key in settings if key in fields}
    return declare(name, **{k: v.wholes() if k == "shape" else v.whole() for k, v in given.items()})


def _kind(entry: Entry) -> tuple[Callable[..., Node], tuple[str, ...]]:
    if entry.text() not in KINDS:
        raise entry.problem(f"unknown kind '{entry.value}'; the kinds are {', '.join(KINDS)}")
    return KINDS[entry.text()]


def write_input(node: Node) -> Plain:
    """The entry that declares ``node``; nothing for a vector of open dimension."""
    kind = "tokens" if node.is_one_hot else ("vector", "sequence", "image")[len(node.positions)]
    lengths = [int(size) for size in node.positions if size.is_Integer]
    sizes: dict[str, Plain] = {}
    for setting in KINDS[kind][1]:
        if setting in ("dim", "channels") and isinstance(node.width, int):
            sizes[setting] = node.width
        elif setting == "length" and lengths:
            sizes[setting] = lengths[0]
        elif setting == "shape" and lengths:
            sizes[setting] = lengths
    if kind == "vector":
        return sizes
    return {"kind": kind, **sizes} if sizes else kind
