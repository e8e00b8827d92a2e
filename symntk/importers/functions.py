"""Functions of the user's own, of one variable or several, as a document defines them.

    phi: x*tanh(x)
    gate(a, b): a*sigmoid(b)
    bent: {formula: x + c*sin(x), constants: {c: 1/3}}

A constant keeps its letter in derivations; ``{value: 1/3, positive: true}`` declares its sign.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from symntk.activations import activation, format_activation, parse_activation
from symntk.activations.resolution import KNOWN
from symntk.activations.vocabulary import FUNCTIONS, SEVERAL
from symntk.errors import GraphError
from symntk.gaussian.symbols import x
from symntk.graph import Node, elementwise
from symntk.importers.fields import Entry
from symntk.importers.scope import Function


def read_function(name: str, arguments: tuple[str, ...] | None, entry: Entry) -> Function:
    """The function that an entry of the section ``activations`` defines."""
    fields: Mapping[str, Entry] = {"formula": entry}
    if isinstance(entry.value, dict):
        fields = entry.mapping(("formula", "constants"))
        if "formula" not in fields:
            raise entry.problem("a function needs a formula")
    text = " ".join(fields["formula"].text().split())
    constants = read_constants(fields["constants"]) if "constants" in fields else ()
    variables = tuple(sp.Symbol(letter, real=True) for letter in arguments or ("x",))
    if arguments is None and not constants:
        found = activation(text)
        phi, values = found.phi, tuple(found.defaults.items())
    else:
        letters = {symbol.name: symbol for symbol in (*variables, *dict(constants))}
        _require_letters(letters, len(variables) + len(constants))
        phi, values = parse_activation(text, KNOWN, letters), constants
        stray = sorted(map(str, phi.free_symbols - set(letters.values())))
        if stray:
            raise GraphError(f"{', '.join(stray)} is no argument of {name}({', '.join(letters)})")

    definition = text
    if len(variables) == 1 and variables[0] != x:  # a graph calls a single variable x
        definition = format_activation(phi.xreplace({variables[0]: x}))

    def function(*nodes: Node) -> Node:
        return elementwise(phi, variables, nodes, name, values, definition)

    return function


def read_constants(entry: Entry) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    """The constants of a function and their values."""
    found = []
    for letter, value in entry.mapping().items():
        is_positive = False
        if isinstance(value.value, dict):
            fields = value.mapping(("value", "positive"))
            if "value" not in fields:
                raise value.problem("a constant needs a value")
            is_positive = fields["positive"].truth() if "positive" in fields else False
            value = fields["value"]
        symbol = sp.Symbol(letter, positive=True) if is_positive else sp.Symbol(letter, real=True)
        found.append((symbol, value.number()))
    return tuple(found)


def _require_letters(letters: Mapping[str, sp.Symbol], count: int) -> None:
    """Refuse letters that are the same, or that mean something else."""
    if len(letters) < count:
        raise GraphError("two arguments or constants have one name")
    for letter in letters:
        if not letter.isidentifier() or letter in FUNCTIONS or letter in SEVERAL or letter == "pi":
            raise GraphError(f"'{letter}' cannot name an argument or a constant")
