"""Models that are ready to derive; each file reads like its definition.

The command line makes its options from the keywords of these functions, and what it says about
them from their docstrings: a first line for lists, indented lines as they are written, and for
each keyword a line ``name: text`` (further lines of it indented).
"""

from __future__ import annotations

from collections.abc import Callable

from symntk.graph import Graph
from symntk.zoo.bow import bow
from symntk.zoo.cnn import cnn
from symntk.zoo.lrnn import lrnn
from symntk.zoo.mlp import mlp
from symntk.zoo.mv import mv
from symntk.zoo.rnn import rnn
from symntk.zoo.sa import sa
from symntk.zoo.transformer import transformer

MODELS: dict[str, Callable[..., Graph]] = {
    "mlp": mlp,
    "bow": bow,
    "cnn": cnn,
    "sa": sa,
    "mv": mv,
    "lrnn": lrnn,
    "rnn": rnn,
    "transformer": transformer,
}

__all__ = ["MODELS", "bow", "cnn", "lrnn", "mlp", "mv", "rnn", "sa", "transformer"]
