"""Operations that act on each coordinate: activations and products (gates)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, final

import sympy as sp

from symntk.errors import AssumptionError, GraphError
from symntk.gaussian.evaluation import array_function
from symntk.gaussian.stable import stable
from symntk.gaussian.symbols import c, q, q1, q2, u, v, x
from symntk.graph import Node, describe
from symntk.ops.abstract import AbstractOp
from symntk.ops.law import Form, Law, Statistic, Term, Terms, add_terms, multiply_terms, scale_terms
from symntk.ops.linear import combine_aligned
from symntk.ops.refusal import require_transparent

if TYPE_CHECKING:
    from symntk.ops.abstract import Array

_OF_THE_CALCULUS = frozenset(symbol.name for symbol in (x, u, v, q, q1, q2, c))


@final
class Product(AbstractOp):
    """The elementwise product of vectors (gating), or of a vector and a scalar."""

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        require_transparent(node, arguments)
        return combine_aligned(node, arguments, multiply_terms)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The product of the h_i; a scalar, of width 1, multiplies every coordinate."""
        return _times(arguments)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/dh_i = df/dy prod_{j != i} h_j; a scalar collects this from every coordinate."""
        parts = []
        for i, factor in enumerate(arguments):
            part = _times([gradient, *arguments[:i], *arguments[i + 1 :]])
            is_scalar = factor.shape[-1] < part.shape[-1]
            parts.append(part.sum(-1, keepdims=True) if is_scalar else part)
        return tuple(parts)


def _times(factors: Sequence[Array]) -> Array:
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return result


@final
class Elementwise(AbstractOp):
    """phi(h_1, h_2, ...) coordinate by coordinate.

    Each argument must be Gaussian, or a function of one Gaussian, which is then composed; a phi
    of several different Gaussians must be a sum of products of functions of one each.
    """

    def law(self, node: Node, arguments: Sequence[Law]) -> Law:
        require_transparent(node, arguments)
        phi, variables = node["phi"], node["variables"]
        _require_own_symbols(node)

        def apply(*parts: Terms) -> Terms:
            inner = [_function_of_one(node, terms) for terms in parts]
            if len({form for form, _ in inner if form}) <= 1:
                return _compose(phi, variables, inner)
            return _separate(node, phi, dict(zip(variables, inner, strict=True)))

        return combine_aligned(node, arguments, apply)

    def forward(
        self,
        node: Node,
        arguments: Sequence[Array],
        parameter: Array | None,
        shape: tuple[int, ...],
    ) -> Array:
        """The function phi of the numbers."""
        return _numeric(node["phi"], node["variables"], node["values"])(*arguments)

    def pullback(
        self,
        node: Node,
        arguments: Sequence[Array],
        output: Array,
        gradient: Array,
        parameter: Array | None,
    ) -> tuple[Array, ...]:
        """df/dh_i = df/dy d_i phi(h_1, h_2, ...), the derivative taken almost everywhere."""
        phi, variables, values = node["phi"], node["variables"], node["values"]
        slopes = (_numeric(phi, variables, values, variable) for variable in variables)
        return tuple(gradient * slope(*arguments) for slope in slopes)


@lru_cache(maxsize=256)
def _numeric(phi: Any, variables: Any, values: Any, by: Any = None) -> Callable[..., Array]:
    """phi, or its derivative in the variable ``by`` without what jumps leave (Dirac deltas).

    ``values`` are the numbers that constants in phi stand for.
    """
    phi = phi.xreplace(dict(values))
    if by is not None:
        phi = phi.diff(by).replace(sp.DiracDelta, lambda *_: sp.S.Zero).doit()
    return array_function(stable(phi), variables)


def _require_own_symbols(node: Node) -> None:
    """Refuse a constant whose symbol the Gaussian calculus integrates over or fills in."""
    for symbol, _ in node["values"]:
        if symbol.name in _OF_THE_CALCULUS:
            raise GraphError(
                f"{describe(node)}: the constant {symbol} has the name of a variable of Gaussian "
                "expectations; give it another name"
            )


def _compose(phi: sp.Expr, variables: tuple, inner: list[tuple[Form, sp.Expr]]) -> Terms:  # type: ignore[type-arg]
    """phi(psi_1(G), psi_2(G), ...) as one function of the one Gaussian G."""
    substitution = {var: psi for var, (_, psi) in zip(variables, inner, strict=True)}
    outer = phi.subs(substitution, simultaneous=True)
    form = next((form for form, _ in inner if form), ())
    return (Term(sp.S.One, ((form, outer),)) if form else Term(outer, ()),)


def _separate(node: Node, phi: sp.Expr, inner: dict[sp.Symbol, tuple[Form, sp.Expr]]) -> Terms:
    """A phi of several Gaussians, as a sum of products of functions of one each."""
    result: list[Terms] = []
    for summand in sp.Add.make_args(sp.expand(phi)):
        coefficient, factors = summand.as_independent(*inner, as_Add=False)
        terms: Terms = (Term(sp.S.One, ()),)
        for factor in sp.Mul.make_args(factors):
            used = factor.free_symbols & set(inner)
            if len({inner[symbol][0] for symbol in used}) > 1:
                raise AssumptionError(
                    describe(node),
                    f"{factor} mixes several Gaussian vectors and is not a sum of products of "
                    "functions of one each",
                    "Write it as such a sum, or pass the sum of the vectors to one activation",
                )
            pairs = [inner[symbol] for symbol in used]
            if pairs:
                terms = multiply_terms(terms, _compose(factor, tuple(used), pairs))
        result.append(scale_terms(coefficient, terms))
    return add_terms(*result)


def _function_of_one(node: Node, terms: Terms) -> tuple[Form, sp.Expr]:
    """The argument as psi(G): the Gaussian form G and psi in x; G empty for a constant."""
    gaussian = Law.single(*terms).linear_forms
    if gaussian is not None and gaussian[0]:
        return gaussian[0], x
    forms = {form for term in terms for form, _ in term.factors}
    if len(forms) > 1:
        raise AssumptionError(
            describe(node),
            "the argument of an activation must be Gaussian (a linear combination of matrix "
            "products and biases) or a function of one Gaussian",
            "Multiply the argument by a weight matrix of its own first",
        )
    total = sp.Add(*(term.coefficient * sp.Mul(*(f for _, f in term.factors)) for term in terms))
    if forms and total.has(Statistic):
        raise AssumptionError(
            describe(node),
            "the argument of an activation is a function of a Gaussian and of a mean or a scale of "
            "the input (a layer norm or rms of an activation), so the function differs from input "
            "to input",
            "Multiply the argument by a weight matrix of its own first",
        )
    return (forms.pop() if forms else ()), total
