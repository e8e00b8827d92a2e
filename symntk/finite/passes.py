"""Networks run over many inputs, forwards and backwards, with no vector computed twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symntk.finite.extents import Array, Extent, Inputs, extents
from symntk.finite.network import Architecture, Network, key
from symntk.finite.parameter_gradients import add_parameter_gradients
from symntk.graph import Node

if TYPE_CHECKING:
    import scipy.sparse as sparse

LARGEST = 2**22
"""Numbers in the vectors of a node for one batch: 32 MB."""

POSITION_BY_POSITION = frozenset(
    {"matmul", "sum", "concat", "product", "elementwise", "layer_norm", "rms"}
)
"""Operations whose vector at a position depends on no other position."""

Pull = Callable[[NDArray[np.intp], Array], Array]
"""-dl/df of the inputs with the given numbers from their scores, both (batch, scores)."""


@dataclass(frozen=True)
class Batch:
    """Inputs of one length.

    numbers: which of all inputs they are.
    rows: their tokens by number, (batch, T), or the vectors, (batch, d).
    extents: the lengths of the axes of each node.
    """

    numbers: NDArray[np.intp]
    rows: NDArray[Any]
    extents: Mapping[Node, Extent]

    @cached_property
    def places(self) -> sparse.csr_array:
        """[the token is k] for each token number k up to the largest and each position."""
        import scipy.sparse as sparse

        tokens = self.rows.ravel()
        ones = np.ones(len(tokens))
        return sparse.csr_array((ones, (tokens, np.arange(len(tokens)))))


class Passes:
    """Networks of one architecture on texts or on vectors.

    Vectors that depend on the token at their own position alone, such as phi(W E x_t), are computed
    once for each different token, in a table, and looked up where the token stands; the gradients
    of the places where it stands are added up before they go on into the table.
    """

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        graph = architecture.graph
        (self.source,) = graph.inputs
        self.name = str(self.source["name"])
        self.size = architecture.widths.dims[self.name]
        alone = _by_token(graph.nodes, self.source) if self.source.is_one_hot else set[Node]()
        self.looked_up = (
            frozenset(child for node in graph.nodes if node not in alone for child in node.inputs)
            & alone
        )
        self.embedded = frozenset(
            node for node in alone if node.op == "matmul" and node.inputs == (self.source,)
        )
        self.table_nodes = self._below(self.looked_up, self.embedded)
        self.nodes = self._below({graph.output}, self.looked_up)
        data = _data(graph.nodes)
        self.first = frozenset(node for node in graph.nodes if data.issuperset(node.inputs))

    def batches(self, inputs: Sequence[NDArray[Any]], numbers: Sequence[int]) -> list[Batch]:
        """Some of the ``inputs``, those of one length together, in batches of a bounded size."""
        groups: dict[int, list[int]] = {}
        for number in numbers:
            groups.setdefault(len(inputs[number]), []).append(number)
        found = []
        for length, group in groups.items():
            axes = (length,) if self.source.is_one_hot else ()
            lengths = extents(self.architecture.graph, {self.name: axes})
            most = max(1, LARGEST // (length * max(self.architecture.widths.common, self.size)))
            for start in range(0, len(group), most):
                chosen = np.array(group[start : start + most])
                found.append(Batch(chosen, np.array([inputs[n] for n in chosen]), lengths))
        return found

    def outputs(self, network: Network, batches: Sequence[Batch], total: Array) -> Array:
        """Write f into the rows of ``total``, (inputs, scores), that the batches have."""
        table = self._table(network)
        for batch in batches:
            total[batch.numbers] = self._values(network, batch, table)[
                self.architecture.graph.output
            ]
        return total

    def gradients(self, network: Network, batches: Sequence[Batch], pull: Pull) -> dict[str, Array]:
        """-dl/dp for each array p of trained parameters, for l the sum over the batches' inputs."""
        output = self.architecture.graph.output
        total: dict[str, Array] = {}
        table = self._table(network)
        carried = {node: np.zeros(table[node].shape) for node in self.looked_up}
        for batch in batches:
            values = self._values(network, batch, table)
            starts = {output: pull(batch.numbers, values[output])}
            found = network.pulled(values, starts, self.looked_up | self.first)
            add_parameter_gradients(network, values, found, total, self.looked_up)
            for node, sums in carried.items():
                part = batch.places @ found[node].reshape(-1, found[node].shape[-1])
                sums[0, : len(part)] += part
        found = network.pulled(table, carried, self.embedded | self.first)
        add_parameter_gradients(network, table, found, total, self.embedded)
        for node in self.embedded & found.keys():
            assert node.parameter is not None
            if node.parameter.trainable:
                part = float(node.parameter.std.value) * found[node][0].T
                total[key(node)] = total.get(key(node), 0.0) + part
        return total

    def _table(self, network: Network) -> dict[Node, Array]:
        """The vectors of each token, (1, tokens, length): E x for x = 1, and what comes of it."""
        known = {}
        for node in self.embedded:
            assert node.parameter is not None
            known[node] = float(node.parameter.std.value) * network.parameters[key(node)].T[None]
        if not self.table_nodes:
            return known
        lengths = {node: (self.size,) if node.positions else () for node in self.table_nodes}
        inputs = self._one_hot(np.arange(self.size)[None], self.table_nodes)
        return network.completed(known, self.table_nodes, inputs, lengths)

    def _values(
        self, network: Network, batch: Batch, table: Mapping[Node, Array]
    ) -> dict[Node, Array]:
        known = {node: table[node][0, batch.rows] for node in self.looked_up}
        inputs = (
            self._one_hot(batch.rows, self.nodes)
            if self.source.is_one_hot
            else {self.name: batch.rows}
        )
        return network.completed(known, self.nodes, inputs, batch.extents)

    def _one_hot(self, tokens: NDArray[np.intp], nodes: Collection[Node]) -> Inputs:
        """One-hot vectors of tokens, (batch, T, different tokens); zeros where none is used."""
        shape = (*tokens.shape, self.size)
        if self.source not in nodes:
            return {self.name: np.broadcast_to(0.0, shape)}
        found = np.zeros(shape)
        np.put_along_axis(found, tokens[..., None], 1.0, axis=-1)
        return {self.name: found}

    def _below(self, wanted: Collection[Node], known: Collection[Node]) -> tuple[Node, ...]:
        """The nodes that ``wanted`` is computed from, without those that are known."""
        found, pending = set[Node](), [*wanted]
        while pending:
            node = pending.pop()
            if node not in found and node not in known:
                found.add(node)
                pending.extend(node.inputs)
        return tuple(node for node in self.architecture.graph.nodes if node in found)


def _by_token(nodes: Sequence[Node], source: Node) -> set[Node]:
    """The vectors that depend on the token at their own position, and on nothing else."""
    steady, found = set[Node](), set[Node]()
    for node in nodes:
        if node.op == "bias":
            steady.add(node)
        elif node.op in POSITION_BY_POSITION and found.union(steady, {source}).issuperset(
            node.inputs
        ):
            (steady if steady.issuperset(node.inputs) else found).add(node)
    return found


def _data(nodes: Sequence[Node]) -> set[Node]:
    """The vectors that depend on no parameter."""
    found = set[Node]()
    for node in nodes:
        if node.parameter is None and node.op != "state" and found.issuperset(node.inputs):
            found.add(node)
    return found
