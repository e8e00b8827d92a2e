"""A whole derivation read as a chain of layers."""

from __future__ import annotations

from symntk.derivation import Derivation
from symntk.graph import Node
from symntk.rendering.heads import Kernel
from symntk.rendering.mathematics.names import name
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.reading.activations import Functions
from symntk.rendering.reading.layer_tangents import Tangent
from symntk.rendering.reading.layers import Layers
from symntk.rendering.reading.reading import Reading, Vector


def read_layers(derivation: Derivation, functions: Functions, typesetter: Typesetter) -> Reading:
    """The derivation as a recursion in layers; NotLayered where it is none."""
    layers = Layers(derivation, functions)
    order = layers.number()
    forward = tuple(
        layers.statement(
            Kernel("Sigma", index),
            layers.page(layers.equations[quantity].value),
            layers.steps(layers.equations[quantity]),
            loop,
        )
        for quantity, index, loop in order
    )
    tangent = Tangent(layers, order)
    backward, total = tangent.recursion()
    return Reading(
        vectors=_vectors(layers, typesetter),
        forward=forward,
        backward=backward,
        parts=tangent.parts(),
        total=total,
        outputs=(
            Kernel("Sigma", layers.indices[layers.nngp]),
            Kernel("Theta", layers.indices[layers.nngp]),
        ),
        layered=True,
        span=next((layers.span(loop) for loop in layers.loops), None),
    )


def _vectors(layers: Layers, typesetter: Typesetter) -> dict[Node, Vector]:
    """z^(l) for the vector of layer l, f for the output."""
    found: dict[Node, Vector] = {}
    owners = {quantity.left: index for quantity, index in layers.indices.items()}
    for span in map(layers.span, layers.loops):
        if span is not None and span[1] == span[2]:  # a block that is there once
            owners = {label: index.xreplace({span[0]: span[1]}) for label, index in owners.items()}
    graph = layers.derivation.graph
    for node, label in graph.names.items():
        if node == graph.output:
            found[node] = Vector(name(label), owners.get(label))
        elif label in owners:
            layout = typesetter.indexed(name("z"), typesetter.layer(owners[label]))
            found[node] = Vector(layout, owners[label])
    return found
