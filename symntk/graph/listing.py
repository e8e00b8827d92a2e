"""A network as a list of definitions: vectors by name, repeated blocks, functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp

from symntk.graph.formula import Writer, fresh, fresh_argument, head, is_call, numeral
from symntk.graph.nodes import Node, block_of, open_states
from symntk.graph.windows import operands

MAX_HEIGHT = 12
"""Most operations inside one another in one formula; deeper ones are split."""

_FUNCTIONS = ("phi", "psi", "chi")


@dataclass(frozen=True, slots=True)
class Definition:
    """name = text"""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A function of a vector, a repeated block or the step of a loop: name(argument) is the last of
    its lines.
    """

    name: str
    argument: str
    lines: tuple[Line, ...]


Line: TypeAlias = Definition | Block


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the network applies to coordinates, ``name(variables) = text``.

    node: one node that applies it.
    """

    name: str
    node: Node

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its arguments."""
        return tuple(map(str, self.node["variables"]))

    @property
    def text(self) -> str:
        """The function as the user wrote it."""
        return str(self.node["definition"] or self.node["label"])


@dataclass(frozen=True, slots=True)
class Listing:
    """The definitions of a network in an order in which each uses earlier ones; the output last."""

    functions: tuple[Function, ...]
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        functions = (f"{f.name}({', '.join(f.variables)}) = {f.text}" for f in self.functions)
        return "\n".join([*_printed(self.lines, ""), *functions])


def list_network(
    output: Node,
    names: Mapping[Node, str],
    given: Collection[Node],
    taken: Collection[str],
    is_known: Callable[[Node], bool] | None = None,
    write_number: Callable[[sp.Expr], str] = numeral,
) -> Listing:
    """The network of ``output``: a line for each vector that the user named or that is used twice.

    names: a name for every vector; those that are no identifiers are never used.
    given: the vectors that have their names from the user.
    taken: names that blocks and functions must leave alone.
    is_known: whether an elementwise node needs no definition beyond its label.
    """
    lister = _Lister(names, given, {*names.values(), *taken}, is_known or _needs_no_definition)
    writer = Writer({}, lister.head, write_number, lister.block)
    lines = tuple(lister.lines(output, writer))
    return Listing(tuple(lister.functions.values()), lines)


def _needs_no_definition(node: Node) -> bool:
    return is_call(node["label"]) and not node["definition"]


class _Lister:
    """Collects lines, and on the way the blocks and functions that they use."""

    def __init__(
        self,
        names: Mapping[Node, str],
        given: Collection[Node],
        taken: set[str],
        is_known: Callable[[Node], bool],
    ) -> None:
        self.names, self.given, self.taken, self.is_known = names, given, taken, is_known
        self.functions: dict[object, Function] = {}
        self.blocks: list[Block] = []

    def lines(self, output: Node, writer: Writer) -> Iterator[Line]:
        """The definitions that ``output`` needs, then its own."""
        for node in [*self.shown(output, writer.names), output]:
            outer, self.blocks = self.blocks, []
            definition = Definition(self._name(node), writer.below(node))
            yield from self.blocks
            self.blocks = outer
            yield definition
            writer = writer.within({node: definition.name})

    def shown(self, output: Node, known: Mapping[Node, str]) -> list[Node]:
        """What has a line of its own: named by the user, used twice, deep in a formula, or a loop
        inside a loop.

        What depends on the state of a loop has its line inside the loop.
        """
        nodes = list(_reached(output, known))
        opened = open_states(output)
        named = set(known).union(self.given)
        uses, repeated = _uses(nodes, output, named), _in_loops(nodes, opened)
        height: dict[Node, int] = {}
        found = []
        for node in nodes:
            below = (height.get(child, 0) for child in operands(node, named))
            height[node] = 1 + max(below, default=-1)
            if node == output or not self._may_stand_alone(node) or not opened[node] <= set(known):
                continue
            if node in self.given:
                wanted = self.names[node] != _own_name(node)
            else:
                is_apart = height[node] >= MAX_HEIGHT or (node.op == "scan" and node in repeated)
                wanted = uses[node] > 1 or (uses[node] > 0 and is_apart)
            if wanted:
                height[node] = 0
                found.append(node)
        return found

    def _may_stand_alone(self, node: Node) -> bool:
        is_short = node.op in ("input", "bias", "shift", "positions", "sinusoid", "state")
        return self.names[node].isidentifier() and (node in self.given or not is_short)

    def _name(self, node: Node) -> str:
        name = self.names[node]
        return name if name.isidentifier() else fresh("out", self.taken)

    def block(self, node: Node, writer: Writer) -> str:
        """A repeated block or the step of a loop: in line where it is one formula, else by the
        name of its own lines.
        """
        body, placeholder = block_of(node)
        argument = fresh_argument(self.taken | set(writer.names.values()))
        inner = writer.within({placeholder: argument})
        alias: tuple[Line, ...] = ()
        if placeholder in self.given:
            alias = (Definition(self.names[placeholder], argument),)
            inner = inner.within({placeholder: self.names[placeholder]})
        is_named = body in self.given and body not in inner.names
        if not alias and not is_named and not self.shown(body, inner.names):
            text = self._without_blocks(body, inner)
            if text is not None:
                return f"lambda {argument}: {text}"
        name = fresh("cell" if node.op == "scan" else "block", self.taken)
        self.taken.add(name)
        self.blocks.append(Block(name, argument, (*alias, *self.lines(body, inner))))
        return name

    def _without_blocks(self, body: Node, inner: Writer) -> str | None:
        """The formula of ``body``, unless it needs blocks, which would have to stand inside."""
        outer, taken = self.blocks, set(self.taken)
        self.blocks = []
        text, is_whole = inner.whole(body), not self.blocks
        self.blocks = outer
        if not is_whole:
            self.taken = taken
        return text if is_whole else None

    def head(self, node: Node) -> str:
        """What the formula calls a function; one that needs a definition is remembered."""
        if self.is_known(node):
            return head(node)
        key = node["phi"], node["variables"], node["values"], node["label"]
        if key not in self.functions:
            name = self._function_name(node["label"])
            self.taken.add(name)
            self.functions[key] = Function(name, node)
        return self.functions[key].name

    def _function_name(self, label: str) -> str:
        candidates = [label, *_FUNCTIONS] if label.isidentifier() else _FUNCTIONS
        free = (name for name in candidates if name not in self.taken)
        return next(free, None) or fresh("phi", self.taken)


def _own_name(node: Node) -> str:
    return str(node["name"]) if node.op == "input" else str(node.parameter or "")


def _uses(nodes: Sequence[Node], output: Node, named: Container[Node]) -> Counter[Node]:
    """How often a formula would write each node; ``nodes`` has inputs first.

    A shift is never a line of its own, so that what it shifts is written wherever it is.
    """
    uses = Counter({output: 1})
    for node in reversed(nodes):
        times = uses[node] if node.op == "shift" else min(uses[node], 1)
        for child in operands(node, named) if times else ():
            uses[child] += times
    return uses


def _in_loops(nodes: Sequence[Node], opened: Mapping[Node, Collection[Node]]) -> set[Node]:
    """What the blocks of loops need, without depending on their states; ``nodes`` inputs first."""
    found: set[Node] = set()
    for node in reversed(nodes):
        if opened[node] or node in found:
            found.update(node.inputs)
    return found


def _reached(output: Node, known: Mapping[Node, str]) -> Iterator[Node]:
    """The nodes that ``output`` needs beyond the known ones and itself, inputs first."""
    seen: set[Node] = set()
    stack = [(output, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            yield node
        elif node not in seen and (node not in known or node == output):
            seen.add(node)
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.inputs))


def _printed(lines: tuple[Line, ...], indent: str) -> Iterator[str]:
    """Lines for a reader: the result first, then what it uses."""
    for line in reversed(lines):
        if isinstance(line, Definition):
            yield f"{indent}{line.name} = {line.text}"
        else:
            *rest, result = line.lines
            assert isinstance(result, Definition)
            yield f"{indent}{line.name}({line.argument}) = {result.text}"
            yield from _printed(tuple(rest), indent + "    ")
