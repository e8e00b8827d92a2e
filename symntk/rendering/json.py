"""The trace as JSON, for programs: every step, in LaTeX, in text and as SymPy's own notation."""

from __future__ import annotations

import json
from typing import Any

import sympy as sp

from symntk.decomposition.flow.gradient_flow import GradientFlow
from symntk.derivation import Derivation, Recursion
from symntk.rendering.mathematics.latex import latex
from symntk.rendering.mathematics.names import printable
from symntk.rendering.mathematics.plain import plain
from symntk.rendering.mathematics.typeset import Typesetter
from symntk.rendering.reading.places import counted_from_one
from symntk.sources import SOURCES
from symntk.trace import Step

FLOW_SOURCES = ("jacot2018", "lee2019", "sun2023")
"""The works that the flow is from."""

SCHEMA = "symntk.derivation/1"


def trace(derivation: Derivation, typeset: Typesetter) -> dict[str, Any]:
    """The derivation as plain data.

    schema: name and version of this form; a change that breaks a reader raises the version.
    network: title and formula.  values: the numerical values of scale symbols, as text.
    steps: see `_step`; their numbers start at 1, those of substeps read 7.1.
    results: nngp, ntk and ntk_by_weight, each an expression or the equations of a recursion.
    flow: the gradient flow in terms; see `_flow`.
    sources: the cited works by key.
    """
    writer = _Writer(typeset)
    steps = [writer.step(step, str(n)) for n, step in enumerate(derivation.steps, 1)]
    flow = _flow(derivation.flow, writer)
    cited = dict.fromkeys((*writer.cited, *FLOW_SOURCES))
    return {
        "schema": SCHEMA,
        "notation": typeset.profile.name,
        "network": {
            "title": printable(derivation.graph.title),
            "formula": str(derivation.graph),
        },
        "values": {str(symbol): str(value) for symbol, value in derivation.values.items()},
        "steps": steps,
        "results": {
            "nngp": writer.result(derivation.nngp),
            "ntk": writer.result(derivation.ntk),
            "ntk_by_weight": {
                label: writer.result(value) for label, value in derivation.ntk_by_weight.items()
            },
        },
        "flow": flow,
        "sources": {
            key: {"short": SOURCES[key].short, "bibtex": SOURCES[key].bibtex} for key in cited
        },
    }


def _flow(flow: GradientFlow, writer: _Writer) -> dict[str, Any]:
    """The terms of ds(x)/dt = eta sum_j r_j Theta(x, x_j).

    scope, size, reason: as in `symntk.decomposition.flow.gradient_flow.GradientFlow`.
    terms: name, reason and coefficient of each, and the matches that it counts: pairs of places in
    x and in x', from 0; none for what all inputs share, null for what each pair has once.
    equations: what the covariances are that the coefficients hold.
    """
    return {
        "scope": flow.scope,
        "size": flow.sums.size if flow.sums is not None else flow.size,
        "reason": flow.reason,
        "terms": [
            {
                "name": term.name,
                "reason": term.reason,
                "matches": None
                if term.matches is None
                else [list(m) for m in sorted(term.matches)],
                "coefficient": writer.expression(term.coefficient),
            }
            for term in flow.terms
        ],
        "equations": [
            {"left": writer.expression(e.lhs), "right": writer.expression(e.rhs)}
            for e in flow.equations
        ],
    }


def dumps(data: dict[str, Any]) -> str:
    """JSON text."""
    return json.dumps(data, indent=1) + "\n"


class _Writer:
    def __init__(self, typeset: Typesetter) -> None:
        self.typeset = typeset
        self.cited: list[str] = []

    def step(self, step: Step, number: str) -> dict[str, Any]:
        """number, stage, node, rule, before, after, assumption, source, reason, substeps."""
        key, _, place = step.source.partition(":")
        if key:
            self.cited.append(key)
        return {
            "number": number,
            "stage": step.stage,
            "node": step.node,
            "rule": step.rule,
            "before": self.expression(step.before),
            "after": self.expression(step.after),
            "assumption": step.assumption,
            "source": {"key": key, "place": place} if key else None,
            "reason": "".join(
                part if isinstance(part, str) else self.text(part) for part in step.reason
            ),
            "substeps": [
                self.step(substep, f"{number}.{n}") for n, substep in enumerate(step.substeps, 1)
            ],
        }

    def expression(self, expression: sp.Basic) -> dict[str, str]:
        """latex, text (one line of Unicode) and sympy (SymPy's str).

        Formulas count positions from 1, as papers do; SymPy's from 0, as the program does.
        """
        layout = self.typeset(counted_from_one(expression))
        return {"latex": latex(layout), "text": plain(layout), "sympy": str(expression)}

    def text(self, expression: sp.Basic) -> str:
        return plain(self.typeset(counted_from_one(expression)))

    def result(self, value: sp.Expr | Recursion) -> dict[str, Any]:
        """An expression, or the equations of a recursion."""
        if not isinstance(value, Recursion):
            return {"kind": "expression", **self.expression(value)}
        equations = [
            {"left": self.expression(e.lhs), "right": self.expression(e.rhs)}
            for e in value.equations
        ]
        return {
            "kind": "recursion",
            "target": self.expression(value.target),
            "equations": equations,
        }
