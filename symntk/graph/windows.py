"""Sliding windows as they are written: views, convolutions and pools found again in a graph.

A graph holds the terms of a convolution; a formula says ``conv(W, h, 3, "valid")``.  Whatever is
written here, the language builds again as the same node.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from math import prod

import sympy as sp

from symntk.errors import GraphError
from symntk.graph.nodes import Node
from symntk.graph.positions import Length, Positions
from symntk.graph.sequences import View, taps
from symntk.graph.weights import Weight


@dataclass(frozen=True, slots=True)
class Window:
    """What a sum makes of all views of a window over ``node``: with a weight a convolution."""

    node: Node
    view: View
    weight: Weight | None
    is_mean: bool = False

    def written(self, argument: str) -> str:
        """The window in the language, ``node`` being written ``argument``."""
        size, stride = _plain(self.view.size), _plain(self.view.stride)
        if self.weight is not None:
            return f"conv({self.weight}, {argument}, {size}{_settings(self.view, 'same')})"
        pool = "average_pool" if self.is_mean else "sum_pool"
        edge = "" if self.view.edge == "valid" else f', edge="{self.view.edge}"'
        step = "" if size == stride else f", stride={stride}"
        return f"{pool}({argument}, {size}{step}{edge})"


Term = tuple[sp.Expr, Node | Window]


def terms(node: Node, named: Container[Node] = ()) -> Iterator[Term]:
    """The coefficients and terms of a sum, a complete window in it as one term.

    named: vectors that are written by a name, and so never in a window.
    """
    pairs = list(zip(node["coefficients"], node.inputs, strict=True))
    while pairs:
        window = _window(pairs, named)
        if window is None:
            yield pairs.pop(0)
            continue
        count, coefficient = prod(window.view.size), pairs[0][0]
        if window.is_mean and window.view.edge != "inside":
            coefficient *= count
        yield coefficient, window
        del pairs[:count]


def single_window(node: Node, named: Container[Node] = ()) -> Window | None:
    """The convolution that ``node`` is, where it is nothing else."""
    if node.op == "matmul":
        return _window([(sp.S.One, node)], named)
    if node.op == "sum":
        match list(terms(node, named)):
            case [(coefficient, Window() as window)] if coefficient == 1:
                return window
    return None


def operands(node: Node, named: Container[Node] = ()) -> tuple[Node, ...]:
    """The vectors that the formula of ``node`` writes: what is in a window is written once."""
    window = single_window(node, named)
    if window is not None:
        return (window.node,)
    if node.op == "sum":
        parts = (part for _, part in terms(node, named))
        return tuple(part.node if isinstance(part, Window) else part for part in parts)
    flattened = flattened_product(node)
    if flattened is not None:
        return flattened.inputs[:1]
    return node.inputs


def flattened_product(node: Node) -> Node | None:
    """The product of W[p] and h_p, where ``node`` is W @ flatten(h)."""
    if node.op != "pool" or node["kind"] != "flatten":
        return None
    return node.inputs[0]


def _window(pairs: list[tuple[sp.Expr, Node]], named: Container[Node]) -> Window | None:
    """The window whose views the first terms hold, in order and with one coefficient."""
    coefficient, node = pairs[0]
    weight = node.parameter if _is_tap(node) else None
    assert weight is None or isinstance(weight, Weight)
    candidates = (part.inputs[0] if weight and part.inputs else part for _, part in pairs[:2])
    view = next((part for part in candidates if _is_view(part, named)), None)
    if view is None:
        return None
    base, shape = view.inputs[0], view["view"]
    count = prod(shape.size)
    is_inside = shape.edge == "inside"  # a mean, which no convolution is
    if len(pairs) < count or (count == 1 and weight is None) or (is_inside and weight is not None):
        return None
    views = taps(base, shape.size, shape.edge, shape.stride)
    for index, (found, (scale, part)) in enumerate(zip(views, pairs, strict=False)):
        has_name = any(vector in named for vector in {found, part} - {base})
        if has_name or scale != coefficient or not _is_term(part, weight, index, found):
            return None
    is_part = not coefficient.is_Integer and (coefficient * count).is_Integer
    return Window(base, shape, weight, is_mean=weight is None and (is_part or is_inside))


def _is_term(node: Node, weight: Weight | None, index: int, view: Node) -> bool:
    """Whether ``node`` is W[index] @ view, or without a weight the view itself."""
    if weight is None:
        return node == view
    is_tap = _is_tap(node) and node.parameter == weight and node["tap"] == index
    return is_tap and node.inputs == (view,)


def _is_tap(node: Node) -> bool:
    return node.op == "matmul" and "tap" in dict(node.settings)


def _is_view(node: Node, named: Container[Node]) -> bool:
    return node.op == "shift" and node["view"] is not None and node not in named


# one view


def written_view(node: Node, argument: str) -> str:
    """A shift node in the language, its sequence being written ``argument``."""
    (total, *others), (size, *_) = node.inputs[0].positions, node.positions
    view, (offset, *_), (stride, *_) = node["view"], node["offset"], node["stride"]
    is_plain = not others and stride == 1 and not node["window"]
    if is_plain and (view is None or total == size):
        by = offset if total == size else (total - size) * (1 if offset else -1)
        edge = "" if node["edge"] == "zero" else f', "{node["edge"]}"'
        return f"{argument}.shift({by}{edge})"
    settings = _settings(view, "same")
    return f"{argument}.taps({_plain(view.size)}{settings})[{view.index}]"


def _settings(view: View, usual: str) -> str:
    edge = "" if view.edge == usual else f', "{view.edge}"'
    return edge + ("" if set(view.stride) == {1} else f", stride={_plain(view.stride)}")


def _plain(sizes: tuple[int, ...]) -> str:
    """One number for all axes where they agree."""
    return str(sizes[0]) if len(set(sizes)) == 1 else str(sizes)


# lengths


def written_lengths(shape: Positions) -> str:
    """A sequence or grid of the axes ``shape``, from the input that they are lengths of, or the
    lengths themselves where they are numbers.
    """
    if all(size.is_Integer for size in shape):
        return ", ".join(map(str, shape))
    (name,) = {length.input for size in shape for length in size.atoms(Length)}
    text = str(name)
    for axis, size in enumerate(shape):
        for edge, width, stride in _steps(size):
            if len(shape) == 1 and edge == "valid":
                text += f'.shift({width - 1}, "valid")'
                continue
            sizes, strides = [1] * len(shape), [1] * len(shape)
            sizes[axis], strides[axis] = width, stride
            step = View(tuple(sizes), edge, tuple(strides), 0)
            text += f".taps({_plain(step.size)}{_settings(step, 'same')})[0]"
    return text


def _steps(size: sp.Expr) -> Iterator[tuple[str, int, int]]:
    """Windows (edge, size, stride) that make ``size`` of the length of an input, first ones first.

    Lengths are made by windows alone: T - k, T + k and ceiling((T + k) / s).
    """
    if isinstance(size, Length):
        return
    change, rest = size.as_coeff_Add()
    if change.is_Integer and change != 0:
        yield from _steps(rest)
        yield ("valid" if change < 0 else "full"), abs(int(change)) + 1, 1
    elif isinstance(size, sp.ceiling):
        stride = int(sp.fraction(sp.together(size.args[0]))[1])
        yield from _steps(sp.expand(size.args[0] * stride))
        yield "same", 1, stride
    else:
        raise GraphError(f"no sequence of length {size} can be written down")
