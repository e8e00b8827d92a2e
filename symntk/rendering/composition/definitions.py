"""The network as a formula, its parameters, and what the kernels mean."""

from __future__ import annotations

import sympy as sp

from symntk.derivation.program import Site
from symntk.gaussian.symbols import u, x
from symntk.graph import Bias
from symntk.rendering.composition.limits import LIMIT, partial, total
from symntk.rendering.composition.page import Page
from symntk.rendering.composition.positions import (
    inputs_at_positions,
    kernels_at_positions,
    position_notes,
)
from symntk.rendering.document import Block, Display, Line, Math, Paragraph, Piece
from symntk.rendering.heads import Applied, Kernel
from symntk.rendering.mathematics.layout import (
    COMMA,
    Apply,
    Atom,
    Fence,
    Fraction,
    Layout,
    Matrix,
    Scripts,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed
from symntk.rendering.mathematics.names import name


def definitions(page: Page) -> list[Block]:
    """The section."""
    blocks: list[Block] = [Paragraph(_inputs(page)), Display(tuple(_network(page)))]
    blocks.append(Paragraph((*_parameters(page), *position_notes(page))))
    blocks += _functions(page)
    blocks += kernels_at_positions(page) if page.reading.has_positions else _kernels(page)
    return blocks


def _inputs(page: Page) -> tuple[Piece, ...]:
    dimensions = page.typeset.dimensions
    spaces: list[Layout] = [
        row(
            name(label),
            Atom("∈", "relation"),
            Scripts(Atom("R", "blackboard"), above=dimension),
        )
        for label, dimension in dimensions.items()
    ]
    if page.reading.has_positions:
        return inputs_at_positions(page)
    if len(spaces) == 1:
        return ("The network takes ", Math(spaces[0]), " to")
    together = Fence(separated([name(label) for label in dimensions]))
    return (
        "The network takes ",
        Math(row(page.typeset.point, Atom("=", "relation"), together)),
        " with ",
        Math(separated(spaces)),
        " to",
    )


def _network(page: Page) -> list[Line]:
    lines = list(page.network.lines())
    return [Line(line.left, line.right, page.number(), remark=line.remark) for line in lines]


def _parameters(page: Page) -> tuple[Piece, ...]:
    parameters = page.derivation.graph.parameters
    weights = [n for n, p in parameters.items() if not isinstance(p, Bias)]
    biases = [n for n, p in parameters.items() if isinstance(p, Bias)]
    standard = {n for n, p in parameters.items() if p.parametrization == "standard"}
    pieces: list[Piece] = ["where "]
    if not standard:
        pieces += ["the entries of ", *_list(page, [*weights, *biases])]
        pieces += [" are independent with law ", Math(_normal(Atom("1", "number")))]
    else:
        pieces += _by_variance(page, weights, biases, standard)
    if not standard and len(parameters) < 2:
        pieces[-2] = " are independent with law "
    if _has_hidden_width(page):
        pieces += [", and ", Math(Atom("n")), " is the width of a hidden layer"]
    frozen = [n for n, p in parameters.items() if not p.trainable]
    if len(frozen) == len(parameters):
        pieces.append(". None of them is trained.")
    elif frozen:
        pieces += [". All of them are trained except ", *_list(page, frozen), "."]
    else:
        pieces.append(". All of them are trained.")
    return tuple(pieces)


def _has_hidden_width(page: Page) -> bool:
    return any(
        node.op == "matmul" and node.inputs[0].width == "n"
        for body in page.derivation.graph.bodies()
        for node in _nodes(body)
    )


def _nodes(body: object) -> list:  # type: ignore[type-arg]
    from symntk.graph import Node, ancestors

    assert isinstance(body, Node)
    return list(ancestors(body))


def _by_variance(
    page: Page, weights: list[str], biases: list[str], standard: set[str]
) -> list[Piece]:
    parameters = page.derivation.graph.parameters
    pieces: list[Piece] = ["all entries are independent, those of "]
    groups: list[list[Piece]] = []
    unit = [n for n in (*weights, *biases) if n not in standard]
    if unit:
        groups.append([*_list(page, unit), " with law ", Math(_normal(Atom("1", "number")))])
    for label in (*weights, *biases):
        if label not in standard:
            continue
        square = page.typeset(parameters[label].std.symbol ** 2)
        law = square if label in biases else Fraction(square, page.network.fan_in(label))
        groups.append([Math(page.typeset.subject(label)), " with law ", Math(_normal(law))])
    for index, group in enumerate(groups):
        if index:
            pieces.append(" and of " if index == len(groups) - 1 else ", of ")
        pieces += group
    return pieces


def _normal(variance: Layout) -> Layout:
    inside = row(Atom("0", "number"), COMMA, variance)
    return Apply(Atom("N", "script"), Fence(inside))


def _list(page: Page, labels: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for index, label in enumerate(labels):
        if index:
            pieces.append(" and " if index == len(labels) - 1 else ", ")
        pieces.append(Math(page.typeset.subject(label)))
    return pieces


def _functions(page: Page) -> list[Block]:
    """What the activations are."""
    lines = []
    for symbol, (function, _) in page.functions.definitions.items():
        left = page.typeset(Applied(symbol, 0, u))
        lines.append(Line(left, page.typeset(_shown(function).xreplace({x: u})), page.number()))
    if not lines:
        return []
    several = len(lines) > 1
    text = "The activations are" if several else "The activation, applied to each coordinate, is"
    return [Paragraph((text,)), Display(tuple(lines)), *_constants(page)]


def _constants(page: Page) -> list[Block]:
    """The constants of the activations."""
    shown = {s for f, _ in page.functions.definitions.values() for s in f.free_symbols} - {x}
    found = sorted(shown, key=str)
    if not found:
        return []
    text = "with constants " if len(found) > 1 else "with a constant "
    return [Paragraph((text, Math(separated([page.typeset(symbol) for symbol in found])), "."))]


def _shown(function: sp.Expr) -> sp.Expr:
    """A function as papers define it: x H(x) is max(0, x)."""
    if function == x * sp.Heaviside(x):
        return sp.Max(0, x)
    return function


def _kernels(page: Page) -> list[Block]:
    """What Sigma, Pi and Theta are."""
    reading, typeset = page.reading, page.typeset
    lines: list[Line] = []
    point, other = typeset.point, primed(typeset.point)
    if reading.layered:
        index = sp.Symbol("ℓ", integer=True)
        vector = typeset.indexed(Atom("z"), typeset.layer(index))
        coordinate = _coordinate(vector)
        sigma, theta = Kernel("Sigma", index), Kernel("Theta", index)
        drawn = row(*(Apply(coordinate, Fence(where)) for where in (point, other)))
        mean = row(LIMIT, Apply(Atom("E", "blackboard"), Fence(drawn, "[", "]")))
    else:
        vector = Atom("h")
        coordinate = Atom("f")
        sigma, theta = Kernel("Sigma", None, "h"), Kernel("Theta")
        at_point = Scripts(Apply(vector, Fence(point)), above=Atom("⊤"))
        inner = row(at_point, Apply(vector, Fence(other)))
        mean = row(LIMIT, Fraction(Atom("1", "number"), Atom("n")), inner)
    lines.append(page.line(typeset(sigma), mean))
    if not reading.layered and reading.backward:
        slope = row(
            LIMIT,
            total("i"),
            *(
                partial(Atom("f"), where, Scripts(Atom("h"), below=Atom("i")))
                for where in (point, other)
            ),
        )
        lines.append(Line(typeset(Kernel("Pi", None, "h")), slope, page.number()))
    tangent = row(
        LIMIT, total("θ"), *(partial(coordinate, where, Atom("θ")) for where in (point, other))
    )
    lines.append(page.line(typeset(theta), tangent))
    opening: list[Piece] = ["For two inputs ", Math(point), " and ", Math(other)]
    opening.append(" we look for the limits")
    closing: list[Piece]
    theta_name = Math(Atom("θ"))
    if reading.layered:
        layer = reading.outputs[0].layer
        assert layer is not None
        closing = ["for one coordinate ", Math(coordinate), " of ", Math(vector), ", with the "]
        closing += ["expectation over the draw of the parameters and the sum over all trained "]
        closing += ["parameters ", theta_name, " of layers up to ", Math(typeset(index))]
        closing += ["; layer ", Math(typeset.layer(layer)), " is the output ", Math(Atom("f")), "."]
    else:
        closing = ["for a vector ", Math(vector), " of the network, the last sum being over all "]
        closing += ["trained parameters ", theta_name, "; without an index "]
        closing += [Math(typeset(Kernel("Sigma", site=""))), " is the covariance of the output."]
    return [
        Paragraph(tuple(opening)),
        Display(tuple(lines)),
        Paragraph(tuple(closing)),
        *_pair_law(page),
    ]


def _pair_law(page: Page) -> list[Block]:
    """What (u, v) ~ N(0, Lambda) is."""
    typeset, reading = page.typeset, page.reading
    index = sp.Symbol("ℓ", integer=True) if reading.layered else None
    vector = "" if reading.layered else "h"
    sites: tuple[tuple[Site, Site], ...] = (("aa", "ab"), ("ba", "bb"))
    cells = tuple(
        tuple(typeset(Kernel("Sigma", index, vector, site)) for site in line) for line in sites
    )
    pair = Fence(separated([Atom("u"), Atom("v")]))
    opening: tuple[Piece, ...] = ("Expectations are over centred Gaussian pairs ", Math(pair))
    left = typeset(Kernel("Lambda", index, vector, ""))
    return [
        Paragraph((*opening, " with covariance")),
        Display((page.line(left, Matrix(cells, large=True)),)),
    ]


def _coordinate(vector: Layout) -> Layout:
    assert isinstance(vector, Scripts)
    return Scripts(vector.base, above=vector.above, below=Atom("i"))
