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
from symntk.graph.nodes import Node, ancestors, block_of, open_states
from symntk.graph.outside import batch_norm, max_pool
from symntk.graph.positions import Positions
from symntk.graph.recurrence import scan
from symntk.graph.repetition import repeat
from symntk.graph.sequences import (
    attention,
    average_pool,
    conv,
    flatten,
    image,
    positions,
    sequence,
    shift,
    sinusoid,
    sum_pool,
    taps,
    tokens,
)
from symntk.graph.weights import Bias, Parameter, Parametrization, Scale, Weight

__all__ = [
    "Bias",
    "Graph",
    "Node",
    "Parameter",
    "Parametrization",
    "Positions",
    "Scale",
    "Weight",
    "add",
    "ancestors",
    "attention",
    "average_pool",
    "batch_norm",
    "biases",
    "block_of",
    "concat",
    "conv",
    "describe",
    "elementwise",
    "flatten",
    "image",
    "is_call",
    "layer_norm",
    "matmul",
    "max_pool",
    "open_states",
    "positions",
    "product",
    "repeat",
    "rms",
    "scan",
    "sequence",
    "shift",
    "sinusoid",
    "sum_pool",
    "taps",
    "tokens",
    "vector",
    "weights",
]
