"""Kernels, their arguments and laws, as layouts in a notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.printing.printer import Printer

from symntk.derivation.program import Entry
from symntk.gaussian.expectation import Expectation
from symntk.graph.positions import Index
from symntk.rendering.heads import Applied, Dual, Kernel
from symntk.rendering.mathematics.layout import (
    COMMA,
    EQUALS,
    Apply,
    Atom,
    Dotted,
    Fence,
    Fraction,
    Layout,
    Matrix,
    Scripts,
    Sum,
    row,
    separated,
)
from symntk.rendering.mathematics.marks import primed, raised_by
from symntk.rendering.mathematics.names import name
from symntk.rendering.notation import NotationProfile


class KernelTypesetter(Printer):
    """What a notation has to say: how kernels, inputs and Gaussian laws are written.

    ``subjects`` are names of vectors and parameters that are not written as they are spelled;
    ``gathered`` are parameters of blocks whose part of the NTK is that of all blocks together;
    ``pads`` are the numbers of zeros before a sequence that depend on its length, which go by
    letters; ``attentions`` are the numbers of attentions, by the name of their output, if there are
    several;
    ``laws`` are the numbers of laws that have one, so that the expectation is written E_1.

    Kernels are written at (x, x') where x is the network's only input, at (ξ, ξ') where ξ stands
    for all of them.  ``dimensions`` gives the length of each input.
    """

    printmethod = "_symntk_layout"

    def __init__(
        self, profile: NotationProfile, dimensions: Mapping[str, Layout] | None = None
    ) -> None:
        super().__init__()
        self.profile = profile
        self.dimensions = dimensions or {"x": Atom("d")}
        inputs = list(self.dimensions)
        self.point = name(inputs[0]) if len(inputs) == 1 else Atom("ξ")
        self.subjects: dict[str, Layout] = {}
        self.gathered: set[str] = set()
        self.pads: dict[sp.Expr, int] = {}
        self.name_pads = True
        self.attentions: dict[str, Layout] = {}
        self.laws: dict[tuple[sp.Expr, ...], int] = {}

    def __call__(self, expression: sp.Basic) -> Layout:
        """The layout of ``expression``."""
        return self._print(expression)  # type: ignore[no-any-return]

    def emptyPrinter(self, expr: Any) -> Layout:
        raise NotImplementedError(f"no layout for {type(expr).__name__}: {expr}")

    def _print_Entry(self, expr: Entry) -> Layout:
        quantity = expr.quantity
        vectors = dict.fromkeys(part for part in (quantity.left, quantity.right) if part)
        return self._print(Kernel(quantity.kind, None, ",".join(vectors), expr.site))  # type: ignore[no-any-return]

    def _print_Kernel(self, expr: Kernel) -> Layout:
        if expr.letter in ("input", "product"):
            return self._of_inputs(expr)
        special = getattr(self, f"_print_{expr.letter}", None)
        if special is not None:
            return special(expr)  # type: ignore[no-any-return]
        letter = self.profile.letters[expr.letter]
        above = below = None
        if expr.layer is not None:
            layer = self.layer(expr.layer)
            above = Fence(layer) if self.profile.bracketed else layer
        if expr.vector:
            below = separated([self._whose(part, expr) for part in expr.vector.split(",")])
        base = Scripts(letter, above, below) if above or below else letter
        if not expr.site:
            return base
        return Apply(base, Fence(self._arguments_of(expr)))

    def _arguments_of(self, expr: Kernel) -> Layout:
        """What stands between a kernel's brackets."""
        return self.pair(expr.site, expr.is_of_one_input)

    def _whose(self, label: str, kernel: Kernel) -> Layout:
        """The vector or parameter below a kernel; Theta_B is of the B of all blocks together."""
        if kernel.letter == "Theta" and label in self.gathered:
            return name(label)
        return self.subject(label)

    def _of_inputs(self, expr: Kernel) -> Layout:
        """The product x . x' / d of one input, or of two inputs that share a weight."""
        vectors = expr.vector.split(",")
        first, second = (
            self.input_at(name(vector), letter == "b", places)
            for vector, letter, places in zip(
                (vectors[0], vectors[-1]), expr.site, (expr.left, expr.right), strict=True
            )
        )
        if first == second:
            product: Layout = Scripts(Fence(first, "‖", "‖"), above=Atom("2", "number"))
        else:
            product = row(raised_by(first, Atom("⊤")), second)
        if expr.letter == "product":
            return product
        return Fraction(product, self.dimensions[vectors[0]])

    def input_at(self, vector: Layout, second: bool, places: Index) -> Layout:
        """An input, of the second of a pair with a prime."""
        return primed(vector) if second else vector

    def layer(self, index: sp.Expr) -> Layout:
        """The index of a layer: a symbol before its offset, l + 1."""
        number, symbols = index.as_coeff_Add()
        if number == 0 or symbols == 0:
            return self._print(index)  # type: ignore[no-any-return]
        offset = Atom(str(abs(number)), "number")
        return Sum((("+", self._print(symbols)), ("−" if number < 0 else "+", offset)))

    def range(self, index: sp.Symbol, first: sp.Expr, last: sp.Expr) -> Layout:
        """The layers that an equation holds for: l = 1, ..., L - 1."""
        if first == last:
            return row(self(index), EQUALS, self(first))
        middle = [] if last == first + 1 else [Atom("…")]
        ends = [self(first), *middle, self.layer(last)]
        return row(self(index), EQUALS, separated(ends, COMMA))

    def subject(self, label: str) -> Layout:
        """The vector or parameter called ``label``."""
        return self.subjects.get(label) or name(label)

    def indexed(self, base: Layout, layer: Layout) -> Layout:
        """``base`` with a layer above, in the style of the notation."""
        above = Fence(layer) if self.profile.bracketed else layer
        if isinstance(base, Scripts):
            return Scripts(base.base, above=above, below=base.below)
        return Scripts(base, above=above)

    def pair(self, site: str, single: bool = False) -> Layout:
        """The arguments (x, x') of a kernel at the pair of inputs ``site``."""
        points = {"a": self.point, "b": primed(self.point)}
        return separated([points[letter] for letter in (site[:1] if single else site)])

    def _print_Expectation(self, expr: Expectation) -> Layout:
        sign: Layout = Atom("E", "blackboard")
        number = self.laws.get(expr.law)
        if number is not None:
            sign = Scripts(sign, below=Atom(str(number), "number"))
        elif [str(part) for part in expr.law] not in (["q"], ["q1", "q2", "c"]):
            sign = Scripts(sign, below=self.law(expr))
        return Apply(sign, Fence(self._print(expr.integrand), "[", "]"))

    def is_lettered(self, law: tuple[sp.Expr, ...]) -> bool:
        """Whether a law is that of (u, v) itself, or the Lambda of a kernel, or N(0, kernel)."""
        names = [str(part) for part in law]
        if names in (["q"], ["q1", "q2", "c"]):
            return True
        return isinstance(law[0], Kernel) if len(law) == 1 else _is_of_one_kernel(law)

    def law(self, expr: Expectation) -> Layout:
        """What is under the E: the variables and their covariance."""
        return row(self.variables(expr.law), Atom("∼", "relation"), self.normal(expr.law))

    def variables(self, law: tuple[sp.Expr, ...]) -> Layout:
        """u, or (u, v)."""
        return Atom("u") if len(law) == 1 else Fence(separated([Atom("u"), Atom("v")]))

    def normal(self, law: tuple[sp.Expr, ...], large: bool = False) -> Layout:
        """N(0, covariance)."""
        covariance = self.covariance(law)
        if isinstance(covariance, Matrix):
            covariance = Matrix(covariance.rows, large)
        return Apply(Atom("N", "script"), Fence(row(Atom("0", "number"), COMMA, covariance)))

    def covariance(self, law: tuple[sp.Expr, ...]) -> Layout:
        """The covariance of a law: one variance, the Lambda of one kernel, or a matrix."""
        if len(law) == 1:
            return self._print(law[0])  # type: ignore[no-any-return]
        first, second, cross = law
        if _is_of_one_kernel(law):
            return self._print(self.law_of(cross))  # type: ignore[no-any-return]
        top, corner, bottom = (self._print(part) for part in (first, cross, second))
        return Matrix(((top, corner), (corner, bottom)))

    def law_of(self, cross: Kernel) -> Kernel:
        """The Lambda of a kernel."""
        return Kernel("Lambda", cross.layer, cross.vector, "")

    def _print_Applied(self, expr: Applied) -> Layout:
        base = self._print(expr.function)
        if expr.order:
            base = primed(base, expr.order)
        return Apply(base, self._arguments(expr.arguments))

    def _print_Dual(self, expr: Dual) -> Layout:
        (f, g), (order, other) = expr.functions, expr.orders
        sign: Layout = Atom(self.profile.dual)
        marks = [primed(self._print(f), order) if order else self._print(f)]
        if (f, order) == (g, other) and order <= 1:
            sign = Dotted(sign) if order else sign
            marks = [self._print(f)]
        elif (f, order) != (g, other):
            marks.append(primed(self._print(g), other) if other else self._print(g))
        return Apply(Scripts(sign, below=separated(marks)), self._arguments(expr.law))


def _is_of_one_kernel(law: tuple[sp.Expr, ...]) -> bool:
    """Whether a law is (K(x, x), K(x', x'), K(x, x')) of one kernel K."""
    kernels = [part for part in law if isinstance(part, Kernel)]
    common = {(kernel.letter, kernel.layer, kernel.vector) for kernel in kernels}
    if len(law) != len(kernels) or len(common) != 1:
        return False
    first, second, cross = kernels
    return (
        [kernel.site for kernel in kernels] == ["aa", "bb", "ab"]
        and first.left == first.right == cross.left
        and second.left == second.right == cross.right
    )
