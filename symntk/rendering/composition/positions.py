"""What the definitions of a network over sequences or grids say beyond those of vectors."""

from __future__ import annotations

from collections.abc import Iterator

from symntk.gaussian import Expectation
from symntk.graph import Node
from symntk.graph.positions import Index, SinusoidCovariance, indices
from symntk.rendering.composition.limits import LIMIT, partial, total
from symntk.rendering.composition.page import Page
from symntk.rendering.document import Block, Display, Math, Paragraph, Piece, Prose
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.layout import (
    EQUALS,
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
from symntk.rendering.mathematics.marks import primed, raised_by
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.positions import with_index
from symntk.rendering.network_positions import with_column
from symntk.rendering.reading.reading import Statement

_DOTS = Atom("…")
_ONE = Atom("1", "number")
_TOP = Atom("⊤")


# Inputs.


def inputs_at_positions(page: Page) -> Prose:
    """What the network takes."""
    pieces: list[Piece] = ["The network takes "]
    inputs = page.derivation.graph.inputs
    if len(inputs) > 1:
        together = Fence(separated([name(str(node["name"])) for node in inputs]))
        pieces += [Math(row(page.typeset.point, EQUALS, together)), ", "]
    for index, node in enumerate(inputs):
        if index:
            pieces.append(" and " if index == len(inputs) - 1 else ", ")
        pieces += _input(page, node)
    return (*pieces, ", to" if len(inputs) > 1 else " to")


def _input(page: Page, node: Node) -> list[Piece]:
    label = name(str(node["name"]))
    space = row(
        Atom("∈", "relation"),
        Scripts(Atom("R", "blackboard"), above=page.typeset.dimensions.get(str(node["name"]))),
    )
    if not node.positions:
        return ["a vector ", Math(row(label, space))]
    if len(node.positions) == 2:
        at = with_index(label, page.typeset.index(indices(2)))
        return ["an image, a grid ", Math(label), " of vectors ", Math(row(at, space)),
                ", ", Math(page.typeset.positions(indices(2)[0], node.positions[0])), " and ",
                Math(page.typeset.positions(indices(2)[1], node.positions[1])), ","]  # fmt: skip
    (size,) = node.positions
    ends = [with_index(label, _ONE), _DOTS, with_index(label, page.typeset.place(size))]
    whole = row(label, EQUALS, Fence(separated(list(ends))))
    if node.is_one_hot:
        return ["a sequence of tokens ", Math(whole)]
    at = with_index(label, page.typeset.index(indices(1)))
    return ["a sequence ", Math(whole), " of vectors ", Math(row(at, space))]


# What the formulas leave unsaid.


def position_notes(page: Page) -> Prose:
    """How matrices are chosen, and what stands beyond the ends."""
    if not page.reading.has_positions:
        return ()
    notes = [*_matrices(page), *_edges(page), *_pads(page), *_windows_inside(page)]
    notes += [*_loops(page), *_operations(page)]
    return tuple(piece for note in notes for piece in (" ", *note))


def _products(page: Page) -> dict[str, Node]:
    """One product for each weight."""
    return {str(n.parameter): n for n in page.derivation.graph.nodes if n.op == "matmul"}


def _matrices(page: Page) -> Iterator[Prose]:
    at = page.typeset.index(indices(1))
    for label, node in _products(page).items():
        subject = page.typeset.subject(label)
        argument = node.inputs[0]
        if argument.is_one_hot:
            chosen = with_index(name("x"), at)
            where = "token"
            source = argument
            while source.op == "shift":
                (source,) = source.inputs
            if source.op == "positions":
                chosen, where = at, "position"
            else:
                chosen = with_index(name(str(source["name"])), at)
            column = with_column(subject, separated([Atom(":", "number"), chosen]))
            belongs = f" that belongs to the {where} "
            yield (Math(column), " is the column of ", Math(subject), belongs, Math(chosen), ".")
        elif len(node.inputs) > 1:
            source = node.inputs[1]
            while source.op == "shift":
                (source,) = source.inputs
            by_place = source.op == "positions"
            chosen = at if by_place else with_index(name(str(source["name"])), at)
            if by_place:
                chosen = page.typeset.index(indices(len(node.positions)))
            yield _independent(page, node, chosen, "positions" if by_place else "tokens")
        elif "tap" in dict(node.settings):
            subject = page.typeset.subject(str(node.parameter))
            yield ("The matrices ", Math(subject), " with different indices are independent.")


def _independent(page: Page, node: Node, chosen: Layout, what: str) -> Prose:
    shown = with_index(page.typeset.subject(str(node.parameter)), chosen)
    kind = "vectors" if page.network.is_readout(node) else "matrices"
    return (f"The {kind} ", Math(shown), f" of different {what} are independent.")


def _edges(page: Page) -> Iterator[Prose]:
    kinds = {node["edge"] for node in page.derivation.graph.nodes if node.op == "shift"}
    what = "the edges" if page.reading.rank == 2 else "the ends of a sequence"
    if "zero" in kinds:
        yield (f"Beyond {what} stand zeros.",)
    if "circular" in kinds:
        sizes = [
            n for n in page.derivation.graph.nodes if n.op == "shift" and n["edge"] == "circular"
        ]
        (first, *_) = sizes
        lengths = separated([page.typeset(size) for size in first.positions])
        yield ("Positions are counted modulo ", Math(lengths), ".")


def _pads(page: Page) -> Iterator[Prose]:
    """What the letters for missing positions stand for."""
    for pad in list(page.typeset.pads):
        yield (
            "Where the first window begins depends on the length, by ",
            Math(row(page.typeset(pad), EQUALS, page.typeset.floor(pad))),
            ".",
        )


def _windows_inside(page: Page) -> Iterator[Prose]:
    sizes = {
        node["window"]
        for node in page.derivation.graph.nodes
        if node.op == "shift" and node["edge"] == "inside"
    }
    if sizes:
        begin, covered = Math(Atom("b")), Math(Apply(Atom("c"), Fence(Atom("b"))))
        yield (covered, " is how many positions of a window that begins at ", begin,
               " lie inside.")  # fmt: skip


def _loops(page: Page) -> Iterator[Prose]:
    for node in page.derivation.graph.nodes:
        if node.op != "scan" or node not in page.reading.vectors:
            continue
        state = page.reading.vectors[node].layout
        zero = Atom("0", "number")
        if len(node.inputs) == 1:
            yield ("The loop starts with ", Math(row(with_index(state, zero), EQUALS, zero)), ".")
            continue
        before = with_index(state, page.typeset.place(indices(1)[0] - 1))
        first = page.network.formula(node.inputs[1])
        at_first = row(page.typeset(indices(1)[0]), EQUALS, _ONE)
        yield ("The loop starts with ", Math(first), ", which stands for ", Math(before),
               " where ", Math(at_first), ".")  # fmt: skip


def _operations(page: Page) -> Iterator[Prose]:
    nodes = page.derivation.graph.nodes
    if any(node.op == "layer_norm" for node in nodes):
        yield ("LN subtracts the mean over the coordinates and divides by the standard deviation.",)
    if any(node.op == "sinusoid" for node in nodes):
        yield from _sinusoid(page)
    if any(node.op == "attention" and node["heads"] == "many" for node in nodes):
        yield (
            "The attention has many heads, each with queries, keys and values of its own; their "
            "outputs are concatenated.",
        )


def _sinusoid(page: Page) -> Iterator[Prose]:
    t = Atom("t")
    at = with_index(Atom("p", "bold"), t)
    kappa = Apply(Atom("κ"), Fence(Atom("r")))
    other = with_index(Atom("p", "bold"), row(t, Atom("+", "binary"), Atom("r")))
    mean = row(LIMIT, Fraction(_ONE, Atom("n")), raised_by(at, _TOP), other)
    covariance = (", with covariance ", Math(row(kappa, EQUALS, mean)))
    statements = (*page.reading.forward, *page.reading.backward, *page.reading.parts)
    yield (
        "The fixed encoding of the positions is that of sines and cosines ",
        Math(at),
        " ",
        page.cite("vaswani2017"),
        *(covariance if any(s.right.has(SinusoidCovariance) for s in statements) else ()),
        ".",
    )


# Kernels.


def kernels_at_positions(page: Page) -> list[Block]:
    """What Sigma, Pi and Theta are, at positions t of x and t' of x'."""
    typeset = page.typeset
    stated, rank = _stated(page), _rank(page)
    own, other = indices(rank), indices(rank, True)
    point, second = typeset.point, primed(typeset.point)
    here, there = (_at_index(page, Atom("h"), places) for places in (own, other))
    f = Atom("f")
    inner = row(Scripts(Apply(here, Fence(point)), above=_TOP), Apply(there, Fence(second)))
    lines = []
    if any(s.left.letter == "Sigma" for s in stated):
        sigma = Kernel("Sigma", None, "h", "ab", own, other)
        lines.append(page.line(typeset(sigma), row(LIMIT, Fraction(_ONE, Atom("n")), inner)))
    if any(s.left.letter == "Pi" for s in stated):
        coordinate = "m" if rank == 2 else "i"
        slopes = [
            partial(f, where, with_index(at, Atom(coordinate)))
            for where, at in ((point, here), (second, there))
        ]
        pi = Kernel("Pi", None, "h", "ab", own, other)
        lines.append(page.line(typeset(pi), row(LIMIT, total(coordinate), *slopes)))
    drawn = row(*(Apply(f, Fence(where)) for where in (point, second)))
    mean = row(LIMIT, Apply(Atom("E", "blackboard"), Fence(drawn, "[", "]")))
    lines.append(page.line(typeset(Kernel("Sigma")), mean))
    tangent = row(LIMIT, total("θ"), *(partial(f, w, Atom("θ")) for w in (point, second)))
    lines.append(page.line(typeset(Kernel("Theta")), tangent))
    opening: Prose = (
        "For two inputs ", Math(point), " and ", Math(second), " we look for the limits",
    )  # fmt: skip
    closing: list[Piece] = []
    if stated:
        closing += ["for a vector ", Math(here), " of the network, "]
    closing += [
        "with the expectation over the draw of the parameters and the sum over all trained "
    ]
    closing += ["parameters ", Math(Atom("θ")), "."]
    blocks: list[Block] = [Paragraph(opening), Display(tuple(lines))]
    blocks.append(Paragraph((*closing, *_conventions(page, rank > 0))))
    return [*blocks, *_pair_law(page)]


def _stated(page: Page) -> list[Statement]:
    """The statements about vectors inside the network."""
    return [s for s in (*page.reading.forward, *page.reading.backward) if s.left.vector]


def _rank(page: Page) -> int:
    """How many indices the covariances have; the moments of many heads have more."""
    covariances = (s.left for s in _stated(page) if s.left.letter in ("Sigma", "Pi"))
    return max((len(kernel.left) for kernel in covariances), default=0)


def _at_index(page: Page, vector: Layout, places: Index) -> Layout:
    return with_index(vector, page.typeset.index(places)) if places else vector


def _conventions(page: Page, stated: bool) -> Iterator[Piece]:
    """How positions are written."""
    typeset, rank = page.typeset, page.reading.rank
    own, other = indices(rank), indices(rank, True)
    here, there = Math(typeset.index(own)), Math(typeset.index(other))
    if stated:
        yield " Here "
        yield here
        yield " is a position of "
        yield Math(typeset.point)
        yield " and "
        yield there
        yield " one of "
        yield Math(primed(typeset.point))
        yield "; with two primes or none a kernel is between two positions of one input"
        if page.reading.is_extended:
            yield "; with a position beyond the ends it is 0"
        yield ". Sums without limits are over all positions."
    if any(_matches(page)):
        yield " "
        yield from _match_note(page)


def _matches(page: Page) -> Iterator[Kernel]:
    for statement in (*page.reading.forward, *page.reading.backward, *page.reading.parts):
        yield from (k for k in statement.right.atoms(Kernel) if k.letter == "match")


def _match_note(page: Page) -> Iterator[Piece]:
    match = next(_matches(page))
    own, other = indices(1), indices(1, True)
    kernel = Kernel("match", None, match.vector, "ab", own, other)
    yield "The bracket "
    yield Math(page.typeset(kernel))
    yield " is 1 where the tokens are the same and 0 elsewhere."


def _pair_law(page: Page) -> list[Block]:
    """What (u, v) ~ N(0, Lambda) is."""
    reading, typeset = page.reading, page.typeset
    statements = (*reading.forward, *reading.backward)
    if not any(s.right.has(Expectation) for s in statements):
        return []
    own, other = indices(_rank(page)), indices(_rank(page), True)
    first = Kernel("Sigma", None, "h", "aa", own, own)
    cross = Kernel("Sigma", None, "h", "ab", own, other)
    back = Kernel("Sigma", None, "h", "ba", other, own)
    second = Kernel("Sigma", None, "h", "bb", other, other)
    cells = tuple(tuple(map(typeset, line)) for line in ((first, cross), (back, second)))
    pair = Fence(separated([Atom("u"), Atom("v")]))
    opening: Prose = ("Expectations are over centred Gaussian pairs ", Math(pair))
    left = typeset(Kernel("Lambda", None, "h", ""))
    return [
        Paragraph((*opening, " with covariance")),
        Display((page.line(left, Matrix(cells, large=True)),)),
    ]
