"""Laws that every operation obeys, checked over the package's own table of operations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

from symntk.errors import GraphError
from symntk.gaussian.normal_cdf import NormalCDF
from symntk.graph import (
    Node,
    add,
    biases,
    concat,
    elementwise,
    layer_norm,
    matmul,
    product,
    repeat,
    rms,
    vector,
    weights,
)
from symntk.ops import OPS

a, b, k = sp.symbols("a b k", real=True)
W, V, U = weights("W V U", std=1.3)
(bias,) = biases("c", std=0.7)
x = vector("x", dim=3)
z1, z2, z3 = W @ x, V @ x, U @ x

NODES: dict[str, list[Node]] = {
    "input": [x],
    "bias": [Node("bias", parameter=bias, width="any")],
    "matmul": [matmul(W, x)],
    "sum": [add((z1, 2), (z2, sp.Rational(-1, 3)), (z3, 1))],
    "concat": [concat(z1, z2), concat(z1, z2, z3)],
    "product": [product(z1, z2), product(z1, z1), product(z1, z2, z3), product(z1, rms(z2))],
    "elementwise": [
        elementwise(sp.tanh(a), (a,), (z1,)),
        elementwise(a * sp.Heaviside(a), (a,), (z1,)),
        elementwise(sp.Max(0, a) + sp.Abs(a) ** 3, (a,), (z1,)),
        elementwise(a * NormalCDF(a), (a,), (z1,)),
        elementwise(sp.Piecewise((a, a > 0), (sp.exp(a) - 1, True)), (a,), (z1,)),
        elementwise(a * sp.sin(b) + sp.erf(a * b), (a, b), (z1, z2)),
        elementwise(a**2 * b, (a, b), (z1, z1)),
        elementwise(sp.Max(k * a, a), (a,), (z1,), values=((k, 0.2),)),
    ],
    "layer_norm": [layer_norm(z1), layer_norm(z1, eps=0.1)],
    "rms": [rms(z1)],
}
CASES = [
    pytest.param(node, id=f"{op}-{i}")
    for op, nodes in NODES.items()
    for i, node in enumerate(nodes)
]
BATCH, WIDTH = 4, 5


def example(node: Node) -> tuple[list[np.ndarray], np.ndarray | None]:
    """Random arguments of the right shapes, and a parameter where the node has one."""
    rng = np.random.default_rng(1)
    lengths = {"scalar": 1, 3: 3}
    arguments = [
        rng.standard_normal((BATCH, lengths.get(child.width, WIDTH))) + 0.1 for child in node.inputs
    ]
    shapes = {"input": (BATCH, 3), "bias": (WIDTH,), "matmul": (WIDTH, 3)}
    return arguments, rng.standard_normal(shapes[node.op]) if node.op in shapes else None


ALONG_POSITIONS = {"positions", "sinusoid", "shift", "pool", "scan", "state", "attention"}
"""Their gradients are tested within networks of sequences, in tests/test_finite_sequences.py."""


def test_every_op_has_a_case() -> None:
    assert set(NODES) | {"block_input"} | ALONG_POSITIONS == set(OPS)


def values(node: Node, arguments: list[np.ndarray], parameter: np.ndarray | None) -> np.ndarray:
    """The node's vectors; no operation on single vectors needs to be told their number."""
    batch = max((len(argument) for argument in arguments), default=BATCH)
    return OPS[node.op].forward(node, arguments, parameter, (batch, WIDTH))


@pytest.mark.parametrize("node", CASES)
def test_pullback_is_the_derivative_of_forward(node: Node) -> None:
    """Central differences of sum(g * forward) in each number of each argument."""
    op = OPS[node.op]
    arguments, parameter = example(node)
    output = values(node, arguments, parameter)
    gradient = np.random.default_rng(2).standard_normal(output.shape)
    parts = op.pullback(node, arguments, output, gradient, parameter)
    assert len(parts) == len(arguments)
    for i, (argument, part) in enumerate(zip(arguments, parts, strict=True)):
        assert part.shape == argument.shape
        numeric = np.empty_like(argument)
        for place in np.ndindex(argument.shape):
            numeric[place] = slope(
                lambda t, i=i, place=place: values(node, moved(arguments, i, place, t), parameter),
                gradient,
            )
        np.testing.assert_allclose(part, numeric, rtol=1e-7, atol=1e-8)


def slope(function: Callable[[float], np.ndarray], gradient: np.ndarray) -> float:
    step = 1e-5
    return float(np.sum(gradient * (function(step) - function(-step)))) / (2 * step)


def moved(
    arguments: list[np.ndarray], i: int, place: tuple[int, ...], by: float
) -> list[np.ndarray]:
    """The arguments with one number shifted.  An argument given twice is two arguments here."""
    changed = [argument.copy() for argument in arguments]
    changed[i][place] += by
    return changed


@pytest.mark.parametrize("node", CASES)
def test_inputs_of_a_batch_do_not_mix(node: Node) -> None:
    """Row i of the output and of the pullback depend on row i of the arguments alone."""
    op = OPS[node.op]
    arguments, parameter = example(node)
    output = values(node, arguments, parameter)
    gradient = np.ones_like(output)
    parts = op.pullback(node, arguments, output, gradient, parameter)
    rows = slice(1, 2)
    own = parameter[rows] if node.op == "input" and parameter is not None else parameter
    alone = [argument[rows] for argument in arguments]
    single = values(node, alone, own)
    np.testing.assert_allclose(single, output if node.op == "bias" else output[rows], rtol=1e-14)
    again = op.pullback(node, alone, single, gradient[: len(single)], own)
    for part, one in zip(parts, again, strict=True):
        np.testing.assert_allclose(one, part[rows], rtol=1e-13)


def test_a_block_has_to_be_written_out() -> None:
    (inner,) = repeat(lambda h: V @ h, z1, times=2)["body"].inputs  # type: ignore[union-attr]
    with pytest.raises(GraphError, match="unroll"):
        OPS["block_input"].forward(inner, [], None, (1, 1))
    with pytest.raises(GraphError, match="unroll"):
        OPS["block_input"].pullback(inner, [], np.ones((1, 1)), np.ones((1, 1)), None)
