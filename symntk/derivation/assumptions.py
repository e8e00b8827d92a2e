"""The assumptions of the theory, checked on the graph before anything is derived from them."""

from __future__ import annotations

from sympy import Symbol

from symntk.activations.poles import poles
from symntk.derivation.laws import Laws, segment
from symntk.errors import AssumptionError
from symntk.graph import Graph, Node, ancestors, describe
from symntk.trace import Step


def check(graph: Graph, laws: Laws) -> tuple[Step, ...]:
    """The assumptions of the derivation as steps; AssumptionError where one fails."""
    readouts = _readouts(graph, laws)
    _require_single_use(graph, readouts)
    _require_local_blocks(graph)
    for output in graph.bodies():
        _require_moments(graph, output, laws)
        _require_closed_body(graph, output)
        _require_cuts(graph, output)
    names = sorted({str(node.parameter) for node in readouts})
    if len(names) == 1:
        return _steps(f"The readout {names[0]} is independent of the other weights and enters")
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return _steps(f"The readouts {listed} are independent of the other weights, and each enters")


def _readouts(graph: Graph, laws: Laws) -> list[Node]:
    """The matrix products that the output is a sum of."""
    output, law = graph.output, laws.of(graph.output)
    name = graph.names[output]
    forms = law.linear_forms
    if forms is None or len(forms) != 1:
        raise AssumptionError(
            name,
            "the output must be a readout, a weight applied to a vector (plus a bias), "
            "and it is not Gaussian",
            "End the network with v @ h, v a weight of its own",
        )
    pending, found = [ref.node for ref, _ in forms[0]], []
    while pending:
        node = pending.pop()
        parts = laws.parts(node)
        if parts is not None:
            pending += [part.argument for part in parts]
        elif node.op == "matmul":
            found.append(node)
        elif node.op != "bias":
            raise AssumptionError(
                name,
                "the output must end in weights that enter nowhere else, and it is the end of a "
                "repeated block",
                "End the network with v @ h, v a weight of its own",
            )
    if not found:
        raise AssumptionError(name, "the output depends on no input", "Add a readout v @ h")
    return found


def _require_single_use(graph: Graph, readouts: list[Node]) -> None:
    """Gradient independence: a readout weight enters once."""
    for readout in readouts:
        uses = [node for node in graph.nodes if node.parameter == readout.parameter]
        if len(uses) > 1:
            inner = next(node for node in uses if node != readout)
            raise AssumptionError(
                describe(inner),
                f"gradient independence fails: the readout {readout.parameter} is also used here, "
                "so gradients are not independent of the forward pass (Tensor Programs II)",
                f"Give the readout a weight of its own instead of tying it to {readout.parameter}",
            )


def _require_local_blocks(graph: Graph) -> None:
    """A block derived once hands on the NTK position by position.

    So every operation before its end must act on each position alone.  Blocks that are repeated a
    given number of times are written out instead.
    """
    for output in graph.bodies():
        for node in ancestors(output):
            if node.op != "repeat" or not node.positions:
                continue
            inside = (part for end in (node["body"], node.inputs[0]) for part in ancestors(end))
            if node["times"].is_Integer or not all(map(_is_local, inside)):
                raise AroundRepeat(
                    describe(node),
                    "its blocks are repeated an open number of times, and positions meet in "
                    "them or before them, so gradients meet between every pair of positions",
                    "Give the number of blocks as a number instead of a symbol",
                )


_LOCAL = {"input", "positions", "bias", "block_input", "matmul", "sum", "product", "elementwise"}
_LOCAL |= {"concat", "layer_norm", "rms", "repeat"}


def _is_local(node: Node) -> bool:
    """Whether an operation acts on each position alone; a bias is the same at all of them."""
    return node.op in _LOCAL and (bool(node.positions) or node.op == "bias")


def _require_moments(graph: Graph, output: Node, laws: Laws) -> None:
    """An activation of a Gaussian has no pole, since E[phi(u)^2] would be infinite."""
    for node in ancestors(output):
        if (
            node.op != "elementwise"
            or len(node.inputs) != 1
            or laws.of(node.inputs[0]).linear_forms is None
        ):
            continue
        phi = node["phi"].xreplace(dict(node["values"]))
        found = poles(phi)
        if found:
            raise AssumptionError(
                describe(node),
                "the activation of a Gaussian must have a second moment, and "
                f"{node['label'] or phi} has a pole at x = {min(found, key=abs):.4g}",
                "Use an activation without one, such as x/(1 + x**2) for 1/x",
            )


def _require_closed_body(graph: Graph, output: Node) -> None:
    """A repeated block may use its argument, inputs and weights, nothing else from outside."""
    for node in ancestors(output):
        if node.op != "repeat":
            continue
        body, placeholder = node["body"], node["placeholder"]
        for part in ancestors(body):
            if part.op == "block_input" and part != placeholder:
                raise AssumptionError(
                    describe(node),
                    "its block uses the argument of an outer block",
                    "Pass everything that a block needs through its argument",
                )


def _require_cuts(graph: Graph, output: Node) -> None:
    """Everything before a repeated block passes through it: no way around, no shared weights."""
    segments = [(output, output)]
    owner: dict[Node, Node] = {}
    weights: dict[str, Node] = {}
    while segments:
        last, leads_to = segments.pop()
        for node in segment(last):
            if node.op == "repeat":
                segments.append((node.inputs[0], node))
            if node.op == "input":
                continue
            name = node.parameter.name if node.parameter is not None else ""
            clash = owner.setdefault(node, leads_to) != leads_to
            if clash or (name and weights.setdefault(name, leads_to) != leads_to):
                raise AroundRepeat(
                    describe(node),
                    "it is used before and after a repeated block, or by two blocks, so no block "
                    "alone carries its gradient",
                    "Give the number of blocks as a number instead of a symbol",
                )


class AroundRepeat(AssumptionError):
    """A connection around a repeated block: derivable once the blocks are written out."""


def _steps(readouts: str) -> tuple[Step, ...]:
    n, f = Symbol("n", positive=True), Symbol("f")
    return (
        Step(
            "infinite width",
            n,
            n,
            assumption="All widths go to infinity together, the number of samples and the depth "
            "being fixed.",
            source="yang2019",
            stage="assumption",
        ),
        Step(
            "Gaussian pre-activations",
            f,
            f,
            assumption="Weights and biases are drawn independently from centred normal laws, "
            "so that pre-activations are jointly Gaussian in the limit, with independent "
            "coordinates.",
            source="lee2018",
            stage="assumption",
        ),
        Step(
            "gradient independence",
            f,
            f,
            assumption=f"{readouts} "
            "only once, so that gradients are independent of the forward pass; checked on the "
            "graph.",
            source="yang2020",
            stage="assumption",
        ),
    )
