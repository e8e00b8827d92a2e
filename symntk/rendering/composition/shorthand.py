"""Short-hands for expressions that occur again and again, such as D = q1 q2 - c^2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import sympy as sp

from symntk.gaussian.symbols import c, q1, q2
from symntk.rendering.mathematics.metric import points
from symntk.rendering.mathematics.typeset import Typesetter

_WIDE = 55.0
_OFTEN = 4
_CORRELATION = c / (sp.sqrt(q1) * sp.sqrt(q2))


def shorthands(expressions: Iterable[sp.Basic], typeset: Typesetter) -> Mapping[sp.Expr, sp.Symbol]:
    """Symbols for the wide sums of the covariance's entries, and for the correlation, that occur
    often in ``expressions``; wider ones first.
    """
    counts: Counter[sp.Basic] = Counter()
    for expression in expressions:
        counts.update(_candidates(expression))
    found: dict[sp.Expr, sp.Symbol] = {}
    if counts[_CORRELATION] >= _OFTEN:
        found[_CORRELATION] = sp.Symbol("gamma", real=True)
    sums = [e for e, n in counts.items() if n >= _OFTEN and e != _CORRELATION]
    wide = [e for e in sums if points(typeset(e)) >= _WIDE]
    wide.sort(key=lambda e: (-points(typeset(e)), str(e)))
    for number, expression in enumerate(wide, 1):
        label = "D" if len(wide) == 1 else f"D_{number}"
        found[expression] = sp.Symbol(label, positive=True)
    return found


def _candidates(expression: sp.Basic) -> Iterable[sp.Basic]:
    for part in sp.preorder_traversal(expression):
        if part == _CORRELATION or (
            isinstance(part, sp.Add)
            and c in part.free_symbols <= {q1, q2, c}
            and part.is_polynomial()
        ):
            yield part
