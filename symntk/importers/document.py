"""Model documents: what a YAML or JSON file holds, and the graph that it means.

    title: a gated network                  # optional
    inputs: [x]                             # or {x: 3}, with their dimensions
    scales: {sigma_w: sqrt(2)}              # standard deviations that several weights share
    constants: {half: 1/2}                  # numbers for use in formulas
    activations: {phi: x*tanh(x)}           # the user's own, in the activation syntax
    weights: {W: sigma_w, U: 1.5, v: null}  # by scale, by standard deviation, or with 1
    biases: {b: {std: 0.1, trainable: false}}
    equations:                              # in order; the last one is the output
      h: phi(W @ x + b) * relu(U @ x)
      r: {repeat: L - 1, start: h, as: z, equations: {...}}
      f: v @ h

Text between numbers is exact (``1/10``, ``sqrt(2)``), a YAML or JSON number is a float.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from symntk.activations import activation, parse_activation
from symntk.activations.resolution import KNOWN
from symntk.errors import SymntkError, UsageError
from symntk.graph import Bias, Graph, Node, Scale, Weight, elementwise, repeat, vector
from symntk.graph.weights import number
from symntk.importers.formula import OPERATIONS, Function, Value, read_formula

_SECTIONS = (
    "title", "inputs", "scales", "constants", "activations", "weights", "biases", "equations",
)  # fmt: skip
_PARAMETER = ("std", "width", "trainable", "parametrization")
_REPEAT = ("repeat", "start", "as", "equations")
_ACTIVATION = ("arguments", "formula", "constants", "label")


def read_document(document: object, where: str) -> Graph:
    """The graph that ``document`` means; ``where`` names the document in errors.

    Raises UsageError, naming the entry, for anything that is not such a document.
    """
    return _Reader(where).graph(document)


class _Reader:
    """Reads the sections of one document, in the order in which they can refer to each other."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.scales: dict[str, Scale] = {}
        self.functions: dict[str, Function] = {}

    def graph(self, document: object) -> Graph:
        sections = self.mapping(document, "the document", _SECTIONS)
        self.scales = {
            name: self.within(f"scale {name}", Scale.of, name, self.number(value, f"scale {name}"))
            for name, value in self.entries(sections, "scales")
        }
        for name, value in self.entries(sections, "activations"):
            self.functions[name] = self.within(f"activation {name}", self.own_function, value, name)
        scope: dict[str, Value] = {}
        for section, read in self.declarations.items():
            for name, value in self.entries(sections, section):
                self.declare(scope, name, self.within(f"{section} {name}", read, name, value))
        output = self.equations(sections.get("equations"), scope)
        title = sections.get("title") or ""
        if not isinstance(title, str):
            raise self.problem("title", "must be text")
        network: Graph = self.within("the network", Graph, output, title)
        return network

    @property
    def declarations(self) -> Mapping[str, Callable[[str, Any], Value]]:
        """How an entry of each declaring section is read."""
        return {
            "inputs": vector,
            "constants": lambda name, value: self.number(value, f"constant {name}"),
            "weights": lambda name, value: Weight(name, **self.parameter(value, name)),
            "biases": lambda name, value: Bias(name, **self.parameter(value, name)),
        }

    # pieces of a document

    def problem(self, place: str, what: str) -> UsageError:
        return UsageError(f"{self.where}: {place}: {what}")

    def within(self, place: str, run: Callable[..., Any], *arguments: object) -> Any:
        """``run(*arguments)``, its errors told where they happened."""
        try:
            return run(*arguments)
        except SymntkError as error:
            if str(error).startswith(f"{self.where}: "):
                raise
            raise self.problem(place, str(error)) from error

    def mapping(self, value: object, place: str, keys: tuple[str, ...] = ()) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.problem(place, f"must be a mapping, not {value!r}")
        for key in value:
            if not isinstance(key, str):
                raise self.problem(place, f"the name {key!r} is no text: put it in quotes")
            if keys and key not in keys:
                raise self.problem(place, f"unknown entry {key!r}; there are {', '.join(keys)}")
        return value

    def entries(self, sections: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
        section = sections.get(name) or {}
        if isinstance(section, list) and name == "inputs":
            section = dict.fromkeys(section)
        return list(self.mapping(section, name).items())

    def number(self, value: object, place: str) -> sp.Expr:
        """A number as it stands, or exact text such as ``sqrt(2)``."""
        if isinstance(value, str):
            exact: sp.Expr = self.within(place, parse_activation, value)
            if exact.free_symbols:
                raise self.problem(place, f"must be a number, not {value}")
            value = exact
        if isinstance(value, bool) or not isinstance(value, int | float | sp.Expr):
            raise self.problem(place, f"must be a number, not {value!r}")
        found: sp.Expr = self.within(place, number, value, place)
        return found

    def parameter(self, value: object, name: str) -> dict[str, Any]:
        options = {"std": value}
        if isinstance(value, dict):
            options = self.mapping(value, name, _PARAMETER)
        std = options.get("std")
        if isinstance(std, str) and std in self.scales:
            scale = self.scales[std]
        else:
            scale = Scale.of(f"sigma_{name}", 1 if std is None else self.number(std, name))
        return options | {"std": scale}

    def own_function(self, value: object, name: str) -> Function:
        if isinstance(value, str):
            return activation(value)
        options = self.mapping(value, name, _ACTIVATION)
        arguments = str(options.get("arguments", "x")).split()
        constants = {
            sp.Symbol(key, real=True): self.number(entry, key)
            for key, entry in self.mapping(options.get("constants") or {}, name).items()
        }
        variables = [sp.Symbol(argument, real=True) for argument in arguments]
        symbols = {symbol.name: symbol for symbol in [*variables, *constants]}
        phi = parse_activation(str(options.get("formula", "")), KNOWN, symbols)
        label = str(options.get("label", ""))
        return lambda *nodes: elementwise(phi, variables, nodes, label, tuple(constants.items()))

    def function(self, head: str) -> Function:
        return self.functions.get(head) or activation(head)

    def declare(self, scope: dict[str, Value], name: str, value: Value) -> None:
        if name in scope:
            raise self.problem(name, "is declared twice")
        if not name.isidentifier() or name in OPERATIONS:
            raise self.problem(name, "is no name: use letters, digits and _, a letter first")
        scope[name] = value

    # equations

    def equations(self, section: object, outer: Mapping[str, Value]) -> Node:
        """The vector of the last equation."""
        equations = self.mapping(section, "equations")
        if not equations:
            raise self.problem("equations", "there are none")
        scope = dict(outer)
        for name, entry in equations.items():
            node: Node = self.within(f"equation {name}", self.equation, entry, name, scope)
            self.declare(scope, name, node.named(name))
        return node

    def equation(self, entry: object, name: str, scope: Mapping[str, Value]) -> Node:
        if isinstance(entry, str):
            return self.vector(entry, name, scope)
        block = self.mapping(entry, name, _REPEAT)
        missing = [key for key in _REPEAT if key not in block]
        if missing:
            raise self.problem(f"equation {name}", f"a repeated block needs {missing[0]!r}")
        argument = str(block["as"])

        def body(h: Node) -> Node:
            inner = dict(scope)
            self.declare(inner, argument, h)
            return self.equations(block["equations"], inner)

        start = self.vector(str(block["start"]), name, scope)
        return repeat(body, start, self.count(str(block["repeat"])))

    def vector(self, text: str, name: str, scope: Mapping[str, Value]) -> Node:
        value = read_formula(text, scope, self.function)
        if not isinstance(value, Node):
            raise self.problem(f"equation {name}", f"{text!r} is no vector")
        return value

    def count(self, text: str) -> sp.Expr:
        """A number of times: a number, or a formula in a letter such as ``L - 1``."""
        letters = {name: sp.Symbol(name, integer=True, positive=True) for name in _names(text)}
        value = read_formula(text, letters, self.function)
        if not isinstance(value, sp.Expr) or value.is_integer is False:
            raise self.problem("repeat", f"{text!r} is no whole number of times")
        return int(value) if value.is_Integer else value


def _names(text: str) -> list[str]:
    return [
        part for part in "".join(c if c.isalnum() else " " for c in text).split() if part.isalpha()
    ]
