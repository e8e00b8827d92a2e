"""SymPy expressions as layouts, with factors and terms in the order that papers use.

The order of a product is: number, scales (sigma_w^2), symbols, roots, covariances, expectations,
gradient covariances, the NTK, sums in brackets, functions.  The order of a sum is: positive numbers,
terms without the NTK, terms with it, constants such as sigma_b^2; what is subtracted comes late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.printer import Printer

from symntk.derivation.program import Entry
from symntk.gaussian.expectation import Expectation
from symntk.rendering.heads import Applied, Dual, Kernel
from symntk.rendering.mathematics.layout import (
    COMMA,
    EQUALS,
    Apply,
    Atom,
    Cases,
    Dotted,
    Fence,
    Fraction,
    Layout,
    Matrix,
    Root,
    Row,
    Scripts,
    Sum,
    is_tall,
    row,
    separated,
)
from symntk.rendering.mathematics.names import name
from symntk.rendering.notation import NotationProfile

PRIME = Atom("′", "punctuation")
_RELATIONS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_FUNCTIONS = {
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "Max": "max",
    "Min": "min",
    "Logistic": "sigmoid",
    "Softplus": "softplus",
}


class Typesetter(Printer):  # type: ignore[misc]
    """Turns SymPy into a layout; raises NotImplementedError for a class that it does not know.

    ``subjects`` are names of vectors and parameters that are not written as they are spelled;
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
        self.laws: dict[tuple[sp.Expr, ...], int] = {}

    def __call__(self, expression: sp.Basic) -> Layout:
        """The layout of ``expression``."""
        return self._print(expression)  # type: ignore[no-any-return]

    def emptyPrinter(self, expr: Any) -> Layout:
        raise NotImplementedError(f"no layout for {type(expr).__name__}: {expr}")

    # Numbers and symbols.

    def _print_Integer(self, expr: sp.Integer) -> Layout:
        return _signed_number(str(expr))

    def _print_Rational(self, expr: sp.Rational) -> Layout:
        fraction = Fraction(Atom(str(abs(expr.p)), "number"), Atom(str(expr.q), "number"))
        return Sum((("−", fraction),)) if expr.p < 0 else fraction

    def _print_Float(self, expr: sp.Float) -> Layout:
        mantissa, _, exponent = f"{float(expr):.12g}".partition("e")
        if not exponent:
            return _signed_number(mantissa)
        power = Scripts(Atom("10", "number"), above=_signed_number(str(int(exponent))))
        return row(_signed_number(mantissa), Atom("×", "binary"), power)

    def _print_NumberSymbol(self, expr: sp.NumberSymbol) -> Layout:
        return name({"Pi": "pi", "Exp1": "e"}.get(type(expr).__name__, str(expr)))

    def _print_Infinity(self, expr: sp.Basic) -> Layout:
        return Atom("∞", "number")

    def _print_NegativeInfinity(self, expr: sp.Basic) -> Layout:
        return Sum((("−", Atom("∞", "number")),))

    def _print_ImaginaryUnit(self, expr: sp.Basic) -> Layout:
        return Atom("i", "upright")

    def _print_Symbol(self, expr: sp.Symbol) -> Layout:
        return name(expr.name)

    _print_Dummy = _print_Symbol

    # Kernels.

    def _print_Entry(self, expr: Entry) -> Layout:
        quantity = expr.quantity
        vectors = dict.fromkeys(part for part in (quantity.left, quantity.right) if part)
        return self._print(Kernel(quantity.kind, None, ",".join(vectors), expr.site))  # type: ignore[no-any-return]

    def _print_Kernel(self, expr: Kernel) -> Layout:
        if expr.letter == "input":
            return self._input_kernel(*expr.vector.split(","), site=expr.site)
        if expr.letter == "product":
            return self._input_kernel(*expr.vector.split(","), site=expr.site).above
        letter = self.profile.letters[expr.letter]
        above = below = None
        if expr.layer is not None:
            layer = self.layer(expr.layer)
            above = Fence(layer) if self.profile.bracketed else layer
        if expr.vector:
            below = separated([self.subject(part) for part in expr.vector.split(",")])
        base = Scripts(letter, above, below) if above or below else letter
        if not expr.site:
            return base
        return Apply(base, Fence(self.pair(expr.site, expr.letter in ("mean", "scale"))))

    def _input_kernel(self, left: str, right: str = "", *, site: str) -> Layout:
        """X . x' / d of one input, or of two inputs that share a weight."""
        first, second = (
            primed(name(vector)) if letter == "b" else name(vector)
            for vector, letter in zip((left, right or left), site, strict=True)
        )
        if first == second:
            product: Layout = Scripts(Fence(first, "‖", "‖"), above=Atom("2", "number"))
        else:
            product = row(_raised_by(first, Atom("⊤")), second)
        return Fraction(product, self.dimensions[left])

    def layer(self, index: sp.Expr) -> Layout:
        """The index of a layer: a symbol before its offset, l + 1."""
        number, symbols = index.as_coeff_Add()
        if number == 0 or symbols == 0:
            return self._print(index)  # type: ignore[no-any-return]
        offset = Atom(str(abs(number)), "number")
        return Sum((("+", self._print(symbols)), ("−" if number < 0 else "+", offset)))

    def range(self, index: sp.Symbol, first: sp.Expr, last: sp.Expr) -> Layout:
        """L = 1, ..., L - 1."""
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
            return self._print(Kernel("Lambda", cross.layer, cross.vector, ""))  # type: ignore[no-any-return]
        top, corner, bottom = (self._print(part) for part in (first, cross, second))
        return Matrix(((top, corner), (corner, bottom)))

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

    # Sums.

    def _print_Add(self, expr: sp.Add) -> Layout:
        terms = sorted(expr.args, key=_term_key)
        if _is_negative(terms[0]):
            positive = next((term for term in terms if not _is_negative(term)), None)
            if positive is not None:
                terms.remove(positive)
                terms.insert(0, positive)
        signed = []
        for term in terms:
            negative = _is_negative(term)
            signed.append(("−" if negative else "+", self._print(-term if negative else term)))
        return Sum(tuple(signed))

    # Products.

    def _print_Mul(self, expr: sp.Mul) -> Layout:
        if _is_negative(expr):
            return Sum((("−", self._print(-expr)),))
        return self._product(expr.args)

    def _product(self, factors: Iterable[sp.Expr]) -> Layout:
        above, below = _split(self._undivided(list(factors)))
        if not below:
            return row(*(self._factor(part, len(above) == 1) for part in above))
        numeric = all(not part.free_symbols - set(_scales(part)) for part in below)
        small = [part for part in above if _is_small(part)]
        if not numeric and not small:
            small = above
        beside = [part for part in above if part not in small]
        over = [self._factor(part, len(small) == 1) for part in small]
        under = [self._factor(part, len(below) == 1) for part in below]
        fraction = Fraction(row(*over) if over else Atom("1", "number"), row(*under))
        return row(fraction, *(self._factor(part, False) for part in beside))

    def _undivided(self, factors: list[sp.Expr]) -> list[sp.Expr]:
        """d times the input's kernel x . x' / d is x . x'."""
        for kernel in [f for f in factors if isinstance(f, Kernel) and f.letter == "input"]:
            dimension = self.dimensions[kernel.vector.split(",")[0]]
            for factor in factors:
                if (factor.is_Symbol or factor.is_Integer) and self._print(factor) == dimension:
                    rest = [f for f in factors if f is not factor and f is not kernel]
                    product = Kernel("product", None, kernel.vector, kernel.site)
                    return [*rest, product]
        return factors

    def _factor(self, expr: sp.Expr, alone: bool) -> Layout:
        """A factor of a product; in brackets where it is a sum that does not stand alone."""
        layout = self._print(expr)
        return Fence(layout) if isinstance(layout, Sum | Cases) and not alone else layout

    def _print_Pow(self, expr: sp.Pow) -> Layout:
        base, exponent = expr.as_base_exp()
        if _is_negative(exponent):
            return self._product([expr])
        if exponent.is_Rational and exponent.p == 1 and exponent.q > 1:
            degree = None if exponent.q == 2 else self._print(sp.Integer(exponent.q))
            return Root(self._print(base), degree)
        return self._power(base, self._exponent(exponent))

    def _exponent(self, exponent: sp.Expr) -> Layout:
        if exponent.is_Rational and not exponent.is_Integer:
            return row(
                _signed_number(str(exponent.p)),
                Atom("/", "upright"),
                Atom(str(exponent.q), "number"),
            )
        return self._print(exponent)  # type: ignore[no-any-return]

    def _power(self, base: sp.Expr, exponent: Layout) -> Layout:
        if isinstance(base, sp.Function) and not isinstance(base, sp.exp | sp.Heaviside):
            layout = self._print(base)
            if isinstance(layout, Apply):
                function = layout.function
                below = function.below if isinstance(function, Scripts) else None
                head = function.base if isinstance(function, Scripts) else function
                return Apply(Scripts(head, above=exponent, below=below), layout.arguments)
        layout = self._print(base)
        if isinstance(base, Kernel | Entry) and isinstance(layout, Apply):
            return Scripts(layout, above=exponent)
        if not isinstance(layout, Atom) and not (
            isinstance(layout, Scripts) and layout.above is None
        ):
            layout = Fence(layout)
        if isinstance(layout, Scripts):
            return Scripts(layout.base, above=exponent, below=layout.below)
        return Scripts(layout, above=exponent)

    # Functions.

    def _arguments(self, arguments: Iterable[sp.Basic]) -> Fence:
        return Fence(separated([self._print(argument) for argument in arguments]))

    def _print_Function(self, expr: sp.Function) -> Layout:
        called = type(expr).__name__
        if isinstance(expr, AppliedUndef):
            return Apply(name(called), self._arguments(expr.args))
        return Apply(Atom(_FUNCTIONS.get(called, called), "operator"), self._arguments(expr.args))

    def _print_Max(self, expr: sp.Max) -> Layout:
        arguments = sorted(expr.args, key=lambda part: (not part.is_number, str(part)))
        operator = Atom(_FUNCTIONS[type(expr).__name__], "operator")
        return Apply(operator, self._arguments(arguments))

    _print_Min = _print_Max

    def _print_exp(self, expr: sp.exp) -> Layout:
        (argument,) = expr.args
        layout = self._print(argument)
        slashed = _slashed(layout)
        if slashed is not None and argument.count_ops() <= _SHORT_EXPONENT:
            return Scripts(Atom("e", "italic"), above=slashed)
        return Apply(Atom("exp", "operator"), Fence(layout))

    def _print_Abs(self, expr: sp.Abs) -> Layout:
        return Fence(self._print(expr.args[0]), "|", "|")

    def _print_NormalCDF(self, expr: sp.Function) -> Layout:
        return Apply(Atom("Φ"), self._arguments(expr.args))

    def _print_BivariateNormalCDF(self, expr: sp.Function) -> Layout:
        sign = Scripts(Atom("Φ"), below=Atom("2", "number"))
        return Apply(sign, self._arguments(expr.args))

    def _print_Heaviside(self, expr: sp.Heaviside) -> Layout:
        return Apply(Atom("1", "bold"), Fence(self._print(_positive(expr.args[0])), "{", "}"))

    def _print_DiracDelta(self, expr: sp.DiracDelta) -> Layout:
        sign: Layout = Atom("δ")
        if len(expr.args) == 2 and expr.args[1].is_Integer:
            sign = primed(sign, int(expr.args[1]))
        return Apply(sign, self._arguments(expr.args[:1]))

    # Calculus.

    def _print_Derivative(self, expr: sp.Derivative) -> Layout:
        total = sum(count for _, count in expr.variable_count)
        above = _raised(Atom("∂"), total)
        below = row(
            *(row(Atom("∂"), _raised(self._print(var), n)) for var, n in expr.variable_count)
        )
        return row(Fraction(above, below), self._factor(expr.expr, False))

    def _print_Integral(self, expr: sp.Integral) -> Layout:
        parts: list[Layout] = []
        for limit in reversed(expr.limits):
            low, high = (*limit[1:], None, None)[:2]
            sign: Layout = Atom("∫", "operator")
            if low is not None and high is not None:
                sign = Scripts(sign, above=self._print(high), below=self._print(low))
            parts.append(sign)
        parts.append(self._factor(expr.function, False))
        parts += [row(Atom("d", "upright"), self._print(limit[0])) for limit in expr.limits]
        return row(*parts)

    def _print_Sum(self, expr: sp.Sum) -> Layout:
        signs = []
        for index, low, high in reversed(expr.limits):
            sign = Atom("∑" if isinstance(expr, sp.Sum) else "∏", "operator")
            start = row(self._print(index), Atom("=", "relation"), self._print(low))
            signs.append(Scripts(sign, above=self._print(high), below=start))
        return row(*signs, self._factor(expr.function, False))

    _print_Product = _print_Sum

    def _print_Limit(self, expr: sp.Limit) -> Layout:
        function, variable, value = expr.args[:3]
        below = row(self._print(variable), Atom("→", "relation"), self._print(value))
        return row(Scripts(Atom("lim", "operator"), below=below), self._factor(function, False))

    def _print_Subs(self, expr: sp.Subs) -> Layout:
        pairs = [
            row(self._print(old), Atom("=", "relation"), self._print(new))
            for old, new in zip(expr.variables, expr.point, strict=True)
        ]
        return Scripts(Fence(self._print(expr.expr), "", "|"), below=separated(pairs))

    # Cases and conditions.

    def _print_Piecewise(self, expr: sp.Piecewise) -> Layout:
        return Cases(
            tuple(
                (self._print(value), None if condition == True else self._print(condition))  # noqa: E712
                for value, condition in expr.args
            )
        )

    def _print_Relational(self, expr: sp.Rel) -> Layout:
        sign = Atom(_RELATIONS[expr.rel_op], "relation")
        return row(self._print(expr.lhs), sign, self._print(expr.rhs))

    def _print_And(self, expr: sp.And) -> Layout:
        return separated([self._print(part) for part in sorted(expr.args, key=str)])

    def _print_Tuple(self, expr: sp.Tuple) -> Layout:
        return self._arguments(expr.args)

    def _print_MatrixBase(self, expr: sp.MatrixBase) -> Layout:
        return Matrix(tuple(tuple(self._print(e) for e in line) for line in expr.tolist()))

    _print_ImmutableDenseMatrix = _print_MatrixBase


_SHORT_EXPONENT = 6


def _slashed(layout: Layout) -> Layout | None:
    """``layout`` with fractions written a/b, for an exponent; None where that does not read well."""
    match layout:
        case Fraction(Sum() as above, Atom() as below):
            return row(Fence(above), Atom("/", "upright"), below)
        case Fraction(above, Atom() as below):
            return row(above, Atom("/", "upright"), below)
        case Fraction() | Fence(Fraction()):
            return None
        case Sum(((sign, term),)):
            inner = _slashed(term)
            return None if inner is None else Sum(((sign, inner),))
        case Row((Fraction(Atom("1"), Atom() as below), Fence(inner))):
            return row(Fence(inner), Atom("/", "upright"), below)
        case _:
            return None if is_tall(layout) else layout


def _is_of_one_kernel(law: tuple[sp.Expr, ...]) -> bool:
    """Whether a law is (K(x, x), K(x', x'), K(x, x')) of one kernel K."""
    kernels = [part for part in law if isinstance(part, Kernel)]
    common = {(kernel.letter, kernel.layer, kernel.vector) for kernel in kernels}
    return (
        len(law) == len(kernels)
        and len(common) == 1
        and [kernel.site for kernel in kernels] == ["aa", "bb", "ab"]
    )


def primed(base: Layout, count: int = 1) -> Layout:
    """``base`` with primes: x', phi''."""
    mark = Atom("′" * count, "punctuation")
    if isinstance(base, Scripts) and base.above is None:
        return Scripts(base.base, above=mark, below=base.below)
    return Scripts(base, above=mark)


def _raised_by(base: Layout, mark: Layout) -> Layout:
    """``base`` with ``mark`` raised, after what is raised there already."""
    if isinstance(base, Scripts):
        above = mark if base.above is None else row(base.above, mark)
        return Scripts(base.base, above=above, below=base.below)
    return Scripts(base, above=mark)


def _raised(base: Layout, power: Any) -> Layout:
    if power == 1:
        return base
    mark = Atom(str(power), "number")
    return (
        Scripts(base, above=mark) if not isinstance(base, Scripts) else Scripts(Fence(base), mark)
    )


def _signed_number(text: str) -> Layout:
    number = Atom(text.lstrip("-"), "number")
    return Sum((("−", number),)) if text.startswith("-") else number


def _is_negative(expr: sp.Expr) -> bool:
    coefficient = expr.as_coeff_Mul()[0]
    return bool(coefficient.is_number and coefficient.is_extended_negative)


def _scales(expr: sp.Expr) -> set[sp.Symbol]:
    return {s for s in expr.free_symbols if s.name.startswith("sigma")}


def _is_small(expr: sp.Expr) -> bool:
    """Whether a factor belongs over a fraction bar rather than beside the fraction."""
    base = expr.as_base_exp()[0]
    if isinstance(base, Kernel | Entry):
        return False
    return bool(base.is_Symbol or base.is_number or _is_root(expr))


def _is_root(expr: sp.Expr) -> bool:
    return bool(expr.is_Pow and expr.exp == sp.S.Half)


def _split(factors: Iterable[sp.Expr]) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """Numerator and denominator as ordered factors, with all square roots of one side in one."""
    factors = list(factors)
    exponentials = [factor for factor in factors if isinstance(factor, sp.exp)]
    if len(exponentials) > 1:
        rest = [factor for factor in factors if not isinstance(factor, sp.exp)]
        together = sp.factor_terms(sp.Add(*(factor.args[0] for factor in exponentials)))
        factors = [*rest, sp.exp(together, evaluate=False)]
    sides: tuple[list[sp.Expr], list[sp.Expr]] = ([], [])
    roots: tuple[list[sp.Expr], list[sp.Expr]] = ([], [])
    for factor in factors:
        if factor.is_Rational:
            for side, part in zip(sides, (factor.p, factor.q), strict=True):
                if part != 1:
                    side.append(sp.Integer(part))
            continue
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            base, exponent = factor, sp.S.One
        below = int(_is_negative(exponent))
        exponent = -exponent if below else exponent
        if exponent == sp.S.Half:
            roots[below].append(base)
        else:
            sides[below].append(sp.Pow(base, exponent, evaluate=False) if exponent != 1 else base)
    _rationalise(sides, roots)
    for side, inside in zip(sides, roots, strict=True):
        if inside:
            radicand = inside[0] if len(inside) == 1 else sp.Mul(*inside, evaluate=False)
            side.append(sp.Pow(radicand, sp.S.Half, evaluate=False))
        side.sort(key=_factor_key)
    return sides


def _rationalise(
    sides: tuple[list[sp.Expr], list[sp.Expr]], roots: tuple[list[sp.Expr], list[sp.Expr]]
) -> None:
    """sqrt(n) / (n m) is 1 / (sqrt(n) m): SymPy writes the former, papers the latter."""
    for base in [part for part in roots[0] if part.is_Integer]:
        for number in [part for part in sides[1] if part.is_Integer and part % base == 0]:
            roots[0].remove(base)
            roots[1].append(base)
            sides[1].remove(number)
            if number != base:
                sides[1].append(number / base)
            break


_KERNEL_RANK = {
    "input": 4,
    "product": 4,
    "Sigma": 5,
    "dot Sigma": 6,
    "Lambda": 6,
    "mean": 5,
    "scale": 5,
    "Pi": 8,
    "Theta": 9,
}


def _factor_key(expr: sp.Expr) -> tuple[int, str]:
    base, exponent = expr.as_base_exp()
    rank = 11
    if isinstance(expr, sp.exp):
        rank = 12
    elif expr.is_Rational or base.is_Rational:
        rank = 0
    elif base.is_number:
        rank = 1
    elif isinstance(base, Kernel | Entry):
        letter = base.letter if isinstance(base, Kernel) else base.quantity.kind
        rank = _KERNEL_RANK[letter]
    elif base.is_Symbol:
        rank = 2 if _scales(base) else 3
    elif exponent == sp.S.Half:
        rank = 11 if base.is_Add else 4
    elif isinstance(base, Expectation):
        rank = 7
    elif base.is_Add:
        rank = 10
    elif isinstance(base, Applied):
        rank = 11
    elif base.is_Function:
        rank = 12 if isinstance(base, sp.exp | sp.Heaviside) else 13
    return rank, str(expr)


def _term_key(term: sp.Expr) -> tuple[int, int, int, int, str]:
    negative = _is_negative(term)
    if term.is_number:
        return (8 if negative else 0), 0, 0, 0, str(term)
    symbols = term.free_symbols
    kernels = [s for s in symbols if isinstance(s, Kernel | Entry)]
    theta = any(_KERNEL_RANK[_letter(s)] == 9 for s in kernels)
    constant = symbols <= _scales(term) and not term.has(Expectation)
    place = 5 if constant else 4 if theta else 3
    functions = len(term.atoms(sp.Function))
    return place, functions, int(negative), int(term.count_ops()), str(term)


def _letter(symbol: sp.Symbol) -> str:
    return symbol.letter if isinstance(symbol, Kernel) else symbol.quantity.kind


def _positive(argument: sp.Expr) -> sp.Basic:
    """The condition ``argument > 0``, solved for its symbol where it is linear in one."""
    for symbol in sorted(argument.free_symbols, key=str):
        slope = argument.diff(symbol)
        if slope.is_number and slope != 0 and not slope.has(symbol):
            rest = -argument.subs(symbol, 0) / slope
            return (
                sp.Gt(symbol, rest, evaluate=False)
                if slope > 0
                else sp.Lt(symbol, rest, evaluate=False)
            )
    return sp.Gt(argument, 0, evaluate=False)
