"""Functions that are integrated numerically, and the calls of emitted routines that do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy as sp
from sympy import Expr, Symbol

from symntk.emission.smoothness import is_smooth_function
from symntk.emission.stable_moment import StableMoment
from symntk.emission.symbols import g, q, r1, r2, root1, root2, s
from symntk.gaussian import derivative
from symntk.gaussian.symbols import x

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from symntk.gaussian.numeric import Numeric


class Row(sp.Function):
    """The Hermite coefficients of a function for one sample: ``Row(name, r)``."""

    nargs = 2

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """Those of the deviation: the name is no variable, or a row would belong to no sample."""
        return self.args[1].free_symbols  # type: ignore[no-any-return]


def positive_ratio(f: Expr, h: Expr) -> Expr | None:
    """f / h where that is a positive constant: E[f(u) h(v)] is then a kernel."""
    ratio = sp.cancel(f / h) if f != h else sp.S.One
    return ratio if ratio.is_positive and not ratio.has(x) else None


@dataclass
class Functions:
    """The functions of a module that are integrated numerically, each under a name.

    ``values`` holds the numbers of their parameters.
    """

    values: dict[Symbol, Expr]
    names: dict[Expr, str] = field(default_factory=dict)

    def name(self, f: Expr) -> str:
        """The name of ``f``, a function of ``x``; parameters become numbers."""
        plain = f.xreplace(self.values)
        return self.names.setdefault(plain, f"phi{len(self.names) + 1}")

    def is_smooth(self, name: str) -> bool:
        """Whether the function of this name has derivatives of all orders."""
        return is_smooth_function(self._function(name))

    def slope(self, name: str) -> str:
        """The name of the derivative of the function of this name."""
        return self.name(derivative(self._function(name)))

    def _function(self, name: str) -> Expr:
        (found,) = (f for f, known in self.names.items() if known == name)
        return found

    def moment(self, f: Expr, h: Expr) -> StableMoment:
        """E[f(u) h(v)]; with its gap where f is a positive multiple of h."""
        ratio = positive_ratio(f, h)
        if ratio is None:
            return StableMoment(self.pair(f, h), self.equal(f, h))
        roots = {root1: root1 / sp.sqrt(ratio), root2: root2 / sp.sqrt(ratio)}
        gap = self.gap(h).xreplace(roots)
        return StableMoment(ratio * self.pair(h, h), ratio * self.equal(h, h), ratio * gap)

    def pair(self, f: Expr, h: Expr) -> Expr:
        """E[f(u) h(v)] in the symbols of a pair."""
        one, two = self.name(f), self.name(h)
        rows = Row(Symbol(one), r1), Row(Symbol(two), r2)
        return sp.Function(f"expectation_{one}_{two}")(g, s, r1, r2, *rows)

    def equal(self, f: Expr, h: Expr) -> Expr:
        """E[f(u) h(u)] in q."""
        return sp.Function(f"mean_{self.name(f)}_{self.name(h)}")(q)

    def single(self, f: Expr) -> Expr:
        """E[f(u)] in q."""
        return sp.Function(f"mean_{self.name(f)}")(q)

    def gap(self, f: Expr) -> Expr:
        """The gap of E[f(u) f(v)] on the side of the covariance."""
        name = self.name(f)
        rows = Row(Symbol(name), r1), Row(Symbol(name), r2)
        return sp.Function(f"gap_{name}")(g, s, r1, r2, *rows, root1, root2)


@dataclass(frozen=True, slots=True)
class IntegratedFunction:
    """A function as an emitted module has it.

    pieces: pairs (right end, expression in x), the last without end; edges: borders of panels on
    which it is a polynomial to rounding error; kinks: where it is not smooth.
    """

    name: str
    text: str
    pieces: tuple[tuple[float | None, Expr], ...]
    edges: tuple[float, ...]
    kinks: tuple[float, ...]


REACH = 2048.0
"""Panels are found for |x| up to here; beyond, a function is as smooth as on the last panel."""


PANEL_DEGREE = 23
"""Degree of the polynomial that a function is on a panel; with a normal density and another
function beside it, 16 nodes still integrate it."""


def integrated_function(name: str, f: Expr) -> IntegratedFunction:
    """``f``, a function of ``x``, prepared for numerical integration."""
    import numpy as np

    from symntk.gaussian.numeric import numeric, resolved_panels
    from symntk.gaussian.pieces import pieces
    from symntk.gaussian.stable import stable

    split = pieces(f)
    ends = [float(place) for place in split.locations]
    parts = tuple(zip([*ends, None], map(stable, split.functions), strict=True))
    function = numeric(f)
    floor = 1e-18 * float(np.abs(function(np.linspace(-4.0, 4.0, 65))).max())
    edges = resolved_panels(function, -REACH, REACH, floor)
    return IntegratedFunction(
        name, str(f), parts, tuple(_thinned(function, edges, ends, floor)), tuple(ends)
    )


def _thinned(
    function: Numeric, edges: NDArray[np.float64], kinks: list[float], floor: float
) -> list[float]:
    """Fewer edges: neighbouring panels are joined while the function stays resolved."""
    import numpy as np
    from numpy.polynomial.legendre import legval, legvander

    from symntk.gaussian.numeric import gauss_legendre

    nodes, weights = gauss_legendre(PANEL_DEGREE + 1)
    degrees = np.arange(len(nodes))
    analysis = legvander(nodes, len(nodes) - 1).T * weights * (degrees[:, None] + 0.5)

    def resolved(panels: NDArray[np.float64]) -> bool:
        """Whether one polynomial on the whole agrees with the function on every panel."""
        middle, half = (panels[0] + panels[-1]) / 2, (panels[-1] - panels[0]) / 2
        values = function(middle + half * nodes)
        centres, halves = (panels[1:] + panels[:-1]) / 2, (panels[1:] - panels[:-1]) / 2
        points = (centres[:, None] + halves[:, None] * nodes).ravel()
        exact = function(points)
        if not np.isfinite(values).all() or not np.isfinite(exact).all():
            return False
        error = np.abs(legval((points - middle) / half, analysis @ values) - exact)
        return bool(error.max() <= 2e-12 * np.abs(values).max() + floor)

    kept = [0]
    for place in range(1, len(edges) - 1):
        joined = edges[kept[-1] : place + 2]
        if float(edges[place]) in kinks or not resolved(joined):
            kept.append(place)
    return [float(edges[place]) for place in [*kept, len(edges) - 1]]
