"""The equations of a printed page over positions, evaluated as a reader would.

Positions count from 1, a covariance beyond the ends of its sequence is 0, and positions go round
where the page says so.  Nothing of the program is used: only what is in print.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

import symntk as sn
from symntk.derivation import Derivation
from symntk.gaussian.symbols import x
from symntk.graph.positions import Covered, Length, indices
from symntk.rendering import NOTATIONS
from symntk.rendering.composition.page import Page
from symntk.rendering.heads import Applied, Condition, Dual, Iverson, Kernel
from symntk.rendering.mathematics.names import name
from symntk.rendering.reading.places import EXTENDED
from symntk.rendering.reading.reading import Statement
from tests.sequence_oracle import Evaluator

Place = tuple[int, ...]
RELATIONS = {
    "=": lambda a, b: a == b,
    "≤": lambda a, b: a <= b,
    "≥": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
}
OWN = {0: (), 1: indices(1), 2: indices(2)}


class PageEvaluator(Evaluator):
    """The kernels of a page at two inputs, each computed once, on demand."""

    def __init__(self, derivation: Derivation, a: Any, b: Any) -> None:
        self.page = Page.of(derivation, NOTATIONS["jacot"])
        reading = self.page.reading
        self.stated = (*reading.forward, *reading.backward, *reading.parts, *reading.total)
        self.defined = {statement.left.bare(): statement for statement in self.stated}
        self.constants = derivation.values
        self.data = {"a": a, "b": b}
        self.inputs = ("a", "b")
        self.known: dict[Any, float] = {}
        self.extents = self._extents(derivation)
        self.levels: Mapping[sp.Expr, sp.Expr] = {}
        self.functions = {
            named: function for function, named in self.page.functions.applied.items()
        }

    def _extents(self, derivation: Derivation) -> dict[str, tuple[sp.Expr, ...]]:
        """The lengths of the axes of every vector by its name in print."""
        kernels = (k for s in self.stated for k in (s.left, *s.right.atoms(Kernel)))
        labels = {label for kernel in kernels for label in kernel.vector.split(",")}
        found = {str(node["name"]): node.positions for node in derivation.graph.inputs}
        for node, vector in self.page.reading.vectors.items():
            for label in labels:
                if name(label) == vector.layout:
                    found[label] = node.positions
        return found

    def entry(self, *place: Any) -> float:
        raise NotImplementedError

    def length(self, symbol: Length) -> int:
        data = self.data[self.inputs[symbol.second]]
        return len(data) if symbol.axis == 0 else int(np.asarray(data).shape[symbol.axis])

    def number(self, expression: sp.Expr, env: Mapping[sp.Symbol, int]) -> float:
        match expression:
            case Kernel():
                sides = (expression.left, expression.right)
                places = (tuple(self.whole(i, env) for i in side) for side in sides)
                site = expression.site or "ab"
                actual = tuple(self.inputs["ab".index(letter)] for letter in site)
                return self.kernel(expression.bare(), actual, *places)
            case sp.Mul() if any(
                self.number(factor, env) == 0
                for factor in expression.args
                if isinstance(factor, Kernel) and factor.letter in EXTENDED
            ):
                return 0.0  # what a norm divides by has no value beyond the ends
            case Iverson():
                return float(all(self.holds(part, env) for part in expression.args))
            case Covered():
                begin, size, length = (self.whole(part, env) for part in expression.args)
                return float(min(begin + size - 1, length) - max(begin, 1) + 1)
            case Dual():
                return self.number(self.levels[expression], env)
            case _:
                named = {
                    part: self.functions[part.function, part.order].xreplace({x: part.arguments[0]})
                    for part in expression.atoms(Applied)
                }
                return super().number(expression.xreplace(named), env)

    def holds(self, condition: Condition, env: Mapping[sp.Symbol, int]) -> bool:
        bound = self.whole(condition.bound, env)
        relation = RELATIONS[condition.relation]
        return all(relation(self.whole(part, env), bound) for part in condition.subjects)

    def kernel(self, bare: Kernel, site: tuple[str, ...], left: Place, right: Place) -> float:
        """A kernel between two inputs at two positions."""
        vectors = bare.vector.split(",")
        ends = zip((vectors[0], vectors[-1]), site, (left, right), strict=True)
        places: list[Place] = []
        for vector, letter, place in ends:
            attends = bare.letter in ("weight", "attention", "tangent")
            sizes = self._sizes(vector, letter) if place and not attends else place
            if self.page.reading.is_circular:
                place = tuple((p - 1) % n + 1 for p, n in zip(place, sizes, strict=True))
            if not all(1 <= p <= n for p, n in zip(place, sizes, strict=True)):
                return 0.0
            places.append(place)
        key = (bare, site, *places)
        if key not in self.known:
            self.known[key] = self._kernel(bare, site, *places)
        return self.known[key]

    def _sizes(self, vector: str, letter: str) -> Place:
        before, self.inputs = self.inputs, (letter, letter)
        sizes = tuple(self.whole(size, {}) for size in self.extents[vector])
        self.inputs = before
        return sizes

    def _kernel(self, bare: Kernel, site: tuple[str, ...], left: Place, right: Place) -> float:
        if bare.letter in ("match", "input"):
            first, second = (
                self.data[letter][place[0] - 1]
                if len(place) == 1
                else self.data[letter][place[0] - 1, place[1] - 1]
                for letter, place in zip(site, (left, right), strict=True)
            )
            if bare.letter == "match":
                return float(first == second)
            return float(first @ second) / len(first)
        return self.state(self.defined[bare], site, left, right)

    def state(
        self, statement: Statement, site: tuple[str, ...], left: Place, right: Place
    ) -> float:
        """The right side of an equation, written at (x, x'), for two inputs and positions."""
        before, self.inputs = self.inputs, (site[0], site[-1])
        own = (*statement.left.left, *statement.left.right)
        value = self.number(statement.right, dict(zip(own, (*left, *right), strict=True)))
        self.inputs = before
        return value

    def results(self) -> dict[str, float]:
        """The kernels of the network and the parts of the NTK, by their names."""
        nngp, ntk = self.page.reading.outputs
        found = {
            f"ntk:{part.left.vector}": self.state(part, ("a", "b"), (), ())
            for part in self.page.reading.parts
        }
        found |= {"nngp": self.number(nngp, {}), "ntk": self.number(ntk, {})}
        return found


def evaluated(derivation: sn.Derivation, a: Any, b: Any) -> dict[str, float]:
    """What the page says of two inputs."""
    return PageEvaluator(derivation, a, b).results()
