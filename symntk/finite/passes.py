"""Networks run over many inputs, forwards and backwards, with no vector computed twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symntk.finite.batches import Batch, chunks
from symntk.finite.extents import Array, Inputs, extents
from symntk.finite.network import Architecture, Network, key
from symntk.finite.parameter_gradients import add_parameter_gradients
from symntk.graph import Node

LARGEST = 2**22
"""Numbers in the vectors of a node for one batch: 32 MB."""

POSITION_BY_POSITION = frozenset(
    {"matmul", "sum", "concat", "product", "elementwise", "layer_norm", "rms"}
)
"""Operations whose vector at a position depends on no other position."""

Pull = Callable[[NDArray[np.intp], Array], Array]
"""-dl/df of the inputs with the given numbers from their scores, both (batch, scores)."""


class Passes:
    """Networks of one architecture on texts or on vectors.

    Vectors that depend on the token at their own position alone, such as phi(W E x_t), are computed
    once for each different token, in a table.  They are looked up where the token stands, or, where
    a sum or a mean over all positions takes them, weighted by counts; what the gradients of the
    places of a token add up to goes on into the table.
    """

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        graph = architecture.graph
        (self.source,) = graph.inputs
        self.name = str(self.source["name"])
        self.size = architecture.widths.dims[self.name]
        alone = _by_token(graph.nodes, self.source) if self.source.is_one_hot else set[Node]()
        self.pooled = frozenset(
            node
            for node in graph.nodes
            if node.op == "pool" and node["kind"] in ("sum", "mean") and node.inputs[0] in alone
        )
        others = [node for node in graph.nodes if node not in alone and node not in self.pooled]
        self.looked_up = frozenset(child for node in others for child in node.inputs) & alone
        self.embedded = frozenset(
            node for node in alone if node.op == "matmul" and node.inputs == (self.source,)
        )
        self.table_ends = self.looked_up.union(*(node.inputs for node in self.pooled))
        self.table_nodes = self._below(self.table_ends, self.embedded)
        self.nodes = self._below({graph.output}, self.looked_up | self.pooled)
        data = _data(graph.nodes)
        self.first = frozenset(node for node in graph.nodes if data.issuperset(node.inputs))

    def batches(self, inputs: Sequence[NDArray[Any]], numbers: Iterable[int]) -> list[Batch]:
        """Some of the ``inputs`` in batches of a bounded size.

        Those of one length stand together, unless nothing but pools sees positions.
        """
        graph, width = self.architecture.graph, self.architecture.widths.common
        has_positions = self.source.is_one_hot and (
            bool(self.looked_up) or any(node.positions for node in self.nodes)
        )
        groups: dict[int, list[int]] = {}
        for number in numbers:
            groups.setdefault(len(inputs[number]) if has_positions else 1, []).append(number)
        found = []
        for length, group in groups.items():
            axes = (length,) if self.source.is_one_hot else ()
            lengths = extents(graph, {self.name: axes})
            for chosen in chunks(group, max(1, LARGEST // (length * max(width, self.size)))):
                found.append(Batch(chosen, [inputs[n] for n in chosen], self.size, lengths))
        return found

    def outputs(self, network: Network, batches: Sequence[Batch], total: Array) -> Array:
        """``total``, (inputs, scores), with f in the rows that the batches have."""
        table = self._table(network)
        for batch in batches:
            values = self._values(network, batch, table)
            total[batch.numbers] = values[self.architecture.graph.output]
        return total

    def gradients(self, network: Network, batches: Sequence[Batch], pull: Pull) -> dict[str, Array]:
        """-dl/dp for each array p of trained parameters, for l the sum over the batches' inputs."""
        output = self.architecture.graph.output
        total: dict[str, Array] = {}
        table = self._table(network)
        carried = {node: np.zeros(table[node].shape) for node in self.table_ends}
        known = self.looked_up | self.pooled
        for batch in batches:
            values = self._values(network, batch, table)
            starts = {output: pull(batch.numbers, values[output])}
            found = network.pulled(values, starts, known | self.first)
            add_parameter_gradients(network, values, found, total, known)
            for node in self.looked_up:
                carried[node][0] += batch.gather(found[node])
            for node in self.pooled:
                carried[node.inputs[0]][0] += batch.share(found[node], node["kind"] == "mean")
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
        inputs = (
            self._one_hot(np.arange(self.size)[None]) if self.source in self.table_nodes else {}
        )
        return network.completed(known, self.table_nodes, inputs, lengths)

    def _values(
        self, network: Network, batch: Batch, table: Mapping[Node, Array]
    ) -> dict[Node, Array]:
        """The vectors of a batch, those that come from the table and what is made of them."""
        known = {node: batch.look_up(table[node][0]) for node in self.looked_up}
        for node in self.pooled:
            known[node] = batch.pool(table[node.inputs[0]][0], node["kind"] == "mean")
        if not self.source.is_one_hot:
            inputs: Inputs = {self.name: batch.stacked}
        elif self.source in self.nodes:
            inputs = self._one_hot(batch.stacked)
        else:
            inputs = {self.name: np.broadcast_to(0.0, (len(batch.rows), self.size))}
        return network.completed(known, self.nodes, inputs, batch.extents)

    def _one_hot(self, tokens: NDArray[np.intp]) -> Inputs:
        """One-hot vectors of tokens, (batch, T, different tokens)."""
        found = np.zeros((*tokens.shape, self.size))
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
