"""A graph written as a model document, which `symntk.importers.document` reads back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import sympy as sp

from symntk.activations import activation, format_activation
from symntk.errors import SymntkError, UsageError
from symntk.graph import Graph, Node, Scale, Weight, ancestors
from symntk.importers.formula import OPERATIONS

MAX_HEIGHT = 6
"""Most operations that are written inside each other before a part gets an equation of its own."""

_SUM, _PRODUCT, _ATOM = 1, 2, 3

_HEAD = re.compile(r"[^\W\d]\w*(\([^()]*\))?")
"""What can stand before the arguments of a call, see `symntk.importers.formula`."""


def write_document(graph: Graph) -> dict[str, Any]:
    """The document of ``graph``, made of mappings, lists, text and numbers alone."""
    return _Writer(graph).document()


class _Writer:
    """Writes equations, and collects what they refer to."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants: dict[str, Any] = {}
        self.activations: dict[str, Any] = {}
        inputs = [str(node["name"]) for node in graph.inputs]
        self.taken = {*inputs, *graph.parameters, *OPERATIONS}

    def document(self) -> dict[str, Any]:
        graph = self.graph
        equations = self.equations(graph.output, {}, "f")
        scales: dict[str, Scale] = {p.std.symbol.name: p.std for p in graph.parameters.values()}
        sections: dict[str, Any] = {
            "title": graph.title,
            "inputs": _inputs(graph),
            "scales": {name: _number(scale.value) for name, scale in scales.items()},
            "constants": self.constants,
            "activations": self.activations,
            "weights": {n: _parameter(p) for n, p in graph.parameters.items() if _is_weight(p)},
            "biases": {n: _parameter(p) for n, p in graph.parameters.items() if not _is_weight(p)},
            "equations": equations,
        }
        return {name: section for name, section in sections.items() if section}

    # equations

    def equations(self, output: Node, outer: dict[Node, str], result: str) -> dict[str, Any]:
        """One equation for each vector that needs a name, in order, ``output`` last."""
        names = dict(outer)
        lines: dict[str, Any] = {}
        for node in self.named_vectors(output, names):
            name = self.fresh(self.graph.names.get(node, "h"))
            lines[name] = self.right_side(node, names)
            names[node] = name
        name = self.fresh(output.name or result)
        lines[name] = self.right_side(output, names)
        return lines

    def named_vectors(self, output: Node, known: dict[Node, str]) -> Iterator[Node]:
        """Vectors that the user named, that are used twice, repeated, or deep in a formula."""
        nodes = [node for node in ancestors(output) if node not in known]
        uses = Counter(child for node in nodes for child in node.inputs)
        height: dict[Node, int] = {}
        for node in nodes:
            height[node] = 1 + max((height.get(child, 0) for child in node.inputs), default=-1)
            simple = node.op in ("input", "bias", "block_input")
            if node == output or simple:
                continue
            if node.name or uses[node] > 1 or node.op == "repeat" or height[node] >= MAX_HEIGHT:
                height[node] = 0
                yield node

    def fresh(self, name: str) -> str:
        candidates = (name, *(f"{name}_{n}" for n in range(2, 2 + len(self.taken))))
        free = (c for c in candidates if c.isidentifier() and c not in self.taken)
        found = next(free, None) or next(
            n for n in map("h{}".format, count(1)) if n not in self.taken
        )
        self.taken.add(found)
        return found

    def right_side(self, node: Node, names: dict[Node, str]) -> Any:
        if node.op != "repeat":
            return self.write({n: name for n, name in names.items() if n != node}, node)[0]
        argument = self.fresh("z")
        placeholder, body, times = node["placeholder"], node["body"], node["times"]
        return {
            "repeat": int(times) if times.is_Integer else str(times),
            "start": self.write(names, node.inputs[0])[0],
            "as": argument,
            "equations": self.equations(body, names | {placeholder: argument}, "out"),
        }

    # formulas

    def write(self, names: dict[Node, str], node: Node) -> tuple[str, int]:
        """The formula of ``node`` and how tightly it binds."""
        if node in names:
            return names[node], _ATOM
        match node.op:
            case "input":
                return str(node["name"]), _ATOM
            case "bias":
                return str(node.parameter), _ATOM
            case "matmul":
                return f"{node.parameter} @ {self.inside(names, node.inputs[0], _ATOM)}", _PRODUCT
            case "product":
                # a bracket around a product keeps its grouping
                return " * ".join(self.inside(names, part, _ATOM) for part in node.inputs), _PRODUCT
            case "sum":
                return self.write_sum(names, node), _SUM
        arguments = [self.write(names, child)[0] for child in node.inputs]
        if node.op == "layer_norm" and node["eps"] != 0:
            arguments.append(f"eps={self.scalar(node['eps'])}")
        head = self.head(node) if node.op == "elementwise" else node.op
        if head not in OPERATIONS and node.op != "elementwise":
            raise UsageError(f"{self.graph.names[node]}: {node.op} has no formula in a model file")
        return f"{head}({', '.join(arguments)})", _ATOM

    def inside(self, names: dict[Node, str], node: Node, binding: int) -> str:
        text, strength = self.write(names, node)
        return text if strength >= binding else f"({text})"

    def write_sum(self, names: dict[Node, str], node: Node) -> str:
        text = ""
        for term, coefficient in zip(node.inputs, node["coefficients"], strict=True):
            size = abs(coefficient)
            written = self.inside(names, term, _PRODUCT if size == 1 else _ATOM)
            if size != 1:
                written = f"{self.scalar(size)} * {written}"
            sign = " - " if coefficient.is_negative else " + "
            text += sign + written
        return text[3:] if text.startswith(" + ") else "-" + text[3:]

    def scalar(self, value: sp.Expr) -> str:
        """A number in a formula; one that is neither a float nor a fraction gets a name."""
        if value.is_Rational or value.is_Float:
            return str(_number(value))
        exact = format_activation(value)
        for name, known in self.constants.items():
            if known == exact:
                return name
        name = self.fresh(f"c{len(self.constants) + 1}")
        self.constants[name] = exact
        return name

    def head(self, node: Node) -> str:
        """What a formula calls the function of an elementwise node."""
        label = str(node["label"])
        if _HEAD.fullmatch(label) and _means(label, node):
            return label
        entry = _own_function(node, label)
        for name, known in self.activations.items():
            if known == entry:
                return name
        name = self.fresh("phi")
        self.activations[name] = entry
        return name


def _means(label: str, node: Node) -> bool:
    """Whether ``label`` alone, read as an activation, gives the function of ``node``."""
    try:
        return len(node.inputs) == 1 and activation(label)(node.inputs[0]) == node
    except SymntkError:
        return False


def _own_function(node: Node, label: str) -> Any:
    if _means(label, node):
        return label
    entry = {
        "arguments": " ".join(symbol.name for symbol in node["variables"]),
        "formula": format_activation(node["phi"]),
        "constants": {symbol.name: _number(value) for symbol, value in node["values"]},
        "label": label,
    }
    return {key: value for key, value in entry.items() if value}


def _inputs(graph: Graph) -> Any:
    """The inputs' names, with their dimensions where there are any."""
    widths = {
        str(node["name"]): node.width if isinstance(node.width, int) else None
        for node in graph.inputs
    }
    return widths if any(widths.values()) else list(widths)


def _is_weight(parameter: object) -> bool:
    return isinstance(parameter, Weight)


def _parameter(parameter: Any) -> Any:
    """The scale's name alone, where that says everything."""
    entry = {"std": parameter.std.symbol.name}
    if not parameter.trainable:
        entry["trainable"] = False
    if parameter.parametrization != "ntk":
        entry["parametrization"] = parameter.parametrization
    if _is_weight(parameter) and parameter.width is not None:
        entry["width"] = parameter.width
    return entry if len(entry) > 1 else entry["std"]


def _number(value: sp.Expr) -> int | float | str:
    """A number that a document holds as it is, else exact text."""
    if value.is_Integer:
        return int(value)
    if value.is_Float:
        return float(value)
    return f"{value.p}/{value.q}" if value.is_Rational else format_activation(value)
