"""Equal layers in a row, each with weights of its own, folded into one repeated block.

A cut is a vector c through which everything before it passes: vectors before c, inputs apart, are
used before c or by c alone, and so are their weights.  Cuts in a row are a chain c_0, c_1, ..., and
what leads from one to the next, a step, is a function with weights of its own.  Where the steps of
a chain repeat themselves with a period, equal in everything but the names of weights and of their
scales, one period is a block, and the stretch is ``repeat(block, c_i, times)``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import sympy as sp

from symntk.graph.graph import Graph
from symntk.graph.nodes import COSMETIC, Node, parameters
from symntk.graph.rewrite import draft, given_names, rebuild, repeated

Token = Hashable


@dataclass(frozen=True, slots=True)
class Step:
    """What leads from the cut ``start`` to the next, ``nodes[-1]``; inputs first."""

    start: Node
    nodes: tuple[Node, ...]

    @property
    def end(self) -> Node:
        """The cut that the step ends in."""
        return self.nodes[-1]

    def token(self) -> Token:
        """What is equal for steps that differ in nothing but the names of weights and scales."""
        numbers: dict[Node, int] = {self.start: 0}
        weights: dict[str, int] = {}
        rows: list[Token] = [(repr(self.start.width),)]
        for node in self.nodes:
            numbers.setdefault(node, len(numbers))
            inputs = tuple(numbers.get(child, child.digest) for child in node.inputs)
            settings = tuple(pair for pair in node.settings if pair[0] not in COSMETIC)
            rows.append((node.op, repr(node.width), inputs, settings, _kind(node, weights)))
        return tuple(rows)


def _kind(node: Node, weights: dict[str, int]) -> Token:
    """The parameter of ``node`` but for its name: the number of its first use stands for it."""
    if node.parameter is None:
        return None
    number = weights.setdefault(node.parameter.name, len(weights))
    p = node.parameter
    return number, type(p), p.std.value, getattr(p, "width", None), p.trainable, p.parametrization


@dataclass(frozen=True, slots=True)
class Stretch:
    """``times`` equal blocks in a row, the first of which has the steps ``block``.

    end: the cut that the last block ends in; inside: every other vector of all the blocks.
    """

    block: tuple[Step, ...]
    times: int
    end: Node
    inside: frozenset[Node]


def fold(graph: Graph) -> Graph:
    """``graph`` with equal layers in a row as repeated blocks; itself where there are none.

    Its kernels are the same.  A block's weights have the names and the scales of the first layer
    of those that it stands for; scales of other names have the same values.  Layers of sequences
    stay as they are, since in them positions meet.
    """
    if any(node.positions for node in graph.nodes):
        return graph
    stretches = [s for chain in _chains(graph) for s in _stretches(chain)]
    if not stretches:
        return graph
    ends = {stretch.end: stretch for stretch in stretches}
    inside = frozenset[Node]().union(*(stretch.inside for stretch in stretches))
    names = given_names(graph.output)
    done: dict[Node, Node] = {}
    for node in graph.nodes:
        if node in inside:
            continue
        if node in ends:
            done[node] = _named(_repeated(ends[node], done, names), names.get(node, ""))
        else:
            done[node] = _again(node, done, names)
    return Graph(done[graph.output], graph.title)


def _repeated(stretch: Stretch, done: dict[Node, Node], names: dict[Node, str]) -> Node:
    """The stretch as one node, upon what stands for the cut that it starts in."""
    first = stretch.block[0].start
    start = done[first]
    placeholder = draft(0, start.width)
    inner = {first: placeholder}
    for step in stretch.block:
        for node in step.nodes:
            inner[node] = _again(node, inner, names)
    return repeated(inner[stretch.block[-1].end], placeholder, start, sp.Integer(stretch.times))


def _again(node: Node, done: dict[Node, Node], names: dict[Node, str]) -> Node:
    """``node`` upon the vectors that stand for its inputs; an input stands for itself."""
    inputs = tuple(done.get(child, child) for child in node.inputs)
    if inputs == node.inputs:
        return node
    if node.op == "repeat":
        return repeated(node["body"], node["placeholder"], inputs[0], node["times"])
    return _named(rebuild(node, inputs, node.parameter), names.get(node, ""))


def _named(node: Node, name: str) -> Node:
    return node.named(name) if name and node.name != name else node


def _chains(graph: Graph) -> Iterator[list[Step]]:
    """The steps between cuts, in chains."""
    cuts = _cuts(graph)
    following: dict[Node, Step] = {}
    for cut in cuts:
        step = _step(cut, cuts)
        if step is not None:
            following[step.start] = step
    ends = {step.end for step in following.values()}
    for first in [start for start in following if start not in ends]:
        chain, at = [], first
        while at in following:
            chain.append(following[at])
            at = following[at].end
        yield chain


def _cuts(graph: Graph) -> dict[Node, int]:
    """The cuts of ``graph``, and how many vectors each is made of.

    Sets of vectors are numbers with a bit for each: ``before`` holds a vector and all before it,
    ``needed`` the users of what is before it, and of the weights there.
    """
    bits = {node: 1 << k for k, node in enumerate(graph.nodes)}
    users: dict[Node, int] = defaultdict(int)
    users_of_weights: dict[str, int] = defaultdict(int)
    for node in graph.nodes:
        for child in node.inputs:
            users[child] |= bits[node]
        for name in _weights(node):
            users_of_weights[name] |= bits[node]
    before: dict[Node, int] = {}
    needed: dict[Node, int] = {}
    for node in graph.nodes:
        inputs = [child for child in node.inputs if child.op != "input"]
        before[node], needed[node] = bits[node], 0
        for child in inputs:
            before[node] |= before[child]
            needed[node] |= needed[child] | users[child]
        for name in _weights(node):
            needed[node] |= users_of_weights[name]
    outside = _readouts(graph)
    return {
        node: before[node].bit_count()
        for node in graph.nodes
        if node.op not in ("input", "bias")
        and node not in outside
        and not needed[node] & ~before[node]
    }


def _readouts(graph: Graph) -> set[Node]:
    """The output and the vectors that it is a sum of: no layers, whatever they look like."""
    found: set[Node] = set()
    pending = [graph.output]
    while pending:
        node = pending.pop()
        found.add(node)
        if node.op == "sum":
            pending += node.inputs
    return found


def _weights(node: Node) -> tuple[str, ...]:
    if node.op == "repeat":
        return tuple(parameters(node["body"]))
    return () if node.parameter is None else (node.parameter.name,)


def _step(end: Node, cuts: dict[Node, int]) -> Step | None:
    """The step that ends in a cut; None where no cut is before it.

    Where branches meet it starts in the longest; of the others it is made, with their weights.
    """
    _, starts = _behind(end, cuts)
    if not starts:
        return None
    start = max(starts, key=lambda cut: cuts[cut])
    nodes, _ = _behind(end, {start})
    return Step(start, nodes)


def _behind(end: Node, cuts: Container[Node]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """What ``end`` is made of back to the next ``cuts``, inputs first, and these cuts."""
    found: dict[Node, None] = {}
    starts: dict[Node, None] = {}
    stack = [(end, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            found[node] = None
        elif node in cuts and node != end:
            starts[node] = None
        elif node not in found and node.op != "input":
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.inputs))
    return tuple(found), tuple(starts)


def _stretches(chain: Sequence[Step]) -> Iterator[Stretch]:
    """The stretches of a chain that are one block repeated, each as long as it can be."""
    numbers: dict[Token, int] = {}
    kinds = [numbers.setdefault(step.token(), len(numbers)) for step in chain]
    gaussian = _gaussians(chain)
    at = 0
    while at < len(kinds):
        length, period = _periodic(kinds[at:])
        if not period:
            at += 1
            continue
        counts = {at + k: (length - k) // period for k in range(period)}
        first = max(counts, key=lambda k: (counts[k] > 1, *_cleanness(k, gaussian), counts[k]))
        at = first + counts[first] * period
        steps = chain[first:at]
        inside = frozenset(node for step in steps for node in step.nodes) - {steps[-1].end}
        yield Stretch(tuple(steps[:period]), counts[first], steps[-1].end, inside)


def _periodic(kinds: Sequence[int]) -> tuple[int, int]:
    """(length, period) of the longest start of ``kinds`` that has at least two periods, or 0, 0."""
    best = (0, 0)
    for period in range(1, len(kinds) // 2 + 1):
        pairs = zip(kinds, kinds[period:], strict=False)
        length = period + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        if length >= 2 * period and length > best[0]:
            best = (length, period)
    return best


def _gaussians(chain: Sequence[Step]) -> list[bool]:
    """Whether the start of each step is a matrix product, or a sum of such and of biases."""
    known: dict[Node, bool] = {}
    for step in chain:
        for node in (step.start, *step.nodes):
            known.setdefault(
                node,
                node.op in ("matmul", "bias")
                or (node.op == "sum" and all(known.get(child, False) for child in node.inputs)),
            )
    return [known[step.start] for step in chain]


def _cleanness(k: int, gaussian: Sequence[bool]) -> tuple[bool, bool]:
    """A block is best cut where a layer's pre-activation is complete."""
    return gaussian[k], not (k + 1 < len(gaussian) and gaussian[k + 1])
