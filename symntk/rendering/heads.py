"""Expressions that exist only on the page: covariances by layer, and functions by their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import sympy as sp

from symntk.derivation.program import Site
from symntk.graph.positions import Index, reindex

Letter: TypeAlias = Literal[
    "input",
    "product",
    "Sigma",
    "dot Sigma",
    "Pi",
    "Theta",
    "Lambda",
    "mean",
    "scale",
    "match",
    "weight",
    "attention",
    "tangent",
]
"""input: the kernel x . x' / d of the data; product: x . x'; Lambda: the covariance matrix of a
pair of inputs; match: [x_t = x'_t'] of tokens; weight: a weight of attention;
attention, tangent: moments of the weights of attention with many heads."""


class Kernel(sp.Symbol):
    """A covariance as a paper writes it: a letter, a layer above, a vector below, two inputs.

    letter: which function; a `NotationProfile` chooses its sign.
    layer: the layer's index, an integer or an expression such as l + 1; None for none.
    vector: name of the vector, or of the parameter, empty for none.
    site: the pair of inputs, empty for the function itself.
    left, right: the positions, counted from 1, where the vectors have any.
    """

    letter: Letter
    layer: sp.Expr | None
    vector: str
    site: Site | Literal[""]
    left: Index
    right: Index

    def __new__(
        cls,
        letter: Letter,
        layer: sp.Expr | int | None = None,
        vector: str = "",
        site: Site | Literal[""] = "ab",
        left: Index = (),
        right: Index = (),
    ) -> Kernel:
        index = None if layer is None else sp.S(layer)
        label = f"{letter}^({index})_{vector}[{site}]"
        if left or right:
            label += f"({', '.join(map(str, left))}; {', '.join(map(str, right))})"
        symbol: Kernel = sp.Symbol.__xnew__(cls, label, real=True)
        symbol.letter, symbol.layer, symbol.vector, symbol.site = letter, index, vector, site
        symbol.left, symbol.right = left, right
        return symbol

    def _hashable_content(self) -> tuple[object, ...]:
        return (self.name, str(self.letter), str(self.layer), self.vector, str(self.site))

    @property
    def index_expressions(self) -> Index:
        """The positions, for `symntk.graph.positions.symbols_in`."""
        return self.left + self.right

    def _reindexed(self, substitution: Mapping[sp.Symbol, sp.Expr]) -> Kernel:
        left, right = (
            tuple(reindex(part, substitution) for part in side) for side in (self.left, self.right)
        )
        return Kernel(self.letter, self.layer, self.vector, self.site, left, right)

    @property
    def is_of_one_input(self) -> bool:
        """Whether it is a statistic of one input."""
        return self.letter in ("mean", "scale", "weight")

    def bare(self) -> Kernel:
        """The function itself, without its arguments."""
        return Kernel(self.letter, self.layer, self.vector, "")


def at_layer(expression: sp.Expr, index: sp.Symbol, value: sp.Expr) -> sp.Expr:
    """``expression`` with the running index of a layer at a value, in kernels too."""
    kernels = {
        k: Kernel(k.letter, k.layer.xreplace({index: value}), k.vector, k.site)
        for k in expression.atoms(Kernel)
        if k.layer is not None
    }
    return expression.xreplace({**kernels, index: value})


class Applied(sp.Expr):
    """A named function at an argument, with as many primes as derivatives: phi''(u)."""

    def __new__(cls, function: sp.Symbol, order: int, *arguments: sp.Expr) -> Applied:
        applied: Applied = sp.Expr.__new__(cls, function, sp.Integer(order), *arguments)
        return applied

    is_commutative = True

    @property
    def function(self) -> sp.Symbol:
        """The function's name."""
        return self.args[0]

    @property
    def order(self) -> int:
        """How often it is differentiated."""
        return int(self.args[1])

    @property
    def arguments(self) -> tuple[sp.Expr, ...]:
        """What it is applied to."""
        return tuple(self.args[2:])


class Dual(sp.Expr):
    """E[f(u) g(v)] as a function of the covariance: K_phi(q1, q2, c), dotted for phi'.

    ``functions`` are the names of f and g, ``orders`` how often each is differentiated.
    """

    is_commutative = True

    def __new__(cls, f: sp.Symbol, order: int, g: sp.Symbol, other: int, *law: sp.Expr) -> Dual:
        dual: Dual = sp.Expr.__new__(cls, f, sp.Integer(order), g, sp.Integer(other), *law)
        return dual

    @property
    def functions(self) -> tuple[sp.Symbol, sp.Symbol]:
        """The names of f and g."""
        return self.args[0], self.args[2]

    @property
    def orders(self) -> tuple[int, int]:
        """How often f and g are differentiated."""
        return int(self.args[1]), int(self.args[3])

    @property
    def law(self) -> tuple[sp.Expr, ...]:
        """The covariance."""
        return tuple(self.args[4:])


class Iverson(sp.Expr):
    """[conditions]: 1 where all of them hold, else 0."""

    is_commutative = True
    is_real = True
    is_nonnegative = True

    def __new__(cls, *conditions: sp.Basic) -> Iverson:
        bracket: Iverson = sp.Expr.__new__(cls, *conditions)
        return bracket


class Condition(sp.Basic):
    """``subjects`` that all stand in one relation to a bound: t, t' >= 2, or t < T."""

    def __new__(cls, relation: str | sp.Symbol, bound: sp.Expr, *subjects: sp.Expr) -> Condition:
        sign = sp.Symbol(relation) if isinstance(relation, str) else relation
        condition: Condition = sp.Basic.__new__(cls, sign, bound, *subjects)
        return condition

    @property
    def relation(self) -> str:
        """The sign: =, ≤, ≥, <."""
        return str(self.args[0])

    @property
    def bound(self) -> sp.Expr:
        """What they are compared with."""
        return self.args[1]

    @property
    def subjects(self) -> tuple[sp.Expr, ...]:
        """What is compared."""
        return tuple(self.args[2:])
