"""What comes back along a link is the transpose of what goes along it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
import sympy as sp

from symntk.derivation import Quantity
from symntk.derivation.transport import pulled, pushed
from symntk.graph import Node, average_pool, image, sequence
from symntk.graph.positions import Length, indices
from symntk.ops import OPS
from tests.sequence_oracle import Evaluator

x, grid = sequence("x"), image("x")

MAPS: dict[str, Node] = {
    "shift": x.shift(1),
    "shift back": x.shift(-2),
    "shift, valid": x.shift(-1, "valid"),
    "shift, circular": x.shift(3, "circular"),
    "window, same": x.taps(3)[0],
    "window, valid": x.taps(3, "valid")[1],
    "window, full": x.taps(3, "full")[2],
    "window, circular, stride 2": x.taps(3, "circular", 2)[2],
    "window, stride 2": x.taps(3, "valid", 2)[1],
    "window, same, stride 3": x.taps(2, "same", 3)[1],
    "sum": x.sum(),
    "mean": x.mean(),
    "first": x.first(),
    "last": x.last(),
    "average": average_pool(x, 2, 1, "inside"),
    "grid": grid.taps((2, 3), "same")[4],
    "grid, stride": grid.taps((2, 2), "valid", (2, 1))[3],
    "grid, circular": grid.taps((2, 2), "circular")[3],
    "mean of a grid": grid.mean(),
}

SIZES = {"T": (1, 2, 6, 7), "H_x": (4,), "W_x": (5,)}


class Arrays(Evaluator):
    """Entries from arrays, by the name of the quantity's left vector."""

    def __init__(self, arrays: Mapping[str, np.ndarray], lengths: Mapping[str, int]) -> None:
        self.arrays, self.lengths, self.constants = arrays, lengths, {}

    def entry(self, quantity, site, left, right):
        array = self.arrays[quantity.left]
        inside = all(0 <= i < n for i, n in zip(left, array.shape, strict=True))
        assert inside, "an entry outside of the sequence is read"
        return float(array[left])

    def length(self, symbol: Length) -> int:
        return self.lengths[symbol.name]

    def array(self, expression: sp.Expr, node: Node) -> np.ndarray:
        """An expression at every position of ``node``."""
        shape = self.shape(node)
        own = indices(len(shape))
        values = [
            self.number(expression, dict(zip(own, place, strict=True)))
            for place in product(*map(range, shape))
        ]
        return np.array(values, dtype=float).reshape(shape)

    def shape(self, node: Node) -> tuple[int, ...]:
        return tuple(max(0, self.whole(size, {})) for size in node.positions)


@pytest.mark.parametrize("name", MAPS)
def test_backwards_is_the_transpose_of_forwards(name: str) -> None:
    node = MAPS[name]
    rank = len((grid if "grid" in name else x).positions)
    rng = np.random.default_rng(0)
    for lengths in [{"T": n} for n in SIZES["T"]] if rank == 1 else [{"H_x": 4, "W_x": 5}]:
        source = grid if rank == 2 else x
        arrays = Arrays({}, lengths)
        below = rng.standard_normal(arrays.shape(source))
        above = rng.standard_normal(arrays.shape(node))
        arrays.arrays = {"below": below, "above": above}
        forwards = arrays.array(chain(node, source, second=False), node)
        backwards = arrays.array(back(node, source), source)
        assert np.sum(forwards * above) == pytest.approx(np.sum(backwards * below), abs=1e-12)


def symbol(name: str, node: Node) -> sp.Expr:
    return Quantity("Sigma", name, "other", (len(node.positions), 0)).at("ab")


def chain(node: Node, source: Node, second: bool) -> sp.Expr:
    """A covariance of ``source`` carried up to ``node``."""
    if node == source:
        return symbol("below", source)
    links = OPS[node.op].links(node)
    return sp.Add(
        *(pulled(chain(k.argument, source, second), k, node, k.coefficient, second) for k in links)
    )


def back(node: Node, source: Node) -> sp.Expr:
    """A gradient at ``node`` carried down to ``source``."""

    def down(here: Node, gradient: sp.Expr) -> sp.Expr:
        if here == source:
            return gradient
        links = OPS[here.op].links(here)
        return sp.Add(
            *(down(k.argument, pushed(gradient, k, here, k.coefficient, False)) for k in links)
        )

    return down(node, symbol("above", node))
