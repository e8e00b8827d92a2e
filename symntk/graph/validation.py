"""What a network must satisfy before any theory: names, shapes of shared weights, blocks."""

from __future__ import annotations

from collections.abc import Sequence

from symntk.errors import GraphError
from symntk.graph.nodes import Node, ancestors, describe_width, occurrences
from symntk.graph.weights import Parameter


def validate(output: Node, bodies: Sequence[Node]) -> None:
    """Refuse, with a GraphError, a network that is not well formed.

    bodies: ``output`` and the outputs of the repeated blocks.
    """
    owner: dict[str, Node] = {}
    for body in bodies:
        _check_parameters(body)
        _check_shapes(body)
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
    """A shared matrix has one shape, so all its arguments have one width."""
    fan_in: dict[str, Node] = {}
    for node in ancestors(output):
        if node.op == "matmul":
            (argument,) = node.inputs
            assert node.parameter is not None
            first = fan_in.setdefault(node.parameter.name, argument)
            if first.width != argument.width:
                found = " and ".join(describe_width(arg.width) for arg in (first, argument))
                raise GraphError(
                    f"{node.parameter.name}: used on vectors of {found}; "
                    "a shared weight has one shape"
                )


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
            if placeholder["depth"] != len(arguments):
                raise GraphError(
                    f"{node.name or 'repeat'}: a repeated block is used inside another one, "
                    "or outside the one that it was made in; make it where it is used"
                )
            _check_blocks(node["body"], (*arguments, placeholder))
