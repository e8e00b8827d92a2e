"""How the windows of a convolution or a pool lie over an axis: how many, and where the first."""

from __future__ import annotations

import sympy as sp


def windows(total: sp.Expr, size: int, stride: int, edge: str) -> tuple[sp.Expr, sp.Expr]:
    """The number of windows along an axis, and how far the first begins before position 0.

    "valid": windows inside; "full": every overlap; "same", "inside", "circular": `zeros_before`.
    """
    if edge == "valid":
        return _ceiling(total - size + 1, stride), sp.S.Zero
    if edge == "full":
        return _ceiling(total + size - 1, stride), sp.Integer(size - 1)
    return _ceiling(total, stride), zeros_before(total, size, stride)


def zeros_before(total: sp.Expr, size: int, stride: int) -> sp.Expr:
    """floor(max((P - 1) stride + size - T, 0) / 2) for the P = ceil(T / stride) windows over T
    positions: what is missing at the edges, the smaller half of it at the first one.

    The last window has 1 + (T - 1) mod stride positions of its own, so it is a number for every T
    where these make no difference.
    """
    if total.is_Integer:
        return sp.Integer(_half_missing(size, 1 + (int(total) - 1) % stride))
    choices = {_half_missing(size, own) for own in range(1, stride + 1)}
    if len(choices) == 1:
        return sp.Integer(choices.pop())
    missing = size - 1 - sp.Mod(total - 1, stride)
    return sp.floor((missing if size >= stride else sp.Max(missing, 0)) / 2)


def _half_missing(size: int, own: int) -> int:
    return max(size - own, 0) // 2


def _ceiling(count: sp.Expr, stride: int) -> sp.Expr:
    return count if stride == 1 else sp.ceiling(count / stride)
