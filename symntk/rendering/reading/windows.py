"""Sums whose terms are translates of each other, written as sums over a window.

K(t - 1, t' - 1) + K(t, t') + K(t + 1, t' + 1) = sum_{k=-1}^{1} K(t + k, t' + k)
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import sympy as sp

from symntk.graph.positions import Index
from symntk.rendering.heads import Kernel

Offset = tuple[int, ...]
_FEWEST = 3


def _symbols(letters: tuple[str, str]) -> tuple[sp.Symbol, ...]:
    return tuple(sp.Symbol(letter, integer=True) for letter in letters)


def windows(expression: sp.Expr, letters: tuple[str, str] = ("k", "l")) -> sp.Expr:
    """``expression`` with its sums of at least three translates, over a whole window, as one sum.

    letters: what the offsets are called, along the first axis and the second.
    """
    if not expression.args:
        return expression
    if isinstance(expression, sp.Sum):
        return sp.Sum(windows(expression.function, letters), *expression.limits)
    if not isinstance(expression, sp.Add):
        return expression.func(*(windows(part, letters) for part in expression.args))
    return _collapsed(expression, letters)


def _collapsed(total: sp.Add, letters: tuple[str, str]) -> sp.Expr:
    places = _symbols(letters)
    families: dict[sp.Expr, dict[Offset, sp.Expr]] = defaultdict(dict)
    for term in total.args:
        found = _template(term, places)
        if found is not None:
            template, offset = found
            families[template][offset] = term
    terms = dict.fromkeys(total.args)
    sums: list[sp.Expr] = []
    for template, family in families.items():
        rank = len(next(iter(family)))
        origin = _moved(template, dict.fromkeys(places, sp.S.Zero))
        if origin in terms:
            family[(0,) * rank] = origin
        box = _box(set(family))
        if box is None or not all(term in terms for term in family.values()):
            continue
        for term in family.values():
            del terms[term]
        sums.append(_window(template, places[:rank], box))
    return sp.Add(*terms, *sums)


def _template(term: sp.Expr, places: tuple[sp.Symbol, ...]) -> tuple[sp.Expr, Offset] | None:
    """``term`` with the shift that its covariances have in common as a variable, and the shift."""
    shifted = {kernel: offset for kernel in term.atoms(Kernel) if (offset := _offset(kernel))}
    offsets = {offset for offset in shifted.values() if any(offset)}
    if len(offsets) != 1:
        return None
    (offset,) = offsets
    moved = {kernel: _at(kernel, offset, places) for kernel, o in shifted.items() if o == offset}
    return term.xreplace(moved), offset


def _offset(kernel: Kernel) -> Offset | None:
    """By how much both positions of a covariance are shifted; None where they are not alike."""
    left, right = (
        tuple(part.as_coeff_Add()[0] for part in side) for side in (kernel.left, kernel.right)
    )
    if not left or left != right or not all(number.is_Integer for number in left):
        return None
    if any(part.is_Integer for part in kernel.left + kernel.right):
        return None
    return tuple(map(int, left))


def _at(kernel: Kernel, offset: Offset, places: tuple[sp.Symbol, ...]) -> Kernel:
    def moved(side: Index) -> Index:
        return tuple(part - o + k for part, o, k in zip(side, offset, places, strict=False))

    left, right = moved(kernel.left), moved(kernel.right)
    return Kernel(kernel.letter, kernel.layer, kernel.vector, kernel.site, left, right)


def _moved(template: sp.Expr, places: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    def at(kernel: Kernel) -> Kernel:
        left, right = (
            tuple(part.xreplace(places) for part in side) for side in (kernel.left, kernel.right)
        )
        return Kernel(kernel.letter, kernel.layer, kernel.vector, kernel.site, left, right)

    return template.xreplace({kernel: at(kernel) for kernel in template.atoms(Kernel)})


def _box(offsets: set[Offset]) -> tuple[range, ...] | None:
    """The ranges along the axes that ``offsets`` fill; None where they leave some out."""
    axes = [sorted(set(axis)) for axis in zip(*offsets, strict=True)]
    ranges = tuple(range(axis[0], axis[-1] + 1) for axis in axes)
    if len(offsets) < _FEWEST or set(product(*ranges)) != offsets:
        return None
    return ranges


def _window(template: sp.Expr, places: tuple[sp.Symbol, ...], box: tuple[range, ...]) -> sp.Expr:
    """The sum over the window; that of gradients runs against it, t - k."""
    letters = {k.letter for k in template.atoms(Kernel) if set(places) & _symbols_of(k)}
    sign = -1 if letters == {"Pi"} else 1
    if sign < 0:
        template = _moved(template, {k: -k for k in places})
    ends = [
        (min(sign * axis[0], sign * axis[-1]), max(sign * axis[0], sign * axis[-1])) for axis in box
    ]
    limits = [(k, low, high) for k, (low, high) in zip(places, ends, strict=True) if low != high]
    fixed = {k: sp.Integer(low) for k, (low, high) in zip(places, ends, strict=True) if low == high}
    return sp.Sum(_moved(template, fixed), *limits)


def _symbols_of(kernel: Kernel) -> set[sp.Basic]:
    return set().union(*(part.free_symbols for part in kernel.left + kernel.right))
