"""Documents: what a YAML or JSON file holds, and the graph that it means.

    symntk: 1
    title: gated perceptron
    inputs: {x: {dim: 4}}                     # the dimension may stay open: {x: {}}, or [x]
    weights:                                  # every setting may be left out
      W: {std: sqrt(2), symbol: sigma_w, width: 16, trainable: true, parametrization: ntk}
      v: {}
    biases: {b: {std: 0.1}}
    activations:                              # the user's own; known names need no entry
      phi: x*tanh(x)
      gate(a, b): a*sigmoid(b)
    network:                                  # a formula for each vector, the output f or last
      z1: W @ x + b
      f: v @ phi(z1)

A block that needs several lines stands before its use, as a function of a vector:

    network:
      block(h):
        g: B @ h
        out: h + A @ (g * relu(g))
      z: repeat(block, z1, times=L)

An input is a vector, or of another kind:

    inputs:
      x: tokens                               # or {kind: tokens, length: 8}
      y: {kind: sequence, dim: 4, length: 8}
      z: {kind: image, channels: 3, shape: [32, 32]}

A loop over time is a block as well, of its state:

    network:
      cell(h):
        g: W @ h + U @ (E @ x)
        out: sigmoid_like(g) * tanh(g)
      f: v @ scan(cell).last()

Numbers are exact: 0.1 is 1/10, and text such as ``sqrt(2)`` is what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeVar

from symntk.activations.resolution import KNOWN
from symntk.errors import SymntkError
from symntk.graph import Bias, Graph, Node, Scale, Weight
from symntk.graph.naming import require_name
from symntk.importers.fields import Entry
from symntk.importers.functions import read_function
from symntk.importers.inputs import read_input
from symntk.importers.meaning import read_formula
from symntk.importers.operations import NAMES
from symntk.importers.parts import SCALARS
from symntk.importers.scope import Block, Function, Scope, Value

VERSION = 1
"""The version of the format."""

SECTIONS = ("symntk", "title", "inputs", "weights", "biases", "activations", "network")
PARAMETER = ("std", "symbol", "width", "trainable", "parametrization")

RESERVED = frozenset({*NAMES, "pi"})
"""Names that no function of a document can have; a vector may be called attention."""

T = TypeVar("T")

_HEAD = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<arguments>[^()]*)\)\s*)?")


def read_document(document: object, source: str) -> Graph:
    """The graph that ``document`` means; errors call the document ``source``.

    Raises SyntaxProblem for text that is no formula, GraphError, naming the entry, for anything
    else that is no such document.
    """
    return _Reader(Entry(source, "", document)).graph()


class _Reader:
    """Reads the sections of one document, in the order in which they refer to each other."""

    def __init__(self, document: Entry) -> None:
        self.document = document
        self.sections = document.mapping(SECTIONS)
        self.declared: dict[str, Entry] = {}

    def graph(self) -> Graph:
        self.check_version()
        values: dict[str, Value] = {}
        for section, read in (
            ("inputs", self.input),
            ("weights", self.weight),
            ("biases", self.bias),
        ):
            for name, entry in self.entries(section).items():
                self.declare(name, entry)
                values[name] = read(name, entry)
        own = self.section("activations").mapping()
        functions = dict(self.function(key, entry) for key, entry in own.items())
        scope = Scope(values, functions)
        output = self.network(self.section("network"), scope)
        self.check_use(scope)
        title = self.sections["title"].text() if "title" in self.sections else ""
        graph = self.built(self.document, Graph, output, title)
        self.built(self.document, getattr, graph, "values")  # one symbol, one value
        return graph

    def check_version(self) -> None:
        version = self.sections.get("symntk")
        if version is None:
            raise self.document.problem(f"this is no model file: it lacks 'symntk: {VERSION}'")
        if version.whole() != VERSION:
            raise version.problem(
                f"this is format {version.value}, and this program reads format {VERSION}"
            )

    def section(self, name: str) -> Entry:
        return self.sections.get(name) or Entry(self.document.source, name, None)

    def entries(self, name: str) -> dict[str, Entry]:
        """The entries of a section; a list of names stands for names without settings."""
        section = self.section(name)
        if isinstance(section.value, list):
            names = [Entry(section.source, name, key).text() for key in section.value]
            if len(set(names)) < len(names):
                raise section.problem("a name is given twice")
            return {key: Entry(section.source, f"{name}.{key}", None) for key in names}
        return section.mapping()

    def declare(self, name: str, entry: Entry, reserved: Collection[str] = ("pi",)) -> None:
        """Remember a name; refuse it where it has a meaning already."""
        if name in reserved:
            raise entry.problem(f"'{name}' is a word of the language: choose another name")
        self.built(entry, require_name, name, "this")
        if name in self.declared:
            raise entry.problem(f"'{name}' stands under {self.declared[name].path} already")
        self.declared[name] = entry

    # declarations

    def input(self, name: str, entry: Entry) -> Node:
        return self.built(entry, read_input, name, entry)

    def weight(self, name: str, entry: Entry) -> Weight:
        return self.built(entry, Weight, name, **self.parameter(name, entry, PARAMETER))

    def bias(self, name: str, entry: Entry) -> Bias:
        known = tuple(key for key in PARAMETER if key != "width")
        return self.built(entry, Bias, name, **self.parameter(name, entry, known))

    def parameter(self, name: str, entry: Entry, known: tuple[str, ...]) -> dict[str, object]:
        """The settings of a weight or bias; a number alone is its standard deviation."""
        if entry.value is not None and not isinstance(entry.value, dict):
            fields = {"std": entry}
        else:
            fields = entry.mapping(known)
        symbol = fields["symbol"].text() if "symbol" in fields else f"sigma_{name}"
        std = fields["std"].number() if "std" in fields else 1
        scale = self.built(fields.get("std", entry), Scale.of, symbol, std)
        found: dict[str, object] = {"std": scale}
        if "width" in fields:
            found["width"] = fields["width"].whole()
        if "trainable" in fields:
            found["trainable"] = fields["trainable"].truth()
        if "parametrization" in fields:
            found["parametrization"] = fields["parametrization"].text()
        return found

    def function(self, key: str, entry: Entry) -> tuple[str, Function]:
        name, arguments = self.head(key, entry)
        self.declare(name, entry, RESERVED)
        if name in KNOWN or name in SCALARS:
            raise entry.problem(f"'{name}' is a known function: choose another name")
        return name, self.built(entry, read_function, name, arguments, entry)

    def head(self, key: str, entry: Entry) -> tuple[str, tuple[str, ...] | None]:
        """``name`` or ``name(argument, ...)``"""
        match = _HEAD.fullmatch(key)
        if match is None:
            raise entry.problem(f"'{key}' is no name, and not of the form name(h)")
        name, arguments = match["name"], match["arguments"]
        self.built(entry, require_name, name, "a line")
        if arguments is None:
            return name, None
        return name, tuple(part.strip() for part in arguments.split(","))

    def built(
        self, entry: Entry, build: Callable[..., T], *arguments: object, **options: object
    ) -> T:
        """``build(...)``, its errors told as those of the entry."""
        try:
            return build(*arguments, **options)
        except SymntkError as error:
            placed = entry.placed(error)
            if placed is error:
                raise
            raise placed from error

    # the network

    def network(self, section: Entry, scope: Scope) -> Node:
        entries = section.mapping()
        lines = [key for key in entries if "(" not in key]
        if not lines:
            raise section.problem("there is no formula; the last one, or f, is the output")
        output = "f" if "f" in lines else lines[-1]
        return self.lines(entries, output, scope, is_whole=True)

    def lines(
        self, entries: dict[str, Entry], output: str, scope: Scope, is_whole: bool = False
    ) -> Node:
        """The vector of the line ``output``, every line being able to use earlier ones.

        The whole network's output is called f of itself.
        """
        outer, result = scope, None
        for key, entry in entries.items():
            name, arguments = self.head(key, entry)
            if name in scope or name == "pi" or (arguments is not None and name in RESERVED):
                raise entry.problem(f"'{name}' has a meaning already: choose another name")
            if arguments is not None:
                scope = scope.with_block(name, self.block(name, arguments, entry, scope))
                continue
            node = self.built(entry, read_formula, entry.text(), scope)
            if not (is_whole and name == output == "f"):
                node = self.built(entry, node.named, name)
            scope = scope.with_value(name, node)
            if name == output:
                result = node
        for key, entry in entries.items():
            name = self.head(key, entry)[0]
            if name not in scope.used and name != output:
                raise entry.problem(f"{name} is never used: remove it")
        assert result is not None
        scope.used.difference_update(set(scope.values) - set(outer.values))
        return result

    def block(self, name: str, arguments: tuple[str, ...], entry: Entry, scope: Scope) -> Block:
        """A function of vectors, read once for each of its uses."""
        entries = entry.mapping()
        lines = [key for key in entries if "(" not in key]
        if len(set(arguments)) < len(arguments) or not all(map(str.isidentifier, arguments)):
            raise entry.problem(f"a block takes vectors, each with a name: write {name}(h)")
        if not lines:
            raise entry.problem("the block has no formula; the last one is what it returns")

        def apply(*vectors: Node) -> Node:
            inner = scope
            for argument, vector in zip(arguments, vectors, strict=True):
                inner = inner.with_value(argument, vector)
            return self.lines(entries, lines[-1], inner)

        return Block(len(arguments), apply)

    def check_use(self, scope: Scope) -> None:
        for name, entry in self.declared.items():
            if name not in scope.used:
                raise entry.problem(f"{name} is never used: remove it")
