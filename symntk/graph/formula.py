"""A graph printed as the formula that it means, in the language it was written in."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from symntk.graph.nodes import Node

_SUM, _PRODUCT, _ATOM = 1, 2, 3


def formula(node: Node, names: Mapping[Node, str] | None = None) -> str:
    """``node`` as one expression; a node in ``names``, below the top, is written by its name."""
    return _write(node, names or {}, top=True)[0]


def describe(node: Node) -> str:
    """How an error speaks of a node: by the name the user gave it, else by its formula."""
    return node.name or formula(node)


def _write(node: Node, names: Mapping[Node, str], top: bool = False) -> tuple[str, int]:
    """The text of ``node`` and how tightly it binds."""
    if not top and node in names:
        return names[node], _ATOM
    match node.op:
        case "input":
            return str(node["name"]), _ATOM
        case "bias":
            return str(node.parameter), _ATOM
        case "block_input":
            return f"h{_depth_mark(node)}", _ATOM
        case "matmul":
            return f"{node.parameter} @ {_inside(node.inputs[0], names, _ATOM)}", _PRODUCT
        case "sum":
            return _write_sum(node, names), _SUM
        case "product":
            factors = [_inside(factor, names, _PRODUCT) for factor in node.inputs]
            return " * ".join(factors), _PRODUCT
        case "elementwise":
            label = str(node["label"]) or "phi"
            return f"{label}({_arguments(node, names)})", _ATOM
        case "repeat":
            return _write_repeat(node, names), _ATOM
        case _:
            return f"{node.op}({_arguments(node, names)})", _ATOM


def _inside(node: Node, names: Mapping[Node, str], binding: int) -> str:
    text, strength = _write(node, names)
    return text if strength >= binding else f"({text})"


def _arguments(node: Node, names: Mapping[Node, str]) -> str:
    arguments = [_write(argument, names)[0] for argument in node.inputs]
    if node.op == "layer_norm" and node["eps"] != 0:
        arguments.append(f"eps={node['eps']}")
    return ", ".join(arguments)


def _write_sum(node: Node, names: Mapping[Node, str]) -> str:
    coefficients = node["coefficients"]
    text = ""
    for term, coefficient in zip(node.inputs, coefficients, strict=True):
        assert isinstance(coefficient, sp.Expr)
        sign = "-" if coefficient.is_negative else "+"
        size = abs(coefficient)
        written = _inside(term, names, _PRODUCT if size != 1 else _SUM)
        if size != 1:
            written = f"{_scalar(size)} * {written}"
        text += f" {sign} {written}"
    return text[3:] if text.startswith(" + ") else "-" + text[3:]


def _scalar(value: sp.Expr) -> str:
    text = f"{float(value):.6g}" if value.is_Float else str(value)
    return f"({text})" if isinstance(value, sp.Add) else text


def _write_repeat(node: Node, names: Mapping[Node, str]) -> str:
    body, placeholder = node["body"], node["placeholder"]
    start = _write(node.inputs[0], names)[0]
    return (
        f"repeat(lambda h{_depth_mark(placeholder)}: {_write(body, names, top=True)[0]}, "
        f"{start}, times={node['times']})"
    )


def _depth_mark(node: Node) -> str:
    depth = node["depth"]
    return "" if depth == 0 else str(depth)
