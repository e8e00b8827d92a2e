"""The language in which a network is written down: it reads like the formula in a paper.

Repeated blocks are in `symntk.graph.repetition`, sequences and grids in `symntk.graph.sequences`,
loops over time in `symntk.graph.recurrence`.

x = vector("x"); W, v = weights("W v"); (b,) = biases("b")
f = graph(v @ relu(W @ x + b))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.naming import require_name
from symntk.graph.nodes import Node, Width, ancestors, describe_width
from symntk.graph.positions import Positions, describe_positions
from symntk.graph.weights import (
    Bias,
    Number,
    Parametrization,
    Scale,
    Weight,
    exact,
    number,
    require_size,
)


def vector(name: str, dim: int | None = None) -> Node:
    """A dense input x in R^dim; its kernel is x . x' / dim.  ``dim`` may stay open."""
    require_name(name, "an input")
    width: Width = f"d:{name}" if dim is None else require_size(dim, f"{name}: a dimension")
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


def matmul(weight: Weight, node: Node, index: int | Node | None = None) -> Node:
    """The matrix product std / sqrt(fan_in) * W h; also written ``W @ h``.

    The fan-in of a one-hot vector counts as 1: E @ x is std times a column of E.
    index: with a number k the matrix W[k], one of a family of independent ones; with a sequence of
    tokens (or positions) a matrix for each token, W[x] @ h.
    """
    if not isinstance(node, Node):
        raise GraphError(f"{weight.name} @ {node!r}: a matrix product takes a vector")
    if node.width == "scalar":
        raise GraphError(f"{weight.name} @ ...: a matrix product takes a vector, not a scalar")
    width: Width = weight.width if weight.width is not None else "n"
    if isinstance(index, Node):
        if not index.is_one_hot:
            raise GraphError(
                f"{weight.name}[...]: a matrix is chosen by tokens or by positions, which are "
                f"one-hot, not by vectors of {describe_width(index.width)}"
            )
        shape = common_positions(f"{weight.name}[...] @ ...", (index, node))
        return Node("matmul", (node, index), weight, width=width, positions=shape)
    settings = () if index is None else (("tap", require_index(index, weight.name)),)
    return Node("matmul", (node,), weight, settings, width, positions=node.positions)


def require_index(index: object, what: str) -> int:
    """``index`` if it is a whole number; GraphError, naming ``what``, if not."""
    if isinstance(index, bool) or not isinstance(index, int):
        raise GraphError(f"{what}[{index!r}]: a weight is indexed by a number or by tokens")
    return index


def add(*terms: tuple[Node | Bias, Number]) -> Node:
    """The linear combination of ``(vector, coefficient)`` pairs; also written with + - * /.

    Unnamed sums are flattened and equal terms collected, so that a graph has one form; but in a
    residual h + A phi(B h) a sum h stays one vector, since the other term uses it too.
    """
    pairs = [(_as_node(term), number(k, "the coefficient of a sum")) for term, k in terms]
    collected: dict[Node, sp.Expr] = {}
    for node, scale in pairs:
        parts = [(node, sp.S.One)]
        if node.op == "sum" and not node.name and not _is_used_in(node, pairs):
            parts = list(zip(node.inputs, node["coefficients"], strict=True))
        for part, inner in parts:
            collected[part] = sp.expand(collected.get(part, sp.S.Zero) + scale * inner)
    kept = {node: value for node, value in collected.items() if value != 0}
    if not kept:
        raise GraphError("a sum cancels to zero: leave it out")
    if len(kept) == 1 and next(iter(kept.values())) == 1:
        return next(iter(kept))
    width = _common_width("a sum", kept)
    shape = common_positions("a sum", kept)
    settings = (("coefficients", tuple(kept.values())),)
    return Node("sum", tuple(kept), settings=settings, width=width, positions=shape)


def product(*factors: Node) -> Node:
    """The elementwise product (gating); also written ``u * v``.  A scalar factor is allowed.

    Unnamed products are flattened, so that a graph has one form.
    """
    if len(factors) < 2:
        raise GraphError("an elementwise product takes at least two vectors")
    flat: list[Node] = []
    for factor in factors:
        flat += factor.inputs if factor.op == "product" and not factor.name else (factor,)
    vectors = [factor for factor in flat if factor.width != "scalar"]
    width = _common_width("an elementwise product", vectors) if vectors else "scalar"
    shape = common_positions("an elementwise product", flat)
    return Node("product", tuple(flat), width=width, positions=shape)


def elementwise(
    phi: sp.Expr,
    variables: Sequence[sp.Symbol],
    arguments: Sequence[Node],
    label: str = "",
    values: Sequence[tuple[sp.Symbol, Number]] = (),
    definition: str | None = None,
) -> Node:
    """Phi applied to each coordinate: phi is SymPy in ``variables``, one for each argument.

    Other symbols in phi are constants (a slope), and ``values`` says what number each stands for.
    ``label`` is what the formula calls phi and ``definition`` what phi is, in text: without it
    phi itself, empty for a function that everybody knows by its label.  A single variable is
    called x.
    """
    called = label or str(phi)
    if len(variables) != len(arguments):
        raise GraphError(f"{called} takes {len(variables)} arguments, got {len(arguments)}")
    phi, renamed = _in_real_variables(exact(phi), variables, called)
    constants = tuple((symbol, number(value, f"{called}: {symbol}")) for symbol, value in values)
    _require_constants(phi, renamed, [symbol for symbol, _ in constants], called)
    settings = (
        ("phi", phi),
        ("variables", renamed),
        ("label", label),
        ("definition", str(phi) if definition is None else definition),
        ("values", constants),
    )
    width = _common_width(f"{called}(...)", arguments)
    shape = common_positions(f"{called}(...)", arguments)
    return Node("elementwise", tuple(arguments), settings=settings, width=width, positions=shape)


def _in_real_variables(
    phi: sp.Expr, variables: Sequence[sp.Symbol], called: str
) -> tuple[sp.Expr, tuple[sp.Symbol, ...]]:
    """``phi`` in real variables of the same names; x if there is one alone."""
    if len(set(variables)) < len(variables) or not variables:
        raise GraphError(f"{called}: give it different variables, one for each argument")
    names = ["x"] if len(variables) == 1 else [variable.name for variable in variables]
    renamed = tuple(sp.Symbol(name, real=True) for name in names)
    clash = (phi.free_symbols - set(variables)) & set(renamed)
    if clash:
        raise GraphError(f"{called}: {clash.pop()} is both a variable and a constant")
    return phi.xreplace(dict(zip(variables, renamed, strict=True))), renamed


def _require_constants(
    phi: sp.Expr, variables: Sequence[sp.Symbol], constants: Sequence[sp.Symbol], called: str
) -> None:
    stray = sorted(map(str, phi.free_symbols - {*variables, *constants}))
    if stray:
        raise GraphError(f"{called}: give {', '.join(stray)} a value first")
    for symbol in constants:
        if not symbol.is_real:
            raise GraphError(f"{called}: make the symbol {symbol} of a constant real")


def concat(*parts: Node) -> Node:
    """Concatenation along the width; parts share the coordinates in proportion to their widths."""
    if len(parts) < 2:
        raise GraphError("concat takes at least two vectors")
    require_dense("concat(...)", parts)
    widths = tuple(part.width for part in parts)
    if any(width in ("any", "scalar") for width in widths):
        raise GraphError("concat takes vectors of known width: add a bias to a vector first")
    found = ", ".join(map(describe_width, widths))
    if any(isinstance(width, str) and width.startswith("d:") for width in widths):
        raise GraphError(f"concat: give the inputs their dimensions, they have {found}")
    if len({isinstance(width, int) for width in widths}) > 1:
        raise GraphError(f"concat: give every part a width or none, not {found}")
    shape = common_positions("concat", parts)
    if isinstance(widths[0], int):
        return Node("concat", parts, width=sum(widths), positions=shape)  # type: ignore[arg-type]
    flat = (width if isinstance(width, tuple) else (width,) for width in widths)
    return Node("concat", parts, width=tuple(chain.from_iterable(flat)), positions=shape)


def layer_norm(node: Node, eps: Number = 0) -> Node:
    """(h - mean h) / sqrt(var h + eps) over the coordinates of h; no gain, no bias."""
    require_dense("layer_norm(...)", (node,))
    shift = number(eps, "eps")
    if shift.is_negative:
        raise GraphError(f"the eps of a layer norm must not be negative, and it is {eps}")
    settings = (("eps", shift),)
    return Node(
        "layer_norm", (node,), settings=settings, width=node.width, positions=node.positions
    )


def rms(node: Node) -> Node:
    """The scalar sqrt(|h|^2 / n), which converges to a constant as the width grows."""
    require_dense("rms(...)", (node,))
    return Node("rms", (node,), width="scalar", positions=node.positions)


def _as_node(term: Node | Bias) -> Node:
    return Node("bias", parameter=term, width="any") if isinstance(term, Bias) else term


def _is_used_in(node: Node, terms: Iterable[tuple[Node, sp.Expr]]) -> bool:
    """Whether one of the other ``terms`` depends on ``node``."""
    others = [term for term, _ in terms if term != node]
    return any(part == node for part in ancestors(*others))


def _scale(name: str, std: Scale | Number | None) -> Scale:
    if isinstance(std, Scale):
        return std
    return Scale.of(f"sigma_{name}", 1 if std is None else std)


def require_dense(what: str, nodes: Iterable[Node]) -> None:
    """GraphError where one of the vectors is one-hot: only matrices act on tokens."""
    for node in nodes:
        if node.is_one_hot:
            source = describe_width(node.width)
            raise GraphError(
                f"{what} takes vectors, not {source}; embed them first, as in E @ {node}"
            )


def _common_width(what: str, nodes: Iterable[Node]) -> Width:
    nodes = tuple(nodes)
    require_dense(what, nodes)
    widths = {node.width for node in nodes} - {"any"}
    if not widths:
        return "any"
    if len(widths) > 1:
        found = " and ".join(sorted(map(describe_width, widths)))
        raise GraphError(f"{what} needs vectors of one width, got {found}")
    return widths.pop()


def common_positions(what: str, nodes: Iterable[Node]) -> Positions:
    """The axes of vectors that are combined position by position.

    A single vector is taken at every position; sequences must have the same length.
    """
    shapes = dict.fromkeys(node.positions for node in nodes if node.positions)
    if len(shapes) > 1:
        found = " and ".join(describe_positions(shape) for shape in shapes)
        raise GraphError(f"{what} needs sequences of one length, got {found}")
    return next(iter(shapes), ())
