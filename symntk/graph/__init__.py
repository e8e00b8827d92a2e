"""Computation graphs: the language, its nodes, and the checks that need no theory."""

from symntk.graph.formula import describe, is_call
from symntk.graph.graph import Graph
from symntk.graph.language import (
    add,
    biases,
    concat,
    elementwise,
    layer_norm,
    matmul,
    product,
    rms,
    vector,
    weights,
)
from symntk.graph.nodes import Node, ancestors
from symntk.graph.repetition import repeat
from symntk.graph.weights import Bias, Parameter, Parametrization, Scale, Weight

__all__ = [
    "Bias",
    "Graph",
    "Node",
    "Parameter",
    "Parametrization",
    "Scale",
    "Weight",
    "add",
    "ancestors",
    "biases",
    "concat",
    "describe",
    "elementwise",
    "is_call",
    "layer_norm",
    "matmul",
    "product",
    "repeat",
    "rms",
    "vector",
    "weights",
]
