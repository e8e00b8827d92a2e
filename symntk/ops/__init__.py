"""The operations of the graph language, one file each; `OPS` is their table."""

from __future__ import annotations

from symntk.ops.abstract import AbstractOp
from symntk.ops.attention import Attention
from symntk.ops.elementwise import Elementwise, Product
from symntk.ops.layer_norm import LayerNorm, Rms
from symntk.ops.linear import Concat, Sum
from symntk.ops.matmul import MatMul
from symntk.ops.positions import OneHotPositions, Pool, Scan, Shift, Sinusoid, State
from symntk.ops.source import Bias, BlockInput, Input

OPS: dict[str, AbstractOp] = {
    "input": Input(),
    "bias": Bias(),
    "block_input": BlockInput(),
    "matmul": MatMul(),
    "sum": Sum(),
    "concat": Concat(),
    "product": Product(),
    "elementwise": Elementwise(),
    "layer_norm": LayerNorm(),
    "rms": Rms(),
    "positions": OneHotPositions(),
    "sinusoid": Sinusoid(),
    "shift": Shift(),
    "pool": Pool(),
    "scan": Scan(),
    "state": State(),
    "attention": Attention(),
}
