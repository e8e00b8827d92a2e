"""The language in which a network is written down: it reads like the formula in a paper.

x = vector("x"); W, v = weights("W v"); (b,) = biases("b")
f = graph(v @ relu(W @ x + b))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.nodes import Node, Width
from symntk.graph.weights import Bias, Number, Parametrization, Scale, Weight, number

_DEPTH: ContextVar[int] = ContextVar("repeat_depth", default=0)


def vector(name: str, dim: int | None = None) -> Node:
    """A dense input x in R^dim; its kernel is x . x' / dim.  ``dim`` may stay open."""
    width: Width = dim if dim is not None else f"d:{name}"
    return Node("input", settings=(("name", name),), width=width, name=name)


def weights(
    names: str,
    std: Scale | Number | None = None,
    *,
    width: int | None = None,
    trainable: bool = True,
    parametrization: Parametrization = "ntk",
) -> tuple[Weight, ...]:
    """Weight matrices, one for each of the space-separated ``names``.

    ``std`` is their standard deviation sigma: a number, or a `Scale` to share one symbol.
    Without it each weight W has the symbol sigma_W of value 1.
    """
    return tuple(
        Weight(name, _scale(name, std), width, trainable, parametrization) for name in names.split()
    )


def biases(
    names: str,
    std: Scale | Number | None = None,
    *,
    trainable: bool = True,
    parametrization: Parametrization = "ntk",
) -> tuple[Bias, ...]:
    """Bias vectors, one for each of the space-separated ``names``; ``std`` as in `weights`."""
    return tuple(
        Bias(name, _scale(name, std), trainable, parametrization) for name in names.split()
    )


def matmul(weight: Weight, node: Node) -> Node:
    """The matrix product std / sqrt(fan_in) * W h; also written ``W @ h``."""
    if node.width == "scalar":
        raise GraphError(f"{weight.name} @ ...: a matrix product takes a vector, not a scalar")
    width: Width = weight.width if weight.width is not None else "n"
    return Node("matmul", (node,), weight, width=width)


def add(*terms: tuple[Node | Bias, Number]) -> Node:
    """The linear combination of ``(vector, coefficient)`` pairs; also written with + - * /.

    Unnamed sums are flattened and equal terms collected, so that a graph has one form.
    """
    collected: dict[Node, sp.Expr] = {}
    for term, coefficient in terms:
        node = Node("bias", parameter=term, width="any") if isinstance(term, Bias) else term
        scale = number(coefficient, "the coefficient of a sum")
        parts = [(node, sp.S.One)]
        if node.op == "sum" and not node.name:
            parts = list(zip(node.inputs, node["coefficients"], strict=True))
        for part, inner in parts:
            collected[part] = collected.get(part, sp.S.Zero) + scale * inner
    kept = {node: value for node, value in collected.items() if value != 0}
    if not kept:
        raise GraphError("a sum cancels to zero: leave it out")
    if len(kept) == 1 and next(iter(kept.values())) == 1:
        return next(iter(kept))
    width = _common_width("a sum", kept)
    return Node("sum", tuple(kept), settings=(("coefficients", tuple(kept.values())),), width=width)


def product(*factors: Node) -> Node:
    """The elementwise product (gating); also written ``u * v``.  A scalar factor is allowed."""
    vectors = [factor for factor in factors if factor.width != "scalar"]
    width = _common_width("an elementwise product", vectors) if vectors else "scalar"
    return Node("product", tuple(factors), width=width)


def elementwise(
    phi: sp.Expr,
    variables: Sequence[sp.Symbol],
    arguments: Sequence[Node],
    label: str = "",
    values: tuple[tuple[sp.Symbol, sp.Expr], ...] = (),
) -> Node:
    """Phi applied to each coordinate: phi is SymPy in ``variables``, one for each argument.

    Other symbols in phi are constants (a slope), and ``values`` says what number each stands for.
    ``label`` is what the formula prints for phi.
    """
    if len(variables) != len(arguments):
        raise GraphError(f"{label or phi} takes {len(variables)} arguments, got {len(arguments)}")
    stray = phi.free_symbols - set(variables) - {symbol for symbol, _ in values}
    if stray:
        raise GraphError(f"{label or phi}: give {', '.join(map(str, stray))} a value first")
    settings = (
        ("phi", phi),
        ("variables", tuple(variables)),
        ("label", label),
        ("values", values),
    )
    width = _common_width(f"{label or phi}(...)", arguments)
    return Node("elementwise", tuple(arguments), settings=settings, width=width)


def concat(*parts: Node) -> Node:
    """Concatenation along the width; parts share the coordinates in proportion to their widths."""
    if len(parts) < 2:
        raise GraphError("concat takes at least two vectors")
    widths = tuple(part.width for part in parts)
    if any(width in ("any", "scalar") for width in widths):
        raise GraphError("concat takes vectors of known width: add a bias to a vector first")
    if len({type(width) for width in widths}) > 1:
        raise GraphError(f"concat: give every part a width or none, not {widths}")
    return Node("concat", parts, width=sum(widths) if isinstance(widths[0], int) else widths)  # type: ignore[arg-type]


def layer_norm(node: Node, eps: Number = 0) -> Node:
    """(h - mean h) / sqrt(var h + eps) over the coordinates of h; no gain, no bias."""
    settings = (("eps", number(eps, "eps")),)
    return Node("layer_norm", (node,), settings=settings, width=node.width)


def rms(node: Node) -> Node:
    """The scalar sqrt(|h|^2 / n), which converges to a constant as the width grows."""
    return Node("rms", (node,), width="scalar")


def repeat(block: Callable[[Node], Node], start: Node, times: int | sp.Symbol | str) -> Node:
    """``block`` applied ``times`` times to ``start``, with fresh weights in each block.

    ``times`` is a number, or a symbol (or its name) for a derivation at any depth.
    """
    count = sp.Symbol(times, integer=True, positive=True) if isinstance(times, str) else times
    if not isinstance(count, sp.Symbol) and (isinstance(count, bool) or count < 0):
        raise GraphError(f"a block is repeated a whole number of times, not {times}")
    depth = _DEPTH.get()
    token = _DEPTH.set(depth + 1)
    try:
        placeholder = Node("block_input", settings=(("depth", depth),), width=start.width)
        body = block(placeholder)
    finally:
        _DEPTH.reset(token)
    if count == 0:
        return start
    if body.width != start.width:
        raise GraphError(
            f"a repeated block must keep the width: it takes {start.width} and gives {body.width}"
        )
    settings: tuple[tuple[str, Any], ...]
    settings = (("body", body), ("placeholder", placeholder), ("times", sp.S(count)))
    return Node("repeat", (start,), settings=settings, width=start.width)


def _scale(name: str, std: Scale | Number | None) -> Scale:
    if isinstance(std, Scale):
        return std
    return Scale.of(f"sigma_{name}", 1 if std is None else std)


def _common_width(what: str, nodes: Iterable[Node]) -> Width:
    widths = {node.width for node in nodes} - {"any"}
    if not widths:
        return "any"
    if len(widths) > 1:
        raise GraphError(f"{what} needs vectors of one width, got {sorted(map(str, widths))}")
    return widths.pop()
