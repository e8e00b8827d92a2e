"""A function of ``x`` prepared for numerical integration.

The function is split at its kinks into smooth pieces in stable form, its Diracs are taken out with
their exact locations, and the line is cut into panels on each of which the function is, to
float64, a polynomial of low degree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from sympy import Add, DiracDelta, Dummy, Expr, Function, Pow, S

from symntk.errors import UsageError
from symntk.gaussian.evaluation import array_function
from symntk.gaussian.parity import is_even, is_odd
from symntk.gaussian.pieces import pieces, switch_roots
from symntk.gaussian.stable import stable
from symntk.gaussian.symbols import x

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

NODES = 16
"""Gauss-Legendre nodes on a panel; a panel's polynomial has degree below ``RESOLVED``."""

RESOLVED = 12
_TAIL = 1e-12
_UNDERFLOW = 1e-290  # below, float64 loses its relative precision
_MAX_PANELS = 20_000
_POLE = 1e-5
_MAX_DEPTH = 60


@dataclass(frozen=True)
class Dirac:
    """weight * DiracDelta(x - location), both exact."""

    location: Expr
    weight: Expr


@dataclass(frozen=True, eq=False)
class Numeric:
    """The regular part of a function as an array function, and its Diracs.

    parity: 1 for even, -1 for odd, 0 for neither; of the regular part.
    centres: pairs (place, scale) around which the function may vary on that scale.
    """

    breaks: Array
    functions: tuple[Callable[[Array], Array], ...]
    parity: int
    is_zero: bool
    diracs: tuple[Dirac, ...]
    name: str
    centres: tuple[tuple[float, float], ...] = ()

    def __call__(self, points: Array) -> Array:
        """Values; at a break those of the piece on its right."""
        import numpy as np

        if len(self.functions) == 1:
            return self.functions[0](points)
        values = np.empty_like(points)
        piece = np.searchsorted(self.breaks, points, side="right")
        for index, function in enumerate(self.functions):
            mask = piece == index
            if mask.any():
                values[mask] = function(points[mask])
        return values

    def at(self, point: float) -> float:
        """The value at a point; at a break the mean of both sides."""
        import numpy as np

        where = np.array([point])
        if point in self.breaks:
            index = int(np.searchsorted(self.breaks, point))
            sides = (self.functions[index](where), self.functions[index + 1](where))
            return float(sides[0][0] + sides[1][0]) / 2
        return float(self(where)[0])


@lru_cache(maxsize=128)
def numeric(expression: Expr) -> Numeric:
    """Prepare ``expression``, a function of ``x`` alone.

    Raises UsageError where it has other symbols, or too many kinks.
    """
    import numpy as np

    others = expression.free_symbols - {x}
    if others:
        listed = ", ".join(sorted(map(str, others)))
        raise UsageError(f"give {listed} a value before integrating numerically: {expression}")
    regular, diracs = _split_diracs(expression)
    split = pieces(regular)
    functions = tuple(array_function(stable(function)) for function in split.functions)
    parity = -1 if is_odd(regular) else 1 if is_even(regular) else 0
    breaks = np.array([float(location) for location in split.locations], dtype=np.float64)
    return Numeric(
        breaks,
        functions,
        parity,
        regular.is_zero is True,
        diracs,
        str(expression),
        _centres(split.functions),
    )


@lru_cache(maxsize=128)
def reflected(function: Numeric) -> Numeric:
    """X -> f(-x), the regular part alone."""

    def flip(piece: Callable[[Array], Array]) -> Callable[[Array], Array]:
        return lambda points: piece(-points)

    pieces_backwards = tuple(flip(piece) for piece in reversed(function.functions))
    return Numeric(
        -function.breaks[::-1],
        pieces_backwards,
        function.parity,
        function.is_zero,
        (),
        f"x -> -x in {function.name}",
        tuple((-place, scale) for place, scale in function.centres),
    )


def _centres(expressions: tuple[Expr, ...]) -> tuple[tuple[float, float], ...]:
    """Where the argument a(x) of a function or root within the pieces is 0 or stationary.

    With the scale on which the function varies there: 1/|a'|, or sqrt(2/|a''|) where a' = 0.

    Panels graded from there cannot jump over a feature that is narrow beside the variance.
    """
    found: dict[Expr, float] = {}
    nodes = {node for piece in expressions for node in piece.atoms(Function, Pow)}
    arguments = {node.args[0] for node in nodes if not node.is_polynomial(x)}
    for argument in arguments:
        if not (argument.has(x) and argument.is_polynomial(x)):
            continue
        slope = argument.diff(x)
        for place in {*switch_roots(argument), *switch_roots(slope)}:
            rate = abs(float(slope.subs(x, place)))
            bend = abs(float(slope.diff(x).subs(x, place)))
            scale = 1 / rate if rate else math.sqrt(2 / bend) if bend else 1.0
            found[place] = min(scale, found.get(place, math.inf))
    return tuple((float(place), scale) for place, scale in found.items())


def _graded(centres: Iterable[tuple[float, float]], low: float, high: float) -> list[float]:
    """Points that double their distance from each centre, from half its scale on."""
    points = []
    for place, scale in centres:
        step = scale / 2
        while place - step > low or place + step < high:
            points += [point for point in (place - step, place + step) if low < point < high]
            step *= 2
    return points


def samples(function: Numeric, low: float, high: float) -> Array:
    """Places on all scales of a function and on both sides of every kink.

    None of them is a centre or a kink, where the function may be infinite.
    """
    import numpy as np

    reach = high - low
    kinks = [(float(place), reach / 4096) for place in function.breaks if low < place < high]
    near = [(place, scale / 997) for place, scale in function.centres if low < place < high]
    sides = [(place, 1e-9 * reach) for place, _ in kinks]
    close = [place + side * step for place, step in (*near, *sides) for side in (-1, 1)]
    graded = _graded((*function.centres, *(kinks if len(kinks) <= 8 else ())), low, high)
    return np.array([*close, *graded])


def _split_diracs(expression: Expr) -> tuple[Expr, tuple[Dirac, ...]]:
    """The regular part, and the Diracs; A(x) delta(s(x)) is A(t)/|s'(t)| at each root t of s."""
    atoms = sorted(expression.atoms(DiracDelta), key=str)
    if not atoms:
        return expression, ()
    marks = {atom: Dummy() for atom in atoms}
    marked = expression.xreplace(marks)
    nothing = dict.fromkeys(marks.values(), S.Zero)
    weights: dict[Expr, list[Expr]] = {}
    for atom, mark in marks.items():
        if len(atom.args) > 1 and atom.args[1] != 0:
            raise UsageError(f"{expression} holds the derivative of a Dirac")
        coefficient = marked.diff(mark).xreplace(nothing)
        (inside,) = atom.args[:1]
        for root in switch_roots(inside):
            weight = coefficient.subs(x, root) / abs(inside.diff(x).subs(x, root))
            weights.setdefault(root, []).append(weight)
    diracs = tuple(
        Dirac(root, Add(*parts)) for root, parts in weights.items() if not _cancel(parts)
    )
    return marked.xreplace(nothing), diracs


def _cancel(weights: list[Expr]) -> bool:
    """Whether Diracs at one place annul each other, up to rounding of where it is."""
    values = [weight.evalf() for weight in weights]
    return bool(abs(Add(*values)) <= _TAIL * Add(*map(abs, values)))


@lru_cache(maxsize=8)
def gauss_legendre(count: int = NODES) -> tuple[Array, Array]:
    """Nodes and weights on [-1, 1]."""
    from numpy.polynomial.legendre import leggauss

    nodes, weights = leggauss(count)
    return nodes, weights


@lru_cache(maxsize=1)
def _legendre_analysis() -> Array:
    """Matrix from values at the nodes to Legendre coefficients of degree RESOLVED and above."""
    import numpy as np
    from numpy.polynomial.legendre import legvander

    nodes, weights = gauss_legendre()
    degrees = np.arange(NODES)
    transform = legvander(nodes, NODES - 1).T * weights * (degrees[:, None] + 0.5)
    return transform[RESOLVED:]


def tails(values: Array) -> Array:
    """Size of the unresolved coefficients of functions given at the nodes along the last axis."""
    import numpy as np

    size: Array = np.abs(values @ _legendre_analysis().T).sum(axis=-1)
    return size


def resolved_panels(function: Numeric, low: float, high: float, floor: float = 0.0) -> Array:
    """Edges, from ``low`` to ``high``, of panels on which ``function`` is resolved.

    A panel is halved until its tail is below 1e-12 of its largest value, or below what rounding of
    the argument makes of its slope, or below ``floor``, where the function no longer matters.
    Raises UsageError where this takes too many panels, or where a pole remains.
    """
    import numpy as np

    nodes, weights = gauss_legendre()
    marks = [*function.breaks.tolist(), *(place for place, _ in function.centres)]
    inside = [mark for mark in marks if low < mark < high]
    edges = np.unique(np.array([low, high, *inside, *_graded(function.centres, low, high)]))
    left, right = edges[:-1], edges[1:]
    done = [edges]
    count, mass, poles = len(left), 0.0, 0.0
    for depth in range(_MAX_DEPTH):
        half = (right - left) / 2
        values = function((left + right)[:, None] / 2 + half[:, None] * nodes)
        finite = np.isfinite(values.sum(axis=1))
        values = np.where(finite[:, None], values, 0.0)
        slope = np.abs(np.diff(values, axis=1)).max(axis=1) / (right - left)
        size = np.maximum(np.abs(left), np.abs(right))
        rest, largest = tails(values), np.abs(values).max(axis=1)
        split = finite & (rest > _TAIL * largest + 2e-14 * size * slope + floor + _UNDERFLOW)
        split &= (half > 1e-14 * size) & (depth < _MAX_DEPTH - 1)
        masses = np.where(split, 0.0, np.abs(values) @ weights * half)
        mass += float(masses.sum())
        poles += float(masses[rest > 1e-3 * largest].sum())
        left, right = left[split], right[split]
        if not len(left):
            break
        middle = (left + right) / 2
        done.append(middle)
        count += len(left)
        if count > _MAX_PANELS:
            raise UsageError(
                f"{function.name} varies too fast between {low:g} and {high:g} to be integrated"
            )
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    if poles > _POLE * mass:
        raise UsageError(f"{function.name} has a pole, so that its expectation does not exist")
    return np.unique(np.concatenate(done))
