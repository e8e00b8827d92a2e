"""From a graph to the document that `symntk.importers.reading` reads back as an equal graph."""

from __future__ import annotations

from decimal import Decimal

import sympy as sp

from symntk.activations import activation, format_activation
from symntk.activations.resolution import KNOWN
from symntk.errors import SymntkError, UsageError
from symntk.graph import Graph, Node, Parameter, Weight
from symntk.graph.formula import is_call
from symntk.graph.listing import Definition, Function, Line, list_network
from symntk.graph.numerals import decimal
from symntk.importers.inputs import write_input
from symntk.importers.parts import SCALARS
from symntk.importers.plain import Plain
from symntk.importers.reading import RESERVED, VERSION, read_document


def write_document(graph: Graph) -> dict[str, Plain]:
    """The document of ``graph``.

    Raises UsageError where the graph holds something that the format cannot express: nothing is
    lost in silence.
    """
    taken = {*graph.parameters, *(str(node["name"]) for node in graph.inputs)}
    listing = list_network(
        graph.output,
        graph.names,
        graph.given_names,
        {*taken, *KNOWN, *SCALARS, *RESERVED},
        _is_known,
        _write_number,
    )
    weights: dict[str, Plain] = {}
    biases: dict[str, Plain] = {}
    for name, parameter in graph.parameters.items():
        section = weights if isinstance(parameter, Weight) else biases
        section[name] = _parameter(parameter)
    sections: dict[str, Plain] = {
        "title": graph.title,
        "inputs": _declared({str(node["name"]): write_input(node) for node in graph.inputs}),
        "weights": _declared(weights),
        "biases": _declared(biases),
        "activations": dict(map(_function, listing.functions)),
        "network": dict(map(_line, listing.lines)),
    }
    document = {"symntk": VERSION, **{key: value for key, value in sections.items() if value}}
    _require_equal(graph, document)
    return document


def _require_equal(graph: Graph, document: dict[str, Plain]) -> None:
    """Read the document back, so that a file is only written if it says everything."""
    try:
        copy = read_document(document, "the written model")
    except SymntkError as error:
        raise UsageError(f"this graph cannot be written to a file: {error}") from error
    lost = [name for node, name in graph.given_names.items() if copy.names.get(node) != name]
    if copy != graph or dict(copy.values) != dict(graph.values) or lost:
        what = f"the name {lost[0]}" if lost else "part of it"
        raise UsageError(f"this graph cannot be written to a file: {what} would be lost")


def _declared(entries: dict[str, Plain]) -> Plain:
    """A list of names, where none has settings."""
    return entries if any(entries.values()) else list(entries)


def _parameter(parameter: Parameter) -> Plain:
    """The settings that are not the default."""
    settings: dict[str, Plain] = {}
    if parameter.std.value != 1:
        settings["std"] = _plain_number(parameter.std.value)
    if parameter.std.symbol.name != f"sigma_{parameter.name}":
        settings["symbol"] = parameter.std.symbol.name
    if isinstance(parameter, Weight) and parameter.width is not None:
        settings["width"] = parameter.width
    if not parameter.trainable:
        settings["trainable"] = False
    if parameter.parametrization != "ntk":
        settings["parametrization"] = parameter.parametrization
    return settings


def _line(line: Line) -> tuple[str, Plain]:
    if isinstance(line, Definition):
        return line.name, line.text
    return f"{line.name}({line.argument})", dict(map(_line, line.lines))


def _function(function: Function) -> tuple[str, Plain]:
    node = function.node
    formula = format_activation(node["phi"])
    head = function.name
    if function.variables != ("x",):
        head += f"({', '.join(function.variables)})"
    constants = {symbol.name: _constant(symbol, value) for symbol, value in node["values"]}
    return head, {"formula": formula, "constants": constants} if constants else formula


def _constant(symbol: sp.Symbol, value: sp.Expr) -> Plain:
    number = _plain_number(value)
    return {"value": number, "positive": True} if symbol.is_positive else number


def _is_known(node: Node) -> bool:
    """Whether the label alone, read as an activation, gives the node's function."""
    label = str(node["label"])
    if not is_call(label) or len(node.inputs) != 1:
        return False
    try:
        return activation(label)(node.inputs[0]) == node
    except SymntkError:
        return False


def _plain_number(value: sp.Expr) -> Plain:
    if value.is_Integer:
        return int(value)
    short = decimal(value)
    return Decimal(short) if short else format_activation(value)


def _write_number(value: sp.Expr) -> str:
    return decimal(value) or format_activation(value)
