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


def _symbols(letters: tuple[str, ...]) -> tuple[sp.Symbol, ...]:
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
    terms = dict.fromkeys(total.args)
    sums: list[sp.Expr] = []
    for is_double in (True, False):
        names = (*letters, *(letter + "'" for letter in letters)) if is_double else letters
        for template, family in _families(tuple(terms), names, is_double).items():
            box = _box(set(family))
            if box is None or not all(term in terms for term in family.values()):
                continue
            for term in family.values():
                del terms[term]
            rank = len(box) // 2 if is_double else len(box)
            sums.append(_window(template, _symbols(_used(names, rank, is_double)), box))
    return sp.Add(*terms, *sums)


def _used(letters: tuple[str, ...], rank: int, is_double: bool) -> tuple[str, ...]:
    """The letters of as many axes as there are, for x and for x' of a double sum."""
    return (*letters[:rank], *letters[2 : 2 + rank]) if is_double else letters[:rank]


def _families(
    terms: tuple[sp.Expr, ...], letters: tuple[str, ...], is_double: bool
) -> dict[sp.Expr, dict[Offset, sp.Expr]]:
    """Terms by what they have in common, and how far they are shifted: by one offset, or
    (``is_double``) by one for x and one for x'.
    """
    families: dict[sp.Expr, dict[Offset, sp.Expr]] = defaultdict(dict)
    for term in terms:
        found = _template(term, letters, is_double)
        if found is not None:
            template, offset = found
            families[template][offset] = term
    for template, family in families.items():
        size = len(next(iter(family)))
        origin = _moved(template, dict.fromkeys(_symbols(letters), sp.S.Zero))
        if origin in terms:
            family[(0,) * size] = origin
    return families


def _template(
    term: sp.Expr, letters: tuple[str, ...], is_double: bool
) -> tuple[sp.Expr, Offset] | None:
    """``term`` with the shift that its covariances have in common as a variable, and the shift."""
    shifted: dict[Kernel, Offset] = {}
    for kernel in term.atoms(Kernel):
        offset = _offset(kernel)
        if offset is not None and any(offset):
            shifted[kernel] = offset
    if len(set(shifted.values())) != 1:
        return None
    offset = next(iter(shifted.values()))
    rank = len(offset) // 2
    left, right = offset[:rank], offset[rank:]
    if not is_double and left != right:
        return None
    places = _symbols(_used(letters, rank, is_double))
    first, second = places[:rank], places[-rank:]
    moved = {kernel: _at(kernel, (left, right), (first, second)) for kernel in shifted}
    return term.xreplace(moved), offset if is_double else left


def _offset(kernel: Kernel) -> Offset | None:
    """By how much the positions of a covariance are shifted; None where that is no number."""
    places = kernel.left + kernel.right
    numbers = [part.as_coeff_Add()[0] for part in places]
    if not kernel.left or len(kernel.left) != len(kernel.right):
        return None
    if not all(number.is_Integer for number in numbers) or any(p.is_Integer for p in places):
        return None
    return tuple(map(int, numbers))


def _at(kernel: Kernel, offsets: tuple[Offset, Offset], places: tuple[Index, Index]) -> Kernel:
    left, right = (
        tuple(part - o + k for part, o, k in zip(side, offset, names, strict=True))
        for side, offset, names in zip((kernel.left, kernel.right), offsets, places, strict=True)
    )
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
