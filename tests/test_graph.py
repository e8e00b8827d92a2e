"""Graphs: values that compare by content, print as their formula, and are checked when made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings

from symntk.activations import activation
from symntk.derivation import derive
from symntk.errors import GraphError, UsageError
from symntk.graph import (
    Bias,
    Graph,
    Node,
    Scale,
    Weight,
    add,
    ancestors,
    biases,
    concat,
    elementwise,
    layer_norm,
    product,
    repeat,
    rms,
    vector,
    weights,
)
from symntk.graph.configuration import configure
from symntk.graph.numerals import decimal
from symntk.graph.unroll import unroll
from tests.oracle import evaluate
from tests.random_graphs import graphs

relu, tanh = activation("relu"), activation("tanh")
x, y = vector("x"), vector("y", 5)
A, B, C, U, V, W, v, w = weights("A B C U V W v w")
b, c = biases("b c")
s, t = sp.symbols("s t", real=True)
L = sp.Symbol("L", integer=True, positive=True)


def wide(name: str, width: int) -> Node:
    return Weight(name, Scale.of("tau"), width) @ x


# values


@pytest.mark.parametrize("value", [x, W, b, W.std, Graph(v @ x)], ids=str)
def test_nothing_can_be_changed(value: Any) -> None:
    for field in fields(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field.name, "other")


def test_what_a_graph_gives_out_cannot_be_changed() -> None:
    graph = Graph(v @ relu(W @ x))
    for mapping in (graph.names, graph.values, graph.parameters, graph.given_names):
        with pytest.raises(TypeError):
            mapping["z"] = 1  # type: ignore[index]


def test_equal_content_is_equal() -> None:
    first, second = (Graph(v @ relu(W @ vector("x") + b), title) for title in ("one", "two"))
    assert first == second
    assert hash(first.output) == hash(second.output)
    assert len({first.output, second.output}) == 1
    assert Graph(v @ relu(W @ x)) != Graph(v @ relu(U @ x))


def slope(value: Any) -> Node:
    return elementwise(s * t, (t,), (W @ x,), "f", ((s, value),))


UNLIKE: dict[str, tuple[Any, Any]] = {
    "input": (x, vector("y")),
    "dimension": (x, vector("x", 3)),
    "scale": (weights("W", 2)[0] @ x, weights("W", 3)[0] @ x),
    "symbol": (Weight("W", Scale.of("s")) @ x, Weight("W", Scale.of("t")) @ x),
    "width": (W @ x, wide("W", 3)),
    "frozen": (W @ x, weights("W", trainable=False)[0] @ x),
    "parametrization": (W @ x, weights("W", parametrization="standard")[0] @ x),
    "coefficient": (2 * (W @ x), 3 * (W @ x)),
    "order": (W @ x + U @ x, U @ x + W @ x),
    "function": (relu(W @ x), tanh(W @ x)),
    "constant": (slope(1), slope(2)),
    "eps": (layer_norm(W @ x), layer_norm(W @ x, 1e-6)),
    "times": (repeat(lambda h: A @ relu(h), W @ x, 2), repeat(lambda h: A @ relu(h), W @ x, 3)),
    "body": (repeat(lambda h: A @ relu(h), W @ x, 2), repeat(lambda h: A @ tanh(h), W @ x, 2)),
    "arguments": (concat(W @ x, U @ x), concat(U @ x, W @ x)),
    "operation": (rms(W @ x) * relu(W @ x), layer_norm(W @ x) * relu(W @ x)),
}


@pytest.mark.parametrize("what", UNLIKE)
def test_every_part_of_the_content_counts(what: str) -> None:
    first, second = UNLIKE[what]
    assert first != second
    assert first == first.named("other")


def test_names_and_labels_are_no_content() -> None:
    u, h = sp.symbols("u h")
    first = elementwise(u * sp.tanh(u), (u,), (W @ x,), "one")
    second = elementwise(h * sp.tanh(h), (h,), ((W @ x).named("z"),), "two", (), "h tanh h")
    assert first == second == activation("x*tanh(x)")(W @ x)


def test_variables_of_several_arguments_are_real() -> None:
    u, h = sp.symbols("u h")
    gate = elementwise(u * sp.tanh(h), (u, h), (W @ x, U @ x))
    assert gate["variables"] == (sp.Symbol("u", real=True), sp.Symbol("h", real=True))
    assert gate["phi"].free_symbols == set(gate["variables"])


# numbers


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (0.1, sp.Rational(1, 10)),
        (Fraction(2, 3), sp.Rational(2, 3)),
        (np.float64(0.1), sp.Rational(1, 10)),
        (np.float32(0.1), sp.Rational(1, 10)),
        (np.int64(3), sp.Integer(3)),
        (sp.Float(0.1), sp.Rational(1, 10)),
        (sp.sqrt(2) * (1 + sp.sqrt(3)), sp.sqrt(2) + sp.sqrt(6)),
    ],
)
def test_numbers_are_exact(value: Any, exact: sp.Expr) -> None:
    assert Scale.of("sigma", value).value == exact
    assert add((x, value))["coefficients"] == (exact,)


def test_a_long_float_keeps_its_digits() -> None:
    third = sp.Float(sp.Rational(1, 3), 40)
    assert Scale.of("sigma", third).value == sp.Rational(third)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (sp.Integer(-3), "-3"),
        (sp.Rational(1, 10), "0.1"),
        (sp.Rational(-5, 4), "-1.25"),
        (sp.Rational(1, 10**6), "1e-6"),
        (sp.Rational(12, 10**8), "1.2e-7"),
        (sp.Rational(1, 100), "0.01"),
        (sp.Rational(1, 3), ""),
        (sp.Rational(1, 2**40), ""),
        (sp.sqrt(2), ""),
    ],
)
def test_decimals_are_short_or_absent(value: sp.Expr, text: str) -> None:
    assert decimal(value) == text
    assert not text or sp.Rational(text) == value


# arithmetic


def test_sums_have_one_form() -> None:
    z, u = W @ x, U @ x
    assert z + u + z == 2 * z + u == add((z, 2), (u, 1))
    assert z + u - u == z
    assert 2 * (3 * z) == 6 * z
    assert z / 3 == z * Fraction(1, 3)
    assert sum([z, u]) == z + u
    assert b + z == z + b
    assert (-z) * -1 == z


def test_named_sums_stay_together() -> None:
    inner = (W @ x + U @ x).named("z")
    assert (inner + V @ x).inputs[0] == inner
    assert len((W @ x + U @ x + V @ x).inputs) == 3


def test_products_have_one_form() -> None:
    z, u, r = W @ x, U @ x, rms(V @ x)
    assert z * u * r == z * (u * r) == product(z, u, r)
    assert (z * u).named("g") * r != z * u * r
    assert r.width == (r * r).width == "scalar"
    assert (r * z).width == z.width


# printing


def block(h: Node) -> Node:
    inner = (B @ h).named("g")
    return h + A @ (inner * relu(inner))


z = (W @ x + b).named("z")

PRINTED: dict[str, tuple[Node, str]] = {
    "perceptron": (v @ relu(W @ x + b), "f = v @ relu(W @ x + b)"),
    "multiples": (
        v @ (2 * relu(W @ x) - 0.5 * tanh(U @ x) + tanh(V @ x) / 3),
        "f = v @ (2 * relu(W @ x) - 0.5 * tanh(U @ x) + tanh(V @ x) / 3)",
    ),
    "negative": (-(v @ x) - c, "f = -(v @ x) - c"),
    "fraction": (v @ (W @ x * Fraction(2, 3)), "f = v @ (2 * (W @ x) / 3)"),
    "roots": (
        v @ (sp.sqrt(2) * (W @ x) + (1 + sp.sqrt(3)) * (U @ x) - sp.exp(1) * (V @ x)),
        "f = v @ (sqrt(2) * (W @ x) + (1 + sqrt(3)) * (U @ x) - exp(1) * (V @ x))",
    ),
    "gate": (v @ ((W @ x) * tanh(U @ x)), "f = v @ ((W @ x) * tanh(U @ x))"),
    "products of matrices": (v @ (W @ (U @ x)), "f = v @ (W @ (U @ x))"),
    "negative product": (v @ -(x * x), "f = v @ (-(x * x))"),
    "statistics": (
        v @ (rms(W @ x) * layer_norm(U @ x, 1e-6) * layer_norm(V @ x)),
        "f = v @ (rms(W @ x) * layer_norm(U @ x, eps=1e-6) * layer_norm(V @ x))",
    ),
    "parts": (v @ concat(relu(W @ x), U @ x), "f = v @ concat(relu(W @ x), U @ x)"),
    "settings": (
        v @ activation("leaky_relu(slope=1/5)")(activation("hermite(3)")(W @ x)),
        "f = v @ leaky_relu(slope=1/5)(hermite(3)(W @ x))",
    ),
    "own function": (
        v @ activation("x*tanh(x)")(W @ x),
        "f = v @ phi(W @ x)\nphi(x) = x*tanh(x)",
    ),
    "own functions": (
        v @ (activation("x*tanh(x)")(W @ x) + activation("tanh(2*x)")(U @ x)),
        "f = v @ (phi(W @ x) + psi(U @ x))\nphi(x) = x*tanh(x)\npsi(x) = tanh(2*x)",
    ),
    "two arguments": (
        v @ elementwise(s * sp.tanh(t), (s, t), (W @ x, U @ x), "gate"),
        "f = v @ gate(W @ x, U @ x)\ngate(s, t) = s*tanh(t)",
    ),
    "twice": (
        v @ (relu(W @ x) * tanh(W @ x)),
        "f = v @ (relu(z1) * tanh(z1))\nz1 = W @ x",
    ),
    "named": (
        (v @ relu(z)).named("logit") + w @ tanh(z),
        "f = logit + w @ tanh(z)\nlogit = v @ relu(z)\nz = W @ x + b",
    ),
    "repeated": (
        v @ repeat(lambda h: h + A @ relu(h), z, "L"),
        "f = v @ repeat(lambda h: h + A @ relu(h), z, times=L)\nz = W @ x + b",
    ),
    "repeated twice": (
        v @ repeat(lambda h: A @ repeat(lambda g: B @ relu(g), h, 2), z, L - 1),
        "f = v @ repeat(lambda h: A @ repeat(lambda g: B @ relu(g), h, times=2), z, "
        "times=L - 1)\nz = W @ x + b",
    ),
    "block with names": (
        v @ repeat(block, z, 3),
        "f = v @ repeat(block, z, times=3)\n"
        "block(h) = h + A @ (g * relu(g))\n"
        "    g = B @ h\n"
        "z = W @ x + b",
    ),
}


@pytest.mark.parametrize("what", PRINTED)
def test_graphs_print_as_their_formula(what: str) -> None:
    output, text = PRINTED[what]
    assert str(Graph(output)) == text


def test_vectors_print_as_their_formula() -> None:
    assert str(W @ x + b) == "W @ x + b"
    assert str(activation("x*tanh(x)")(z)) == "(lambda x: x*tanh(x))(W @ x + b)"
    assert repr(z) == "<sum z: W @ x + b>"


def test_deep_networks_print_in_short_lines() -> None:
    h = x
    for layer in range(300):
        (weight,) = weights(f"W{layer}")
        h = relu(weight @ h)
    lines = str(Graph(v @ h)).splitlines()
    assert len(lines) > 20
    assert max(map(len, lines)) < 150


def test_names_are_the_users_or_short() -> None:
    graph = Graph(v @ relu(W @ relu(U @ x + b).named("first")) + c)
    assert graph.names[graph.output] == "f"
    assert set(graph.names.values()) == {
        "f",
        "v @ h1",
        "h1",
        "z1",
        "first",
        "z2",
        "U @ x",
        "x",
        "b",
        "c",
    }


def test_a_name_holds_for_all_equal_vectors() -> None:
    graph = Graph(v @ (relu(W @ x) * tanh((W @ x).named("z"))))
    assert str(graph) == "f = v @ (relu(z) * tanh(z))\nz = W @ x"


# what is refused


def residual(h: Node) -> Node:
    return h + A @ relu(h)


def leak() -> Node:
    found: list[Node] = []

    def body(h: Node) -> Node:
        found.append(h)
        return A @ relu(h)

    return repeat(body, W @ x, 2) + found[0]


def made_outside() -> Node:
    inner = repeat(lambda h: -h, W @ x, 2)
    return repeat(lambda h: h + inner, U @ x, 3)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "weight and bias of one name": (
        lambda: Graph(v @ (v @ x + Bias("v", Scale.of("s")))),
        "v: two different parameters have this name",
    ),
    "two weights of one name": (
        lambda: Graph(v @ relu(W @ x) + weights("v", 2)[0] @ tanh(W @ x)),
        "v: two different parameters have this name",
    ),
    "shared weight with two fan-ins": (
        lambda: Graph(v @ relu(W @ relu(W @ x))),
        "W: used on vectors of the dimension of the input x and the common width n",
    ),
    "weight inside and outside a block": (
        lambda: Graph(v @ repeat(lambda h: A @ relu(h), A @ y, 2)),
        "A: used inside a repeated block and outside it",
    ),
    "weight in two blocks": (
        lambda: Graph(
            v @ repeat(lambda h: A @ relu(h), W @ x, 2)
            + w @ repeat(lambda h: A @ relu(h), U @ x, 2)
        ),
        "A: used inside a repeated block and outside it, or in two blocks",
    ),
    "two vectors of one name": (
        lambda: Graph(v @ (relu(W @ x).named("h") + tanh(W @ x).named("h"))),
        "h: this name is another vector's too",
    ),
    "a vector called like a weight": (
        lambda: Graph(v @ relu(W @ x).named("W")),
        "W: a vector and a parameter have this name",
    ),
    "an input called like a weight": (
        lambda: Graph(v @ relu(W @ vector("v"))),
        "v: a vector and a parameter have this name",
    ),
    "two inputs of one name": (
        lambda: Graph(v @ relu(W @ x + U @ vector("x", 3))),
        "x: this name is another vector's too",
    ),
    "a vector called f": (
        lambda: Graph(v @ relu((W @ x).named("f"))),
        "f: this name is the output's too",
    ),
    "a block's vector outside": (lambda: Graph(v @ leak()), "used outside the block"),
    "a block made outside": (
        lambda: Graph(v @ made_outside()),
        "a repeated block is used inside another one",
    ),
    "block that changes the width": (
        lambda: repeat(lambda h: wide("A", 3), W @ x, 2),
        "it takes the common width n and gives width 3",
    ),
    "block that returns no vector": (
        lambda: repeat(lambda h: b, W @ x, 2),  # type: ignore[arg-type, return-value]
        "a repeated block must return a vector",
    ),
    "negative number of blocks": (lambda: repeat(lambda h: h, x, -1), "whole number of times"),
    "half a block": (lambda: repeat(lambda h: h, x, L / 2), "whole number of times"),
    "nameless number of blocks": (lambda: repeat(lambda h: h, x, "2 L"), "'2 L' is not a name"),
    "widths in a sum": (
        lambda: W @ x + wide("P", 3),
        "a sum needs vectors of one width, got the common width n and width 3",
    ),
    "widths in a product": (
        lambda: (W @ x) * y,
        "an elementwise product needs vectors of one width, got the common width n and width 5",
    ),
    "widths in a function": (
        lambda: elementwise(s * t, (s, t), (W @ x, x), "gate"),
        "gate(...) needs vectors of one width",
    ),
    "widths in a concatenation": (
        lambda: concat(W @ x, wide("P", 3)),
        "concat: give every part a width or none, not the common width n, width 3",
    ),
    "concatenated inputs": (lambda: concat(x, vector("y")), "give the inputs their dimensions"),
    "concatenated scalars": (lambda: concat(rms(x), W @ x), "concat takes vectors of known width"),
    "one part": (lambda: concat(x), "concat takes at least two vectors"),
    "one factor": (lambda: product(x), "takes at least two vectors"),
    "matrix times scalar": (lambda: W @ rms(x), "W @ ...: a matrix product takes a vector"),
    "zero sum": (lambda: W @ x - W @ x, "a sum cancels to zero"),
    "zero times": (lambda: 0 * x, "a sum cancels to zero"),
    "division by zero": (lambda: x / 0, "divided by zero"),
    "adding a number": (lambda: x + 1, "only vectors and biases can be added"),
    "text as a factor": (lambda: x * "2", "must be a number, not '2'"),  # type: ignore[operator]
    "symbol as a factor": (lambda: x * L, "must be a finite real number, not L"),
    "nan": (lambda: x * float("nan"), "must be a finite real number"),
    "infinity": (lambda: x * sp.oo, "must be a finite real number"),
    "complex": (lambda: x * sp.I, "must be a finite real number"),
    "truth": (lambda: x * True, "must be a number, not True"),
    "zero scale": (lambda: Scale.of("sigma", 0), "sigma must be positive"),
    "negative scale": (lambda: weights("W", -1), "sigma_W must be positive"),
    "scale of a symbol": (lambda: Scale.of("sigma", L), "the value of sigma must be a finite"),
    "nameless scale": (lambda: Scale.of("a b"), "'a b' is not a name"),
    "scale without a sign": (lambda: Scale(sp.Symbol("s"), sp.S.One), "make the symbol"),
    "nameless weight": (lambda: Weight("W 1", W.std), "'W 1' is not a name for a weight"),
    "nameless bias": (lambda: biases("1b"), "'1b' is not a name for a bias"),
    "nameless input": (lambda: vector("x y"), "'x y' is not a name for an input"),
    "nameless vector": (lambda: x.named("x'"), "is not a name for a vector"),
    "word of the language": (lambda: vector("lambda"), "'lambda' is a word of the language"),
    "dimension zero": (lambda: vector("x", 0), "x: a dimension must be a positive whole number"),
    "half a dimension": (lambda: vector("x", 1.5), "positive whole number"),  # type: ignore[arg-type]
    "width zero": (lambda: weights("W", width=0), "W: a width must be a positive whole number"),
    "parametrization": (
        lambda: weights("W", parametrization="mup"),  # type: ignore[arg-type]
        "W: unknown parametrization 'mup'",
    ),
    "negative eps": (lambda: layer_norm(x, -1), "must not be negative"),
    "number of arguments": (
        lambda: elementwise(s, (s,), (x, x), "id"),
        "id takes 1 arguments, got 2",
    ),
    "stray symbol": (lambda: elementwise(s * t, (s,), (x,), "f"), "f: give t a value first"),
    "one variable twice": (lambda: elementwise(s, (s, s), (x, x), "f"), "different variables"),
    "variable and constant": (
        lambda: elementwise(s * sp.Symbol("x", real=True), (s,), (x,), "f"),
        "x is both a variable and a constant",
    ),
    "constant without a sign": (
        lambda: elementwise(s * sp.Symbol("k"), (s,), (x,), "f", ((sp.Symbol("k"), 1),)),
        "make the symbol k of a constant real",
    ),
    "one symbol, two values": (
        lambda: (
            Graph(Weight("v", Scale.of("s", 1)) @ relu(Weight("W", Scale.of("s", 2)) @ x)).values
        ),
        "v: s has two values, 2 and 1",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_errors_name_what_is_wrong(what: str) -> None:
    build, message = REFUSED[what]
    with pytest.raises(GraphError) as caught:
        build()
    assert message in str(caught.value)


# repeated blocks


def gated(h: Node) -> Node:
    return h + C @ tanh(h)


BLOCKS: dict[str, Node] = {
    "two in a row": v @ relu(repeat(gated, V @ relu(repeat(residual, W @ x, 2)), 3)),
    "two side by side": v @ (relu(repeat(residual, W @ x, 2)) + relu(repeat(gated, U @ x, 2))),
    "two from one vector": v @ (repeat(residual, z, 2) * repeat(gated, W @ x + b, 3)),
    "nested": v @ relu(repeat(lambda h: h + repeat(gated, A @ relu(h), 2), W @ x, 2)),
}


@pytest.mark.parametrize("what", BLOCKS)
def test_blocks_are_kept_apart(what: str) -> None:
    """The derivation of the blocks is that of the network in which they are written out."""
    graph = Graph(BLOCKS[what])
    copies, _ = unroll(graph)
    point = [0.3, -1.2, 0.7], [0.9, 0.4, -0.5]
    blocks, written = (evaluate(derive(g), *point) for g in (graph, copies))
    assert blocks["ntk"] == pytest.approx(written["ntk"], rel=1e-12)
    assert blocks["nngp"] == pytest.approx(written["nngp"], rel=1e-12)


def test_writing_blocks_out_is_applying_them() -> None:
    graph, origin = unroll(Graph(v @ repeat(residual, W @ x, 2)))
    first, second = weights("A_1 A_2", Scale.of("sigma_A"))
    h = W @ x + first @ relu(W @ x)
    assert graph == Graph(v @ (h + second @ relu(h)))
    assert origin == {"v": "v", "W": "W", "A_1": "A", "A_2": "A"}
    assert unroll(graph) == (graph, {name: name for name in graph.parameters})


def test_written_out_blocks_number_their_names() -> None:
    graph, origin = unroll(Graph(v @ repeat(lambda h: C @ repeat(block, h, 2), W @ x, 2)))
    assert {name for name in origin if origin[name] == "B"} == {"B_1_1", "B_1_2", "B_2_1", "B_2_2"}
    assert {"g_1_1", "g_2_2"} <= set(graph.given_names.values())


def test_names_that_are_taken_are_marked() -> None:
    graph, _ = unroll(Graph(v @ (repeat(block, W @ x, 1) + relu(W @ x).named("g_1"))))
    assert set(graph.given_names.values()) == {"x", "g_1", "g_1_"}


def test_a_taken_parameter_name_is_refused() -> None:
    (taken,) = weights("A_1")
    with pytest.raises(GraphError, match="A_1: this name is needed"):
        unroll(Graph(v @ repeat(residual, taken @ x, 2)))


def test_an_inner_block_may_use_the_outer_argument() -> None:
    graph = Graph(v @ repeat(lambda h: repeat(lambda g: h + B @ relu(g), h, 2), W @ x, 1))
    first, second = weights("B_1_1 B_1_2", Scale.of("sigma_B"))
    u = W @ x
    assert unroll(graph)[0] == Graph(v @ (u + second @ relu(u + first @ relu(u))))


def test_a_symbolic_number_of_blocks_cannot_be_written_out() -> None:
    with pytest.raises(GraphError, match="the number of blocks is the symbol L"):
        unroll(Graph(v @ repeat(residual, W @ x, "L")))


def test_depths_have_one_form() -> None:
    plain = sp.Symbol("L")
    assert repeat(residual, W @ x, "L") == repeat(residual, W @ x, plain)
    assert Graph(v @ repeat(residual, W @ x, plain - 1)).depths == (L - 1,)
    assert repeat(residual, W @ x, 0) == W @ x


# parameters set differently


def test_configured_graphs_are_those_that_are_built_so() -> None:
    def build(**options: Any) -> Graph:
        p, q, r = weights("p q r", **options)
        (k,) = biases("k", **options)
        return Graph(r @ repeat(lambda h: h + q @ relu(h) + k, (p @ x).named("z"), "L"))

    assert configure(build(), "standard", ()) == build(parametrization="standard")
    assert configure(build(), None, "pqrk") == build(trainable=False)
    assert configure(build(), None, ()) == build()
    assert set(configure(build(), "standard", ()).given_names.values()) == {"x", "z"}
    frozen = configure(build(), None, ["q"]).parameters
    assert {name for name, parameter in frozen.items() if not parameter.trainable} == {"q"}


def test_configuring_what_is_not_there_is_refused() -> None:
    graph = Graph(v @ relu(W @ x))
    with pytest.raises(UsageError, match="no parameter is called Q; the graph has"):
        configure(graph, None, ["Q"])
    with pytest.raises(UsageError, match="unknown parametrization 'mup'; use ntk or standard"):
        configure(graph, "mup", ())  # type: ignore[arg-type]


@settings(max_examples=60)
@given(graphs())
def test_random_graphs_keep_what_configuring_does_not_touch(graph: Graph) -> None:
    changed = configure(graph, "standard", graph.parameters)
    assert list(changed.parameters) == list(graph.parameters)
    assert str(changed) == str(graph)
    assert configure(changed, "standard", ()) == changed


@settings(max_examples=60)
@given(graphs())
def test_random_graphs_are_closed(graph: Graph) -> None:
    """Every vector has a name, inputs come first, and blocks hold nothing of other blocks."""
    for body in graph.bodies():
        seen: set[Node] = set()
        for node in ancestors(body):
            assert seen.issuperset(node.inputs)
            seen.add(node)
            assert node in graph.names
