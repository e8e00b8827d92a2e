"""What a network must satisfy before any theory: names, shapes of shared weights, blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symntk.errors import GraphError
from symntk.graph.formula import describe
from symntk.graph.nodes import Node, Width, ancestors, describe_width, occurrences, open_states
from symntk.graph.positions import Length, describe_positions
from symntk.graph.weights import Parameter


def validate(output: Node, bodies: Sequence[Node]) -> None:
    """Refuse, with a GraphError, a network that is not well formed.

    bodies: ``output`` and the outputs of the repeated blocks.
    """
    if output.positions:
        raise GraphError(
            f"{describe(output)}: the output is a vector at every position; "
            "end with .sum(), .mean(), .first() or .last(), or flatten it before the readout"
        )
    if output.is_one_hot:
        raise GraphError(f"{describe(output)}: the output is one-hot; end with a readout, v @ h")
    _check_loops(bodies)
    _check_inputs(bodies)
    owner: dict[str, Node] = {}
    for body in bodies:
        _check_parameters(body)
        _check_shapes(body)
        _check_lengths(body, is_output=body is output)
        for node in ancestors(body):
            if node.parameter is not None:
                name = node.parameter.name
                if owner.setdefault(name, body) != body:
                    raise GraphError(
                        f"{name}: used inside a repeated block and outside it, or in two blocks; "
                        "a block has fresh weights, so give them a name of their own"
                    )
    _check_vectors(output, bodies, set(owner))
    _check_blocks(output, ())


def _check_parameters(output: Node) -> None:
    """One name, one parameter: two different weights of one name are an error."""
    seen: dict[str, Parameter] = {}
    for node in ancestors(output):
        if node.parameter is not None:
            first = seen.setdefault(node.parameter.name, node.parameter)
            if first != node.parameter:
                raise GraphError(
                    f"{first.name}: two different parameters have this name; "
                    "rename one, or use the same object to share it"
                )


def _check_shapes(output: Node) -> None:
    """A shared matrix has one shape, so all its arguments have one width and one kind of index.

    A readout that is used elsewhere too is another matter, of the theory's assumptions.
    """
    last = set(readouts(output))
    inner = {node.parameter for node in ancestors(output) if node not in last}
    tied = {node.parameter for node in last} & inner
    first_use: dict[str, Node] = {}
    for node in ancestors(output):
        if node.op == "matmul" and node.parameter not in tied:
            assert node.parameter is not None
            name = node.parameter.name
            first = first_use.setdefault(name, node)
            widths = [use.inputs[0].width for use in (first, node)]
            if widths[0] != widths[1]:
                found = " and ".join(map(describe_width, widths))
                raise GraphError(
                    f"{name}: used on vectors of {found}; a shared weight has one shape"
                )
            indices = [_index(use) for use in (first, node)]
            if indices[0] != indices[1]:
                raise GraphError(
                    f"{name}: used {indices[0]} and {indices[1]}; give each a weight of its own"
                )


def _index(product: Node) -> str:
    """Which of the matrices of one name a product uses, as an error tells it."""
    if len(product.inputs) > 1:
        index = product.inputs[1]
        lengths = f" of {describe_positions(index.positions)}" if index.op == "positions" else ""
        return f"with a matrix for each of {describe_width(index.width)}{lengths}"
    return "with a number as index" if "tap" in dict(product.settings) else "without an index"


def _check_loops(bodies: Sequence[Node]) -> None:
    """The state of a loop is used inside its loop, and at its own step."""
    if open_states(bodies[0])[bodies[0]]:
        raise GraphError(
            "the state of a scan is used outside its block; use the sequence that scan returns"
        )
    for body in bodies:
        opened = open_states(body)
        for node in opened:
            if node.op in ("shift", "pool", "attention", "scan") and opened[node]:
                raise GraphError(
                    f"{describe(node)}: the block of a scan uses its state at another step; "
                    "only the step before is known"
                )


def _check_inputs(bodies: Sequence[Node]) -> None:
    """An input whose length counts is an input of the network."""
    nodes = [node for body in bodies for node in ancestors(body)]
    inputs = {str(node["name"]) for node in nodes if node.op == "input"}
    lengths = {length for node in nodes for axis in node.positions for length in axis.atoms(Length)}
    for name in sorted({length.input for length in lengths} - inputs):
        raise GraphError(
            f"{name}: the network uses the length of this input and nothing else of it; "
            "use its vectors, or give the length as a number"
        )


def _check_lengths(output: Node, is_output: bool) -> None:
    """A bias has one length, and the output is a number: nothing wide is made of its terms."""
    found: dict[Node, Width] = dict.fromkeys(readouts(output), "scalar") if is_output else {}
    for node in reversed(list(ancestors(output))):
        own = found.setdefault(node, "n" if node.width == "any" else node.width)
        for child in node.inputs:
            is_term = child.width not in ("any", "scalar") and found.get(child) == "scalar"
            if is_term and own != "scalar":
                raise GraphError(
                    f"{describe(child)}: it is a term of the network's output, a number, and "
                    f"part of {describe(node)}; the readout must be independent of the rest"
                )
            if child.width == "any" and node.op not in ("matmul", "rms"):
                first = found.setdefault(child, own)
                if first != own:
                    widths = " and ".join(sorted(map(describe_width, (first, own))))
                    raise GraphError(
                        f"{describe(child)}: a bias has one length, and it is added to vectors "
                        f"of {widths}; give each a bias of its own"
                    )


def readouts(output: Node) -> Iterator[Node]:
    """The output and, where it is a sum, its terms: the vectors of length 1."""
    pending = [output]
    while pending:
        node = pending.pop()
        if node.op in ("sum", "matmul", "bias", "pool"):
            yield node
        if node.op in ("sum", "pool"):
            pending.extend(node.inputs)


def _check_vectors(output: Node, bodies: Sequence[Node], parameters: set[str]) -> None:
    """One name, one vector; no vector is called like a parameter or like the output."""
    seen: dict[str, Node] = {} if output.name else {"f": output}
    for body in bodies:
        for node in occurrences(body):
            for name in {node.name, str(node["name"]) if node.op == "input" else ""} - {""}:
                if name in parameters and node.op != "bias":
                    raise GraphError(f"{name}: a vector and a parameter have this name; rename one")
                if seen.setdefault(name, node) != node:
                    what = "the output's" if seen[name] == output else "another vector's"
                    raise GraphError(f"{name}: this name is {what} too; rename one of them")


def _check_blocks(output: Node, arguments: tuple[Node, ...]) -> None:
    """A block's argument stays inside the block, and inner blocks are made where they stand."""
    for node in ancestors(output):
        if node.op == "block_input" and node not in arguments:
            raise GraphError(
                "a vector of a repeated block is used outside the block; use what the block returns"
            )
        if node.op == "repeat":
            placeholder = node["placeholder"]
            if placeholder not in ancestors(node["body"]):
                raise GraphError(
                    f"{node.name or 'repeat'}: its block does not use its argument, so only the "
                    "last block would count"
                )
            if placeholder["depth"] != len(arguments):
                raise GraphError(
                    f"{node.name or 'repeat'}: a repeated block is used inside another one, "
                    "or outside the one that it was made in; make it where it is used"
                )
            _check_blocks(node["body"], (*arguments, placeholder))
