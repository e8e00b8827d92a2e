"""Networks run over many inputs, forwards and backwards, with no vector computed twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symntk.finite.batches import Batch, chunks
from symntk.finite.division import Division
from symntk.finite.extents import Array, Inputs, extents
from symntk.finite.network import Architecture, Network, key
from symntk.finite.parameter_gradients import add_parameter_gradients
from symntk.graph import Node

LARGEST = 2**22
"""Numbers in the vectors of a node for one batch: 32 MB."""

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
        self.division = Division.of(graph, self.source)

    def batches(self, inputs: Sequence[NDArray[Any]], numbers: Iterable[int]) -> list[Batch]:
        """Some of the ``inputs`` in batches of a bounded size.

        Those of one length stand together, unless nothing but pools sees positions.
        """
        graph, widest = self.architecture.graph, self.architecture.widths.common
        if self.source in self.division.rest:
            widest = max(widest, self.size)
        has_positions = self.division.has_positions
        groups: dict[int, list[int]] = {}
        for number in numbers:
            groups.setdefault(len(inputs[number]) if has_positions else 1, []).append(number)
        found = []
        for length, group in groups.items():
            axes = (length,) if self.source.is_one_hot else ()
            lengths = extents(graph, {self.name: axes})
            for chosen in chunks(group, max(1, LARGEST // (length * widest))):
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
        output, division = self.architecture.graph.output, self.division
        total: dict[str, Array] = {}
        table = self._table(network)
        carried = {node: np.zeros(table[node].shape) for node in division.ends}
        known = division.known
        for batch in batches:
            values = self._values(network, batch, table)
            starts = {output: pull(batch.numbers, values[output])}
            found = network.pulled(values, starts, known | division.closed)
            add_parameter_gradients(network, values, found, total, known)
            for node in division.looked_up:
                carried[node][0] += batch.gather(found[node])
            for node in division.pooled:
                carried[node.inputs[0]][0] += batch.share(found[node], node["kind"] == "mean")
        found = network.pulled(table, carried, division.embedded | division.closed)
        add_parameter_gradients(network, table, found, total, division.embedded)
        for node in division.embedded & found.keys():
            assert node.parameter is not None
            if node.parameter.trainable:
                part = float(node.parameter.std.value) * found[node][0].T
                total[key(node)] = total.get(key(node), 0.0) + part
        return total

    def _table(self, network: Network) -> dict[Node, Array]:
        """The vectors of each token, (1, tokens, length): E x for x = 1, and what comes of it."""
        division = self.division
        known = {}
        for node in division.embedded:
            assert node.parameter is not None
            known[node] = float(node.parameter.std.value) * network.parameters[key(node)].T[None]
        if not division.table:
            return known
        lengths = {node: (self.size,) if node.positions else () for node in division.table}
        inputs = self._one_hot(np.arange(self.size)[None]) if self.source in division.table else {}
        return network.completed(known, division.table, inputs, lengths)

    def _values(
        self, network: Network, batch: Batch, table: Mapping[Node, Array]
    ) -> dict[Node, Array]:
        """The vectors of a batch, those that come from the table and what is made of them."""
        division = self.division
        known = {node: batch.look_up(table[node][0]) for node in division.looked_up}
        for node in division.pooled:
            known[node] = batch.pool(table[node.inputs[0]][0], node["kind"] == "mean")
        if not self.source.is_one_hot:
            inputs: Inputs = {self.name: batch.stacked}
        elif self.source in division.rest:
            inputs = self._one_hot(batch.stacked)
        else:
            inputs = {self.name: np.broadcast_to(0.0, (len(batch.rows), self.size))}
        return network.completed(known, division.rest, inputs, batch.extents)

    def _one_hot(self, tokens: NDArray[np.intp]) -> Inputs:
        """One-hot vectors of tokens, (batch, T, different tokens)."""
        found = np.zeros((*tokens.shape, self.size))
        np.put_along_axis(found, tokens[..., None], 1.0, axis=-1)
        return {self.name: found}
