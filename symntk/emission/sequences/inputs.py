"""What kernels of sequences have of their inputs: covariances of rows, lengths, arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sympy import Symbol

from symntk.derivation import Quantity
from symntk.derivation.program import Site
from symntk.emission.naming import Names
from symntk.emission.sequences.indices import extent, whole
from symntk.emission.sequences.loops import Code
from symntk.emission.sequences.lowering import Positioned
from symntk.emission.sequences.plan import Allocate, Item, Requirement, SequenceInput, Stored
from symntk.emission.sequences.reading import Demand, Frame
from symntk.graph import Node
from symntk.graph.positions import lengths_at


@dataclass(frozen=True)
class Inputs:
    """inputs, nodes: by the names of the nodes; sample_frame: that of the code of one sample."""

    lowering: Positioned
    inputs: Mapping[str, SequenceInput]
    nodes: Mapping[str, Node]
    sample_frame: Frame

    def gram(self, quantity: Quantity, site: Site, frame: Frame) -> Iterator[Item]:
        """The covariances of dense inputs, at all pairs of positions."""
        arrays = self.lowering.read.pair_arrays(quantity, site)
        sides = (False, True) if site == "ab" else (True, False)
        rows, shape = [], []
        for name, second in zip((quantity.left, quantity.right), sides, strict=True):
            rows.append(frame.of(self.inputs[name].data, second))
            sizes = (lengths_at(size, second) for size in self.nodes[name].positions)
            shape += [extent(size, frame.lengths) for size in sizes]
        function = "row_gaps" if len(arrays) == 2 else "row_products"
        text = f"{function}({', '.join(rows)}, ({', '.join(shape) or '1'},))"
        yield Allocate(", ".join(arrays), (), text)
        if not shape:
            for array in arrays:
                name = array.removesuffix("_at")
                positive = {"nonnegative": True} if len(arrays) == 2 else {"real": True}
                self.lowering.scalars.add(Symbol(name, **positive))
                yield Allocate(name, (), f"{array}[0]")
            if len(arrays) == 2:
                c = self.lowering.names.pair(quantity.at(site))
                self.lowering.scalars.add(c)
                yield Allocate(str(c), (), f"0.5 * ({arrays[1]}[0] - {arrays[0]}[0])")

    def given(self, demands: set[Demand], stored: set[Demand]) -> Iterator[Item]:
        """What the code of a sample begins with: the covariances of its dense inputs."""
        for kind, quantity in sorted(demands, key=str):
            if quantity.kind != "Sigma" or quantity.left not in self.inputs:
                continue
            if kind == "full":
                yield from self.gram(quantity, "ab", self.sample_frame)
                continue
            array = self.lowering.read.own_array(quantity)
            rows = (self.inputs[name].data for name in (quantity.left, quantity.right))
            sizes = self.nodes[quantity.left].positions or self.nodes[quantity.right].positions
            shape = ", ".join(extent(size, self.sample_frame.lengths) for size in sizes) or "1"
            target = f"{array}[:]" if ("own", quantity) in stored else array
            text = f"own_products({', '.join(rows)}).reshape(({shape},))"
            yield Allocate(target, (), text)
        for name in sorted(self.lowering.tallied):
            data = self.inputs[name].data
            text = f"tally({data}, {data}_distinct_at, {data}_counts_at)"
            yield Allocate(f"{data}_number_at[0]", (), text)

    def requirements(self) -> Iterator[Requirement]:
        """Lengths without which there is no mean over positions."""
        lengths = self.sample_frame.lengths
        for node in self.nodes.values():
            if node.op == "pool" and node["kind"] != "sum":
                for size in node.inputs[0].positions:
                    if not size.is_positive:
                        yield Requirement(whole(size, lengths))

    def stored(self, pair: Code) -> Iterator[Stored]:
        """The arrays of a sample that its pairs need."""
        lowering, lengths = self.lowering, self.sample_frame.lengths
        by_name = {feature.array: feature for feature in lowering.features.values()}
        for name in sorted(pair.arrays):
            shape = tuple(extent(size, lengths) for _, size in by_name[name].axes)
            yield Stored(name, shape or ("1",), by_name[name].table)
        for name in sorted(lowering.tallied):
            data, (size,) = self.inputs[name].data, self.inputs[name].lengths
            yield Stored(f"{data}_distinct_at", (size,))
            yield Stored(f"{data}_counts_at", (size,))
            yield Stored(f"{data}_number_at", ("1",))
        for kind, quantity in sorted(pair.stored, key=str):
            read = lowering.read
            left = read.shape(quantity.left, False)
            right = read.shape(quantity.right, False)
            if quantity.kind == "weight":
                right = tuple(read.keys[quantity.left])
            elif kind == "own":
                left, right = left or right, ()
            shape = tuple(extent(size, lengths) for size in (*left, *right))
            if kind == "own":
                yield Stored(read.own_array(quantity), shape or ("1",))
            else:
                for array in read.pair_arrays(quantity, "ab"):
                    yield Stored(array, shape)


def input_of(node: Node, called: str, names: Names) -> SequenceInput:
    """The input of a node that formulas call ``called``; its names go into ``names``."""
    name = str(node["name"])
    rank = len(node.positions)
    stem = names.base(Quantity("Sigma", called, called, (rank, rank)))
    words = {0: (), 1: ("length",), 2: ("height", "width")}[rank]
    return SequenceInput(
        name,
        stem,
        node.is_one_hot,
        tuple(names.unique(f"{stem.rstrip('_')}_{word}", ("length", name, word)) for word in words),
        tuple(int(size) if size.is_Integer else None for size in node.positions),
        node.width if isinstance(node.width, int) else None,
    )
