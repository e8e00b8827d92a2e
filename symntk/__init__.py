"""Derives, explains and compiles neural tangent kernels from computation graphs.

>>> import symntk as sn
>>> print(sn.derive(sn.zoo.mlp(act="relu")).render("text"))  # doctest: +SKIP

Each name loads its module on first use, so that ``import symntk`` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symntk import zoo as zoo
    from symntk.activations import activation as activation
    from symntk.activations import dual as dual
    from symntk.blocks import open_shards as open_shards
    from symntk.blocks import write_kernel as write_kernel
    from symntk.decomposition import Comparison as Comparison
    from symntk.decomposition import compare as compare
    from symntk.decomposition import features as features
    from symntk.derivation import Derivation as Derivation
    from symntk.derivation import derive as derive
    from symntk.dynamics import flow as flow
    from symntk.errors import AssumptionError as AssumptionError
    from symntk.errors import GraphError as GraphError
    from symntk.errors import SymntkError as SymntkError
    from symntk.errors import SyntaxProblem as SyntaxProblem
    from symntk.errors import UsageError as UsageError
    from symntk.finite import check as check
    from symntk.finite import train as train
    from symntk.graph import Graph as Graph
    from symntk.graph import Node as Node
    from symntk.graph import Scale as Scale
    from symntk.graph import add as add
    from symntk.graph import attention as attention
    from symntk.graph import average_pool as average_pool
    from symntk.graph import batch_norm as batch_norm
    from symntk.graph import biases as biases
    from symntk.graph import concat as concat
    from symntk.graph import conv as conv
    from symntk.graph import elementwise as elementwise
    from symntk.graph import flatten as flatten
    from symntk.graph import image as image
    from symntk.graph import layer_norm as layer_norm
    from symntk.graph import max_pool as max_pool
    from symntk.graph import positions as positions
    from symntk.graph import product as product
    from symntk.graph import repeat as repeat
    from symntk.graph import rms as rms
    from symntk.graph import scan as scan
    from symntk.graph import sequence as sequence
    from symntk.graph import sinusoid as sinusoid
    from symntk.graph import sum_pool as sum_pool
    from symntk.graph import tokens as tokens
    from symntk.graph import vector as vector
    from symntk.graph import weights as weights
    from symntk.importers import load as load
    from symntk.importers import save as save

_NAMES: dict[str, tuple[str, ...]] = {
    "activations": ("activation", "dual"),
    "blocks": ("open_shards", "write_kernel"),
    "decomposition": ("Comparison", "compare", "features"),
    "derivation": ("Derivation", "derive"),
    "dynamics": ("flow",),
    "errors": ("AssumptionError", "GraphError", "SymntkError", "SyntaxProblem", "UsageError"),
    "finite": ("check", "train"),
    "graph": (
        "Graph", "Node", "Scale", "add", "attention", "average_pool", "batch_norm", "biases",
        "concat", "conv", "elementwise", "flatten", "image", "layer_norm", "max_pool", "positions",
        "product", "repeat", "rms", "scan", "sequence", "sinusoid", "sum_pool", "tokens", "vector",
        "weights",
    ),
    "importers": ("load", "save"),
}  # fmt: skip
"""The public names, by the module that defines them."""

_HOMES = {name: f"symntk.{module}" for module, names in _NAMES.items() for name in names}

__all__ = ["zoo", *_HOMES]

if not TYPE_CHECKING:  # a type checker reads the imports above, and knows no other name

    def __getattr__(name: str) -> object:
        if name == "zoo":
            return import_module("symntk.zoo")
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module 'symntk' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
