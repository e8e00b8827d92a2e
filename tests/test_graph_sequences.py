"""Sequences and grids in the language: they print as written, are read back, and are checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symntk as sn
from symntk.errors import AssumptionError, GraphError
from symntk.graph import (
    Graph,
    Node,
    ancestors,
    attention,
    average_pool,
    biases,
    conv,
    flatten,
    image,
    open_states,
    positions,
    repeat,
    scan,
    sequence,
    sinusoid,
    sum_pool,
    taps,
    tokens,
    vector,
    weights,
)
from symntk.graph.configuration import configure
from symntk.graph.unroll import unroll
from symntk.importers.json_text import read_json, write_json
from symntk.importers.reading import read_document
from symntk.importers.writing import write_document
from symntk.importers.yaml_text import read_yaml, write_yaml
from tests.random_sequences import graphs, wild_graphs

relu, tanh = sn.activation("relu"), sn.activation("tanh")
x, u = tokens("x"), vector("u")
y, fixed, p = sequence("y", 4), sequence("d", 3, 5), image("p", 3)
E, K, M, P, Q, U, V, W, v, w = weights("E K M P Q U V W v w")
b, c = biases("b c")
e = E @ x

slow = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def rnn(h: Node) -> Node:
    return tanh(W @ h + U @ e)


def gated(h: Node) -> Node:
    g = sn.activation("erf")(W @ h + U @ e)
    return g * h + g * tanh(V @ e)


def named(h: Node) -> Node:
    previous = h.named("prev")
    return (previous * tanh(W @ previous)).named("gate") + e


# printing, and what is printed is read back

FORMULAS: dict[str, tuple[Node, str]] = {
    "bow": (v @ relu(W @ e).sum(), "f = v @ relu(W @ (E @ x)).sum()"),
    "mean": ((v @ e).mean(), "f = (v @ (E @ x)).mean()"),
    "ends": (v @ (e.first() - e.last()), "f = v @ (z1.first() - z1.last())\nz1 = E @ x"),
    "shift": (
        v @ sum(W[k] @ e.shift(k) for k in (-1, 0, 1)).sum(),
        "f = v @ (W[-1] @ z1.shift(-1) + W[0] @ z1 + W[1] @ z1.shift(1)).sum()\nz1 = E @ x",
    ),
    "edges": (
        v @ (tanh(x_shift := W @ e.shift(2, "circular")) * relu(x_shift)).sum(),
        "f = v @ (tanh(z1) * relu(z1)).sum()\nz1 = W @ (E @ x).shift(2, \"circular\")",
    ),
    "valid": (
        v @ (M[x.shift(-1, "valid")] @ e.shift(1, "valid")).sum(),
        'f = v @ (M[x.shift(-1, "valid")] @ (E @ x).shift(1, "valid")).sum()',
    ),
    "matrix for each token": (
        v @ (M[x.shift(-1)] @ e).sum(),
        "f = v @ (M[x.shift(-1)] @ (E @ x)).sum()",
    ),
    "positions": (
        v @ relu(e + P @ positions(x) + 0.05 * sinusoid(x)).mean(),
        "f = v @ relu(E @ x + P @ positions(x) + 0.05 * sinusoid(x)).mean()",
    ),
    "positions of a length": (
        v @ (W @ fixed + P @ positions(fixed)).sum(),
        "f = v @ (W @ d + P @ positions(5)).sum()",
    ),
    "positions of what is left": (
        v @ (W @ y.shift(2, "valid") + P @ positions(y.taps(3, "valid")[1])).sum(),
        'f = v @ (W @ y.shift(2, "valid") + P @ positions(y.shift(2, "valid"))).sum()',
    ),
    "convolution": (
        v @ flatten(relu(conv(W, y, 3, "circular") / sp.sqrt(3) + b)),
        "f = v @ flatten(relu(sqrt(3)/3 * conv(W, y, 3, \"circular\") + b))",
    ),
    "written out": (
        v @ relu(sum(W[k] @ view for k, view in enumerate(y.taps(2, "valid", 2)))).sum(),
        'f = v @ relu(conv(W, y, 2, "valid", stride=2)).sum()',
    ),
    "part of a window": (
        v @ relu(W[0] @ y.taps(3, "valid")[0] + W[1] @ y.taps(3, "valid")[2]).sum(),
        'f = v @ relu(W[0] @ y.taps(3, "valid")[0] + W[1] @ y.taps(3, "valid")[2]).sum()',
    ),
    "means that count no zeros": (
        v @ relu(W[0] @ y.taps(2, "inside")[0] + W[1] @ y.taps(2, "inside")[1]).sum()
        + w @ (average_pool(U @ p, 3, 1, "inside") / 2).mean(),
        'f = v @ relu(W[0] @ y.taps(2, "inside")[0] + W[1] @ y.taps(2, "inside")[1]).sum() + '
        'w @ (0.5 * average_pool(U @ p, 3, stride=1, edge="inside")).mean()',
    ),
    "image": (
        v @ flatten(average_pool(relu(conv(W, p, 3, stride=2) - conv(U, p, 1, stride=2)), 2)),
        "f = v @ flatten(average_pool(relu(conv(W, p, 3, stride=2) - conv(U, p, 1, stride=2)), 2))",
    ),
    "pools": (
        v @ (sum_pool(W @ p, (3, 2), 1, "same") - 2 * average_pool(U @ p, 2, 1, "same")).mean(),
        'f = v @ (sum_pool(W @ p, (3, 2), stride=1, edge="same") - 2 * average_pool(U @ p, 2, '
        'stride=1, edge="same")).mean()',
    ),
    "loop": (
        v @ scan(lambda h, g: tanh(W @ h + U @ g), over=e).last(),
        "f = v @ scan(lambda h: tanh(W @ h + U @ (E @ x))).last()",
    ),
    "start": (
        v @ scan(rnn, start=b).mean(),
        "f = v @ scan(lambda h: tanh(W @ h + U @ (E @ x)), start=b).mean()",
    ),
    "vectors used twice in a loop": (
        v @ scan(gated, start=Q @ u).last(),
        "f = v @ scan(cell, start=Q @ u).last()\n"
        "cell(h) = h1 * h + h1 * tanh(V @ z1)\n"
        "    h1 = erf(W @ h + U @ z1)\n"
        "z1 = E @ x",
    ),
    "loop over a loop": (
        v @ scan(lambda h, g: tanh(V @ h + g), over=Q @ scan(rnn)).last(),
        "f = v @ scan(lambda h: tanh(V @ h + Q @ h1)).last()\n"
        "h1 = scan(lambda h: tanh(W @ h + U @ (E @ x)))",
    ),
    "attention": (
        v @ attention(Q @ e, K @ e, e, "1/d").sum(),
        'f = v @ attention(Q @ z1, K @ z1, z1, "1/d").sum()\nz1 = E @ x',
    ),
    "heads": (
        v @ attention(Q @ y, K @ y, V @ y, heads="many", mechanism="identity").mean(),
        'f = v @ attention(Q @ y, K @ y, V @ y, "1/sqrt(d)", heads="many", '
        'mechanism="identity").mean()',
    ),
    "recurrent blocks": (
        v @ repeat(lambda g: scan(lambda h: tanh(W @ h + U @ g)), e, "L").last(),
        "f = v @ repeat(lambda h: scan(lambda g: tanh(W @ g + U @ h)), E @ x, times=L).last()",
    ),
}  # fmt: skip


def names_free(text: str) -> str:
    """The text with the numbered names of a graph's own numbered from 1 in order of appearance."""
    found: dict[str, str] = {}
    counts = {"h": 0, "z": 0}

    def rename(match: re.Match[str]) -> str:
        name = match.group()
        if name not in found:
            counts[name[0]] += 1
            found[name] = f"{name[0]}{counts[name[0]]}"
        return found[name]

    return re.sub(r"\b[hz][0-9]+\b", rename, text)


@pytest.mark.parametrize("what", FORMULAS)
def test_graphs_print_as_their_formula(what: str) -> None:
    output, text = FORMULAS[what]
    assert names_free(str(Graph(output))) == text


@pytest.mark.parametrize("what", FORMULAS)
@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_graphs_survive_a_file(what: str, suffix: str, tmp_path: Path) -> None:
    graph = Graph(FORMULAS[what][0], what)
    sn.save(graph, tmp_path / f"model{suffix}")
    assert sn.load(tmp_path / f"model{suffix}") == graph


def check_copies(graph: Graph) -> None:
    """A file says everything: the content, the names that the user gave, and the same again."""
    document = write_document(graph)
    for write, read in ((write_json, read_json), (write_yaml, read_yaml)):
        copy = read_document(read(write(document)), "m")
        assert copy == graph
        assert {node: copy.names[node] for node in graph.given_names} == graph.given_names
        assert dict(copy.values) == dict(graph.values)
        assert write_document(copy) == document


@slow
@given(graphs())
def test_random_sequence_graphs_survive(graph: Graph) -> None:
    check_copies(graph)


@slow
@given(wild_graphs())
def test_all_of_the_language_survives(graph: Graph) -> None:
    check_copies(graph)


@slow
@given(wild_graphs())
def test_random_sequence_graphs_are_closed(graph: Graph) -> None:
    """Every vector has a name of its own, and no state leaves its loop."""
    names = [graph.names[node] for body in graph.bodies() for node in ancestors(body)]
    assert len(set(graph.names.values())) == len(graph.names) == len(set(names))
    for body in graph.bodies():
        assert not open_states(body)[body]


# one meaning, one graph


SAME: dict[str, tuple[Node, Node]] = {
    "convolution": (conv(W, y, 2, "full"), sum(W[k] @ t for k, t in enumerate(y.taps(2, "full")))),
    "window and shifts": (conv(W, e, 3), sum(W[k] @ e.shift(k - 1) for k in range(3))),
    "no shift": (e.shift(0), e),
    "average": (average_pool(y, 2), (y.taps(2, "valid", 2)[0] + y.taps(2, "valid", 2)[1]) / 2),
    "valid shift": (e.shift(1, "valid"), e.taps(2, "valid")[1]),
    "positions": (P @ positions(x), P @ positions(e)),
    "positions of a length": (P @ positions(fixed), P @ positions(5)),
    "loop over": (scan(lambda h, g: tanh(W @ h + U @ g), over=e), scan(rnn)),
    "loop over two": (
        scan(lambda h, g, k: h * g + k, over=(e, K @ x)),
        scan(lambda h: h * e + K @ x),
    ),
    "trained start": (scan(rnn, start=b), scan(rnn, start=sn.add((b, 1)))),
    "loop in a loop": (
        scan(lambda h: tanh(V @ h + scan(rnn))),
        scan(lambda h, g: tanh(V @ h + g), over=scan(rnn)),
    ),
    "methods": (e.taps(2)[0], taps(e, 2)[0]),
}


@pytest.mark.parametrize("what", SAME)
def test_two_ways_to_write_the_same(what: str) -> None:
    first, second = SAME[what]
    assert first == second


UNLIKE: dict[str, tuple[Node, Node]] = {
    "offset": (e.shift(1), e.shift(-1)),
    "edge": (e.shift(1), e.shift(1, "circular")),
    "stride": (y.taps(2, "valid")[0], y.taps(2, "valid", 2)[0]),
    "tap": (W[0] @ e, W[1] @ e),
    "no tap": (W[0] @ e, W @ e),
    "index": (M[x] @ e, M[x.shift(1)] @ e),
    "pool": (e.sum(), e.mean()),
    "end": (e.first(), e.last()),
    "start": (scan(rnn), scan(rnn, start=b)),
    "body": (scan(rnn), scan(gated)),
    "scaling": (attention(e, e, e, "1/d"), attention(e, e, e)),
    "heads": (attention(e, e, e), attention(e, e, e, heads="many")),
    "mechanism": (attention(e, e, e), attention(e, e, e, mechanism="identity")),
    "query and key": (attention(Q @ e, e, e), attention(e, Q @ e, e)),
    "length": (W @ fixed, W @ sequence("d", 3, 6)),
    "kind": (W @ tokens("a"), W @ sequence("a")),
    "encoding": (W @ sinusoid(y), W @ positions(y)),
}


@pytest.mark.parametrize("what", UNLIKE)
def test_every_part_of_the_content_counts(what: str) -> None:
    first, second = UNLIKE[what]
    assert first != second


LENGTHS: dict[str, tuple[Node, tuple[Any, ...]]] = {
    "tokens": (x, (sp.Symbol("T"),)),
    "other tokens": (tokens("a"), (sp.Symbol("T_a"),)),
    "number": (fixed, (5,)),
    "image": (p, (sp.Symbol("H_p"), sp.Symbol("W_p"))),
    "fixed image": (image("p", 3, (4, 6)), (4, 6)),
    "valid": (fixed.shift(-2, "valid"), (3,)),
    "window": (fixed.taps(3, "valid")[0], (3,)),
    "full window": (fixed.taps(3, "full")[0], (7,)),
    "stride": (fixed.taps(2, "valid", 2)[0], (2,)),
    "same with a stride": (fixed.taps(2, "same", 2)[0], (3,)),
    "broadcast": (relu(W @ fixed) + V @ u + b, (5,)),
    "pooled": (fixed.mean(), ()),
    "average": (average_pool(image("p", 3, (4, 6)), (2, 3)), (2, 2)),
}


@pytest.mark.parametrize("what", LENGTHS)
def test_lengths(what: str) -> None:
    node, shape = LENGTHS[what]
    assert tuple(map(str, node.positions)) == tuple(map(str, shape))


# names


def test_names_say_what_is_gaussian() -> None:
    z = W @ e
    graph = Graph(v @ (relu(z).sum() + (M[x] @ z).mean()) + w @ scan(rnn).last() + c)
    names = {str(node): name for node, name in graph.names.items()}
    assert names["W @ (E @ x)"].startswith("z")
    assert names["(M[x] @ (W @ (E @ x))).mean()"].startswith("z")
    assert names["relu(W @ (E @ x)).sum()"].startswith("h")
    assert names["x"] == "x"


def test_shifts_and_positions_are_called_by_their_formula() -> None:
    h = conv(W, y, 3, "valid").named("hidden")
    graph = Graph(v @ flatten(h) + w @ (h.shift(1) + K @ positions(y.shift(2, "valid"))).sum())
    found = {graph.names[node] for node in graph.nodes if node.op in ("shift", "positions")}
    assert {"hidden.shift(1)", "positions(hidden)"} <= found


def test_names_of_the_user_hold_inside_a_loop() -> None:
    graph = Graph(v @ scan(named).last())
    assert {"prev", "gate"} <= set(graph.given_names.values())
    assert str(graph) == (
        "f = v @ scan(cell).last()\n"
        "cell(h) = gate + E @ x\n"
        "    gate = prev * tanh(W @ prev)\n"
        "    prev = h"
    )


# blocks written out, parameters set differently


def test_loops_are_written_out_with_their_blocks() -> None:
    def block(g: Node) -> Node:
        return scan(lambda h: tanh(W @ h + U @ g).named("state"))

    graph, origin = unroll(Graph(v @ repeat(block, e, 2).last()))
    W1, W2 = weights("W_1 W_2", sn.Scale.of("sigma_W"))
    U1, U2 = weights("U_1 U_2", sn.Scale.of("sigma_U"))
    first = scan(lambda h: tanh(W1 @ h + U1 @ e))
    assert graph == Graph(v @ scan(lambda h: tanh(W2 @ h + U2 @ first)).last())
    assert origin == {"v": "v", "E": "E", "W_1": "W", "W_2": "W", "U_1": "U", "U_2": "U"}
    assert {"state_1", "state_2"} <= set(graph.given_names.values())


def test_blocks_inside_a_loop_are_written_out() -> None:
    def step(h: Node) -> Node:
        return repeat(lambda g: g + K @ relu(g), W @ h + e, 2)

    graph, _ = unroll(Graph(v @ scan(step, start=b).mean()))
    K1, K2 = weights("K_1 K_2", sn.Scale.of("sigma_K"))

    def written(h: Node) -> Node:
        first = W @ h + e
        second = first + K1 @ relu(first)
        return second + K2 @ relu(second)

    assert graph == Graph(v @ scan(written, start=b).mean())


def test_stacked_loops_are_made_one_after_the_other() -> None:
    """Thirty loops over each other, each of which is rewritten when the next one is made."""
    h, count = e, 30
    for layer in range(count):
        (R,) = weights(f"R{layer}")
        h = scan(lambda s, g, R=R: tanh(R @ s + g), over=h)
    graph = Graph(v @ h.last())
    assert sum(node.op == "scan" for node in graph.nodes) == count
    assert unroll(graph)[0] == graph == configure(graph, "ntk", ())


def test_windows_are_written_out() -> None:
    graph, _ = unroll(Graph(v @ flatten(repeat(lambda h: conv(W, relu(h), 3), E @ x, 2))))
    W1, W2 = weights("W_1 W_2", sn.Scale.of("sigma_W"))
    assert graph == Graph(v @ flatten(conv(W2, relu(conv(W1, relu(e), 3)), 3)))


def test_configured_graphs_are_those_that_are_built_so() -> None:
    def build(**options: Any) -> Graph:
        A, B, D, F, r = weights("A B D F r", **options)
        (k,) = biases("k", **options)
        z = A @ x + B @ positions(x)
        h = scan(lambda h: tanh(D[x] @ h + z).named("state"), start=k)
        return Graph(r @ flatten(conv(F, h, 3, "circular", 2)) + w @ h.last())

    graph = configure(build(), None, "ABDFrk")
    assert graph == build(trainable=False)
    assert "state" in graph.given_names.values()
    frozen = configure(build(), None, "DF").parameters
    assert {name for name, found in frozen.items() if not found.trainable} == set("DF")
    assert configure(build(), "standard", "w") == configure(
        build(parametrization="standard"), "standard", "w"
    )


@slow
@given(wild_graphs())
def test_configuring_keeps_the_rest(graph: Graph) -> None:
    changed = configure(graph, "standard", graph.parameters)
    assert list(changed.parameters) == list(graph.parameters)
    assert str(changed) == str(graph)
    assert configure(changed, "standard", ()) == changed


@slow
@given(wild_graphs())
def test_writing_out_what_is_written_out_changes_nothing(graph: Graph) -> None:
    if all(depth.is_Integer for depth in graph.depths):
        copy, _ = unroll(graph)
        assert not copy.depths
        assert unroll(copy)[0] == copy


# what is refused


def leaked() -> Node:
    found: list[Node] = []

    def step(h: Node) -> Node:
        found.append(h)
        return tanh(W @ h + U @ e)

    scan(step)
    return found[-1]


def loop_in_loops(count: int) -> Node:
    if count == 0:
        return e
    return scan(lambda h: weights(f"R{count}")[0] @ h + loop_in_loops(count - 1))


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "output at every position": (
        lambda: Graph(v @ relu(W @ e)),
        "v @ relu(W @ (E @ x)): the output is a vector at every position; end with .sum()",
    ),
    "output of tokens": (lambda: Graph(x.last()), "x.last(): the output is one-hot"),
    "lengths in a sum": (lambda: e + W @ y, "sequences of one length, got length T and length T_y"),
    "lengths in a product": (
        lambda: e * (W @ e).shift(1, "valid"),
        "an elementwise product needs sequences of one length, got length T and length T - 1",
    ),
    "lengths in a function": (
        lambda: attention(e, W @ y, e),
        "attention: keys and values must have the same positions",
    ),
    "matrix chosen by a vector": (
        lambda: M[e] @ e,
        "M[...]: a matrix is chosen by tokens or by positions, which are one-hot, not by vectors "
        "of the common width n",
    ),
    "matrix chosen by text": (lambda: M["x"] @ e, "M['x']: a weight is indexed by a number or by"),  # type: ignore[index]
    "activation of tokens": (
        lambda: relu(x),
        "relu(...) takes vectors, not the one-hot tokens of x; embed them first, as in E @ x",
    ),
    "sum of tokens": (lambda: x + e, "a sum takes vectors, not the one-hot tokens of x"),
    "multiple of tokens": (lambda: 2 * x, "a sum takes vectors, not the one-hot tokens of x"),
    "product with tokens": (lambda: x * e, "an elementwise product takes vectors, not the one-hot"),
    "pooled tokens": (lambda: x.sum(), ".sum() takes vectors, not the one-hot tokens of x"),
    "norm of tokens": (lambda: sn.layer_norm(x), "layer_norm(...) takes vectors, not the one-hot"),
    "norm of positions": (lambda: sn.rms(positions(x)), "rms(...) takes vectors, not one-hot pos"),
    "attention to tokens": (
        lambda: attention(x, x, x),
        "the query of attention takes vectors, not",
    ),
    "flattened tokens": (lambda: flatten(x), "flatten(...) takes vectors, not the one-hot"),
    "joined tokens": (lambda: sn.concat(x, x), "concat(...) takes vectors, not the one-hot tokens"),
    "two alphabets": (
        lambda: Graph(v @ (e.sum() + (E @ tokens("a")).sum())),
        "E: used on vectors of the one-hot tokens of x and the one-hot tokens of a",
    ),
    "with and without an index": (
        lambda: Graph(v @ (W @ e + W[0] @ e).sum()),
        "W: used without an index and with a number as index; give each a weight of its own",
    ),
    "two kinds of index": (
        lambda: Graph(v @ (M[x] @ e + M[positions(x)] @ e).sum()),
        "M: used with a matrix for each of the one-hot tokens of x and with a matrix for each of",
    ),
    "flattened twice": (
        lambda: Graph(v @ flatten(e) + v @ flatten(e.shift(1, "valid"))),
        "one-hot positions of length T and with a matrix for each of one-hot positions of length T",
    ),
    "flattened by an index": (
        lambda: W[0] @ flatten(e),
        "W[...] @ flatten(...): flatten has a matrix for each position already",
    ),
    "shared with two widths": (
        lambda: Graph(v @ (W[0] @ y + W[1] @ e.mean()).sum()),
        "W: used on vectors of width 4 and the common width n",
    ),
    "matrix times a number": (lambda: W @ 3, "W @ 3: a matrix product takes a vector"),  # type: ignore[operator]
    "length alone": (
        lambda: Graph(v @ (P @ positions(x)).sum()),
        "x: the network uses the length of this input and nothing else of it",
    ),
    "positions of a vector": (lambda: positions(u), "positions(...) takes a sequence or a grid"),
    "positions of text": (lambda: positions("x"), "positions(...) takes a sequence, or its length"),  # type: ignore[arg-type]
    "encoding of a grid": (lambda: sinusoid(p), "sinusoid(...) takes a sequence, not a grid"),
    "half a shift": (lambda: e.shift(0.5), "shifted by a whole number of positions, not 0.5"),  # type: ignore[arg-type]
    "unknown edge": (lambda: e.shift(1, "wrap"), "unknown edge 'wrap'; use zero, valid, circular"),
    "unknown edge of a window": (lambda: e.taps(3, "zero"), "unknown edge 'zero'; use valid, same"),
    "shift of a vector": (lambda: u.shift(1), "shift takes a sequence, not a single vector"),
    "shift of an image": (lambda: p.shift(1), "shift takes a sequence, not a grid"),
    "window of a vector": (lambda: u.taps(3), "a sliding window takes a sequence or a grid"),
    "empty window": (lambda: e.taps(0), "a window must be a positive whole number, not 0"),
    "axes of a window": (lambda: p.taps((1, 2, 3)), "a window needs 2 numbers, one for each axis"),
    "a position by its number": (lambda: e[0], "a vector has no index: a sequence has .first()"),  # type: ignore[index]
    "Python's sum": (lambda: sum(e), "and .sum() is the sum over its positions"),  # type: ignore[call-overload]
    "nothing left": (
        lambda: fixed.taps(6, "valid"),
        "no position is left of a sequence of length 5",
    ),
    "sum of a vector": (lambda: u.sum(), "sum() takes a sequence or a grid, not a single vector"),
    "flattened vector": (lambda: flatten(u), "flatten takes a sequence or a grid"),
    "convolution without a weight": (lambda: conv(e, y, 3), "conv takes a weight first"),  # type: ignore[arg-type]
    "attention of a vector": (
        lambda: attention(u, e, e),
        "the query of attention takes a sequence",
    ),
    "widths in attention": (
        lambda: attention(y, e, e),
        "queries and keys must have one width, not width 4 and the common width n",
    ),
    "scaling": (lambda: attention(e, e, e, "d"), "unknown scaling 'd'; use 1/d or 1/sqrt(d)"),
    "heads": (lambda: attention(e, e, e, heads="4"), "unknown heads '4'; use one or many"),
    "length zero": (lambda: tokens("a", 0), "a: a length must be a positive whole number, not 0"),
    "shape of an image": (
        lambda: image("a", 3, (2,)),  # type: ignore[arg-type]
        "a: the shape of an image is (height, width), not (2,)",
    ),
    "loop without its state": (lambda: scan(lambda h: tanh(e)), "does not use its state"),
    "loop without a sequence": (lambda: scan(lambda h: tanh(W @ h)), "uses no sequence: name it"),
    "loop that ignores its sequence": (
        lambda: scan(lambda h, g: tanh(W @ h), over=e),
        "the block of a scan uses no sequence, and so does the same at each step",
    ),
    "loop over a vector": (
        lambda: scan(lambda h, g: tanh(W @ h + g), over=u),
        "scan takes a sequence, not a single vector",
    ),
    "loop that returns no vector": (
        lambda: scan(lambda h: b),  # type: ignore[arg-type, return-value]
        "the block of a scan must return a vector",
    ),
    "loop that returns one vector": (
        lambda: scan(lambda h, g: tanh(W @ h + g).sum(), over=e),
        "the block of a scan goes over length T, and it returns a single vector",
    ),
    "loop that changes the width": (
        lambda: scan(lambda h: h * e + sn.concat(h, e)),
        "needs vectors of one width",
    ),
    "start at every position": (lambda: scan(rnn, start=e), "the start of a scan takes a single"),
    "start of another width": (
        lambda: scan(rnn, start=u),
        "a scan starts with a vector of the dimension of the input u and goes on with the common",
    ),
    "other steps": (
        lambda: Graph(v @ scan(lambda h, g: tanh(W @ h.shift(1) + g), over=e).last()),
        "the block of a scan uses its state at another step; only the step before is known",
    ),
    "attention inside a loop": (
        lambda: Graph(v @ scan(lambda h, g: g + attention(h, h, g), over=e).last()),
        "the block of a scan uses its state at another step",
    ),
    "state outside": (
        lambda: Graph(v @ leaked().last()),
        "the state of a scan is used outside its block; use the sequence that scan returns",
    ),
    "loop in a loop": (
        lambda: scan(lambda h: tanh(W @ h + scan(lambda g: tanh(U @ g + V @ h + e)))),
        "a scan inside another one uses the state of the outer one",
    ),
    "many loops in loops": (lambda: loop_in_loops(9), "more than 8 loops inside one another"),
    "block that changes the length": (
        lambda: repeat(lambda h: conv(W, h, 3, "valid"), e, 2),
        "a repeated block must keep the positions: it takes length T and gives length T - 2",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_errors_name_what_is_wrong(what: str) -> None:
    build, message = REFUSED[what]
    with pytest.raises(GraphError) as caught:
        build()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("build", "node", "says"),
    [
        (lambda: sn.max_pool(relu(W @ y), 2), "max_pool(relu(W @ y))", "Use average_pool or sum"),
        (lambda: e.named("embedded").max(), "max_pool(embedded)", "the maximum over positions"),
        (lambda: sn.batch_norm(W @ u), "batch_norm(W @ u)", "Use layer_norm"),
    ],
)
def test_what_has_no_limit_is_refused_with_the_reason(
    build: Callable[[], object], node: str, says: str
) -> None:
    with pytest.raises(AssumptionError) as caught:
        build()
    assert caught.value.node == node
    assert says in str(caught.value)


def test_a_model_file_that_has_no_limit_is_refused_with_its_place() -> None:
    document = {
        "symntk": 1,
        "inputs": {"x": "image"},
        "weights": ["W", "v"],
        "network": {"h": "conv(W, x, 3)", "f": "v @ max_pool(h, 2).sum()"},
    }
    with pytest.raises(AssumptionError) as caught:
        read_document(document, "m.yaml")
    assert str(caught.value).startswith("m.yaml: network.f: max_pool(h): ")


# model files


FILE = {"symntk": 1, "weights": {}, "network": {}}


INPUTS: list[tuple[Any, Node]] = [
    ("tokens", tokens("a")),
    ({"kind": "tokens"}, tokens("a")),
    ({"kind": "tokens", "length": 8}, tokens("a", 8)),
    ("sequence", sequence("a")),
    ({"kind": "sequence", "dim": 4}, sequence("a", 4)),
    ({"kind": "sequence", "length": 3}, sequence("a", None, 3)),
    ("image", image("a")),
    ({"kind": "image", "channels": 3, "shape": [8, 9]}, image("a", 3, (8, 9))),
    ("vector", vector("a")),
    ({"kind": "vector", "dim": 3}, vector("a", 3)),
]


@pytest.mark.parametrize(("entry", "node"), INPUTS, ids=str)
def test_inputs_of_every_kind(entry: Any, node: Node) -> None:
    readout = "v @ a" if not node.positions else "(v @ a).mean()"
    document = {
        "symntk": 1, "inputs": {"a": entry}, "weights": ["v"], "network": {"f": readout}
    }  # fmt: skip
    graph = read_document(document, "m")
    assert graph.inputs == (node,)
    assert read_document(write_document(graph), "m") == graph


BAD_INPUTS: list[tuple[Any, str]] = [
    ("text", "inputs.a: unknown kind 'text'; the kinds are vector, tokens, sequence, image"),
    ({"kind": 3}, "inputs.a.kind: this must be text, not 3"),
    ({"kind": "tokens", "dim": 3}, "inputs.a: unknown key 'dim'; the keys are kind, length"),
    ({"kind": "image", "shape": 3}, "inputs.a.shape: this must be a list of whole numbers, not 3"),
    ({"kind": "image", "shape": [3, "x"]}, "inputs.a.shape: this must be a whole number"),
    ({"kind": "image", "shape": [3]}, "a: the shape of an image is (height, width), not (3,)"),
    ({"kind": "sequence", "length": 0}, "a: a length must be a positive whole number, not 0"),
]


@pytest.mark.parametrize(("entry", "says"), BAD_INPUTS)
def test_bad_inputs_name_the_entry(entry: Any, says: str) -> None:
    document = {"symntk": 1, "inputs": {"a": entry}, "network": {"f": "a"}}
    with pytest.raises(GraphError) as caught:
        read_document(document, "m.yaml")
    assert str(caught.value).startswith("m.yaml: inputs.a")
    assert says in str(caught.value)


BAD_FORMULAS: dict[str, tuple[str, str]] = {
    "v @ x.sum()": ("x.", ".sum() takes vectors, not the one-hot tokens"),
    "v @ (E @ x).sun()": ("sun", "a sequence has no .sun(): did you mean sum?"),
    "v @ (E @ x).sum(2)": ("(E", "write h.sum()"),
    "v @ (E @ x).sum": ("sum", "write sum(...) with brackets"),
    "v @ (E @ x).shift().sum()": ("(E", "write h.shift(-1)"),
    "v @ (E @ x).shift(0.5).sum()": ("0.5", "by must be a whole number"),
    "v @ (E @ x).shift(x).sum()": ("x)", "by must be a whole number"),
    "v @ (E @ x).shift(1, valid).sum()": ("valid", 'edge is a text in quotes, such as "valid"'),
    "v @ (E @ x).shift(1, 'vald').sum()": ("(E", "unknown edge 'vald'"),
    "v @ (E @ x).shift(1, width=2).sum()": ("width", "unknown setting 'width': there is edge"),
    "v @ (E @ x).shift(1, by=2).sum()": ("by", "'by' is given twice"),
    "v @ (E @ x).shift(12345678901).sum()": ("123", "at most 9 digits"),
    "v @ (E @ x).taps(3).sum()": ("taps", "these are several views: write h.taps(3)[0]"),
    "v @ (E @ x).taps(3)[3].sum()": ("3]", "there are 3 views, 0 to 2"),
    "v @ (E @ x).taps((3, 2))[0].sum()": ("(E", "a window needs 1 numbers"),
    "v @ (E @ x).taps(3)[x].sum()": ("x]", "the index of a view must be a whole number"),
    "v @ (E @ x)[0]": ("(E", "only weights and the views"),
    "v @ flatten(E @ x) + flatten(E @ x)": ("flatten(E @ x)", "write W @ flatten(h)"),
    "v @ conv(x, E @ x, 3).sum()": ("x, E", "a weight is needed here, as in conv(W, h, 3)"),
    "v @ conv(E, x).sum()": ("conv", 'write conv(W, h, 3, "valid", stride=2)'),
    "v @ (E @ x, E @ x).sum()": ("(E", "this is no vector"),
    "v @ positions().sum()": ("positions", "positions(...) takes a sequence, or its length"),
    "v @ positions(0.5).sum()": ("0.5", "a length must be a whole number"),
    "v @ attention(E @ x, E @ x).sum()": ("attention", 'write attention(q, k, v, "1/d")'),
    "v @ attention(E @ x, E @ x, E @ x, 'd').sum()": ("attention", "unknown scaling 'd'"),
    "v @ scan(E @ x).sum()": ("E", "a function is needed: lambda h: ..."),
    "v @ scan().sum()": ("scan", "write scan(lambda h: tanh(W @ h + U @ x), start=b)"),
    "v @ scan(lambda h: h, begin=x).sum()": ("scan", "write scan(lambda h: tanh"),
    "v @ scan(lambda h, g: g, x, over=x).sum()": ("scan", "write scan(lambda h: tanh"),
    "v @ scan(lambda h, g: g).sum()": ("lambda", "this function must take one vector, not 2"),
    "v @ scan(lambda h: h, over=E @ x).sum()": ("lambda", "must take 2 vectors, the state first"),
    "v @ scan(lambda h: tanh(E @ x)).sum()": ("scan", "does not use its state"),
    "v @ repeat(lambda h, g: g, E @ x, times=2).sum()": ("lambda", "must take one vector, not 2"),
}  # fmt: skip


@pytest.mark.parametrize("formula", BAD_FORMULAS)
def test_bad_formulas_are_shown_with_the_place(formula: str) -> None:
    at, says = BAD_FORMULAS[formula]
    document = {
        "symntk": 1, "inputs": {"x": "tokens"}, "weights": ["E", "v"], "network": {"f": formula}
    }  # fmt: skip
    with pytest.raises(sn.SymntkError) as caught:
        read_document(document, "m.yaml")
    message, shown, caret = str(caught.value).split("\n")
    assert message.startswith("m.yaml: network.f: ")
    assert says in message
    assert shown.strip() == formula
    assert shown[caret.index("^") :].startswith(at)


def test_a_loop_may_have_lines_of_its_own() -> None:
    document = {
        "symntk": 1,
        "inputs": {"x": "tokens"},
        "weights": ["E", "U", "V", "W", "v"],
        "network": {
            "embedded": "E @ x",
            "cell(h, t)": {"g": "erf(W @ h + U @ t)", "out": "g * h + g * tanh(V @ t)"},
            "f": "v @ scan(cell, over=embedded).last()",
        },
    }
    assert read_document(document, "m") == Graph(v @ scan(gated).last())


def test_vectors_may_be_called_like_operations() -> None:
    scores = attention(Q @ y, K @ y, y, "1/d").named("attention")
    graph = Graph(v @ relu(scores.mean()) + w @ scores.sum().named("conv"))
    check_copies(graph)


PIECES = ["E", "W", "v", "x", "y", "h", "relu", "scan", "lambda h:", "lambda h, g:", "(", ")", "[",
          "]", "@", "*", "+", "-", "/", ",", "=", ".", "0", "1", "2", "-1", "sum()", "mean()",
          ".shift", ".taps", "taps(2)", ".last()", "conv", "flatten", "attention", "positions",
          "sinusoid", "average_pool", "(E @ x)", "over=", "start=", "repeat", "times=2", '"valid"',
          "'1/d'", '"', "stride=2", "edge="]  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join))
def test_any_text_is_read_or_refused(formula: str) -> None:
    document = {
        "symntk": 1, "inputs": {"x": "tokens", "y": "sequence"}, "weights": ["E", "W", "v"],
        "network": {"f": formula},
    }  # fmt: skip
    try:
        graph = read_document(document, "m.yaml")
    except sn.SymntkError as error:
        assert str(error).startswith("m.yaml: ")
    else:
        assert isinstance(graph, Graph)
