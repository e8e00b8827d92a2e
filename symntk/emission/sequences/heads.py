"""Attention of many heads: sums over its random weights as calls, made query by query.

The derivation has them as sums over A(i j, i' j') and D(i j, i' j'), four positions at once; no
array holds these.  Each sum becomes a vector's covariance of its own, which one call computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp
from sympy import Expr

from symntk.derivation import Entry, Equation, Quantity, Statement, entries
from symntk.derivation.program import HEADS, walk
from symntk.emission.sequences.loops import Code
from symntk.emission.sequences.plan import Allocate
from symntk.emission.sequences.reading import Demand, Frame, Reader
from symntk.emission.sequences.schedule import Work
from symntk.emission.sequences.sums import Axes
from symntk.errors import UsageError
from symntk.gaussian.softmax import MU, MU2, SoftmaxMoment, SoftmaxTangent
from symntk.graph.positions import indices, reindex


class HeadSum(Expr):
    """A sum over A or D, in one call.

    arguments: 1 for a sum over queries, 0 for one over keys; covariances of queries, of keys, of
    values (0 for A) and the weights of the sum, all at the open positions mu and mu'.
    """

    is_commutative = True

    @property
    def function(self) -> str:
        """The function that computes it."""
        return "heads_over_queries" if self.args[0] == 1 else "heads_over_keys"

    @property
    def covariances(self) -> tuple[Entry, Entry, Expr, Entry]:
        """Of queries, keys and values, and the weights."""
        return self.args[1:]  # type: ignore[no-any-return]

    def _sympystr(self, printer: object) -> str:
        return f"{self.function}({', '.join(map(str, self.args[1:]))})"


@dataclass(frozen=True)
class HeadCall:
    """A `HeadSum` in the schedule: nothing joins it, and it joins nothing."""

    work: Work

    @property
    def works(self) -> list[Work]:
        """The one work."""
        return [self.work]

    @property
    def domain(self) -> tuple[Axes, Axes]:
        """The positions of its result."""
        return self.work.domain


@dataclass(frozen=True)
class Rewritten:
    """A program without sums over A and D, and the vectors whose axes its new quantities have."""

    program: tuple[Statement, ...]
    like: Mapping[str, str]


def without_head_sums(
    program: tuple[Statement, ...], arguments: Mapping[str, tuple[str, str]]
) -> Rewritten:
    """``program`` with each sum over A or D as a quantity that a `HeadSum` defines.

    Moments that are closed (logits as weights) are put in where they stand.
    arguments: for each attention the names of its queries and of its keys.
    """
    heads = {line.target: line.value for line in walk(program) if line.target.kind in HEADS}
    if not heads:
        return Rewritten(program, {})
    moments = {q: v for q, v in heads.items() if isinstance(v, SoftmaxMoment | SoftmaxTangent)}
    closed = {q: v for q, v in heads.items() if q not in moments}
    found: list[Statement] = []
    like: dict[str, str] = {}
    for statement in program:
        if isinstance(statement, Equation) and statement.target.kind not in HEADS:
            value = _with_closed(statement.value, closed)
            for total in sorted(value.atoms(sp.Sum), key=str):
                call = _as_call(total, moments, statement, arguments, like)
                if call is not None:
                    *equations, entry = call
                    found += equations
                    value = value.xreplace({total: entry})
            statement = replace(statement, value=value)
        found.append(statement)
    return Rewritten(tuple(found), like)


def _with_closed(value: Expr, closed: Mapping[Quantity, Expr]) -> Expr:
    here = indices(2) + indices(2, True)
    found = {
        entry: reindex(
            closed[entry.quantity], dict(zip(here, entry.left + entry.right, strict=True))
        )
        for entry in entries(value)
        if entry.quantity in closed
    }
    filled: Expr = value.xreplace(found)
    return filled


def _as_call(
    total: sp.Sum,
    moments: Mapping[Quantity, Expr],
    near: Equation,
    arguments: Mapping[str, tuple[str, str]],
    like: dict[str, str],
) -> tuple[Equation, Equation, Entry] | None:
    """The equations of the weights of a sum and of the sum, and the entry that stands for it; None
    for a sum without A and D.
    """
    found = [entry for entry in entries(total) if entry.quantity in moments]
    if len(found) != 1:
        return None
    (head,) = found
    (i, j), (i_, j_) = head.left, head.right
    over_queries = {v for v, *_ in total.limits} == {i, i_}
    summed, kept = ((i, i_), (j, j_)) if over_queries else ((j, j_), (i, i_))
    name = f"{head.quantity.left} {head.quantity.kind} {len(like)}"
    query, key = arguments[head.quantity.left]
    like[f"{name} weights"], like[name] = (query, key) if over_queries else (key, query)
    weights = Quantity("Sigma", f"{name} weights", f"{name} weights", (1, 1))
    result = Quantity("Sigma", name, name, (1, 1))
    here = indices(1) + indices(1, True)
    body = reindex(total.function / head, dict(zip(summed, here, strict=True)))
    call = _head_sum(moments[head.quantity], weights, over_queries)
    entry = result.at("ab", kept[:1], kept[1:])
    return Equation(weights, body, near.step), Equation(result, call, near.step), entry


def _head_sum(moment: Expr, weights: Quantity, over_queries: bool) -> HeadSum:
    assert isinstance(moment, SoftmaxMoment | SoftmaxTangent)
    mine, theirs = indices(2), indices(2, True)
    queries = reindex(moment.queries[2], {mine[0]: MU, theirs[0]: MU2})
    keys = moment.kernels[2]
    values = moment.weights if isinstance(moment, SoftmaxTangent) else sp.S.Zero
    for part in (queries, keys, values):
        if not isinstance(part, Entry) and part != 0:
            raise UsageError(f"{part}: the logits of these heads are not compiled")
    at = weights.at("ab", (MU,), (MU2,))
    return HeadSum(sp.Integer(over_queries), queries, keys, values, at)


def head_code(read: Reader, call: HeadCall, frame: Frame) -> Code:
    """The call that fills the array of a `HeadSum`."""
    value = call.work.value
    assert isinstance(value, HeadSum) and isinstance(call.work.key, tuple)
    query, key, values, weights = value.covariances

    def array(entry: Expr) -> str:
        assert isinstance(entry, Entry)
        names = read.pair_arrays(entry.quantity, "ab")
        return names[0] if len(names) == 1 else f"0.5 * ({names[1]} - {names[0]})"

    def full(second: bool) -> str:
        names = [frame.of(name, second) for name in read.pair_arrays(key.quantity, "ab")]
        return names[0] if len(names) == 1 else f"0.5 * ({names[1]} - {names[0]})"

    parts = [
        *(frame.of(read.own_array(query.quantity), second) for second in (False, True)),
        array(query),
        *(full(second) for second in (False, True)),
        array(key),
        "np.zeros((0, 0))" if values == 0 else array(values),
        array(weights),
    ]
    targets = read.pair_arrays(*call.work.key)
    if len(targets) > 1:
        raise UsageError(
            f"{query}: an activation or a norm behind attention of many heads needs the heads of "
            "each input alone, which is not compiled"
        )
    demands: list[Demand] = [("own", query.quantity), ("full", key.quantity)]
    items = [Allocate(targets[0], (), f"{value.function}({', '.join(parts)})")]
    return Code(list(items), demands, set(), set(demands))
