r"""The activation syntax: text to SymPy by a grammar of its own, never by evaluation.

    activation := expression
    expression := term (("+" | "-") term)*
    term       := factor (("*" | "/") factor)*
    factor     := ("-" | "+") factor | power
    power      := atom ["**" factor]
    atom       := number | "pi" | "x" | name "(" arguments ")" | "(" expression ")"
    condition  := expression ("<" | "<=" | ">" | ">=") expression      first argument of where()

Decimals are read exactly (0.1 is 1/10).  A name is one of ``FUNCTIONS`` or of the known
activations: ``elu`` alone, ``elu(alpha=2)``, ``elu(2*x)`` and ``hermite(3)`` are all meant.

Work is bounded before SymPy sees it: length of the text, nesting, degree, number of operations
after known activations are unfolded, and the size of every constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from sympy import (
    Abs,
    Add,
    Expr,
    Heaviside,
    Integer,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    Rational,
    Symbol,
    cos,
    cosh,
    erf,
    exp,
    log,
    oo,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
    zoo,
)
from sympy import nan as not_a_number
from sympy.core.relational import Relational

from symntk.activations.tokens import Kind, Token, tokenize
from symntk.errors import SyntaxProblem
from symntk.gaussian.evaluation import NotReal, scalar_function
from symntk.gaussian.normal_cdf import NormalCDF
from symntk.gaussian.symbols import x

MAX_NESTING = 24
"""Deepest nesting of brackets, signs and powers."""

MAX_DEGREE = 64
"""Largest exponent, and largest degree of any polynomial part."""

MAX_OPERATIONS = 4000
"""Most operations once known activations are unfolded."""

MAX_BITS = 400
"""Longest numerator or denominator of a constant, in bits; no constant exceeds 2**MAX_BITS."""

FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    "abs": Abs,
    "sign": sign,
    "H": Heaviside,
    "Phi": NormalCDF,
    "erf": erf,
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
}
"""Functions of one argument; ``min``, ``max`` and ``where`` take more."""

_SEVERAL = {"min": Min, "max": Max}

_PROBES = tuple(s * p for p in (0.0137, 0.31, 0.83, 1.7, 3.9, 11.3) for s in (-1.0, 1.0))


class Known(Protocol):
    """What the parser needs of a known activation: its function once its parameters are given."""

    @property
    def is_family(self) -> bool:
        """Whether its unnamed arguments are parameters (``hermite(3)``), not the variable."""
        ...

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names that may be given as keywords."""
        ...

    def expression(self, positional: tuple[Expr, ...], keywords: Mapping[str, Expr]) -> Expr:
        """The function in ``x``; raises ValueError with the reason where values do not fit."""
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    """A parsed piece: its expression, degree, number of operations, and where it began."""

    expression: Expr
    degree: int
    operations: int
    position: int


def parse_activation(
    text: str,
    known: Mapping[str, Known] | None = None,
    parameters: Mapping[str, Symbol] | None = None,
) -> Expr:
    """The function of ``x`` that ``text`` means.

    known: activations that may be used by name; parameters: further symbols allowed by name, such
    as the slope of a leaky ReLU.

    Raises SyntaxProblem, which points at a character, for anything else than a real function.
    """
    return read_activation(text, known or {}, parameters).expression


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the function and, where the text is one call, whom it called and how."""

    expression: Expr
    name: str = ""
    positional: tuple[Expr, ...] = ()
    keywords: tuple[tuple[str, Expr], ...] = ()


def read_activation(
    text: str, known: Mapping[str, Known], parameters: Mapping[str, Symbol] | None = None
) -> Reading:
    """As ``parse_activation``, and remembers a text that only names a known activation."""
    parser = _Parser(text, known, parameters or {})
    part = parser.expression()
    parser.expect_end()
    _refuse_complex(part.expression, text)
    name, positional, keywords = parser.whole_call or ("", (), {})
    return Reading(part.expression, name, positional, tuple(keywords.items()))


def _refuse_complex(expression: Expr, text: str) -> None:
    """Refuse a function such as sqrt(x), which is not real on the whole line."""
    if expression.free_symbols != {x}:
        return
    function = scalar_function(expression)
    for point in _PROBES:
        try:
            function(point)
        except NotReal as problem:
            raise SyntaxProblem(
                text,
                0,
                f"this is not real at x = {point} ({problem}); an activation is real on the whole "
                "line: use abs(x), max(x, 0) or where(x > 0, ..., ...)",
            ) from None


class _Parser:
    """One pass over the tokens; a method per line of the grammar."""

    def __init__(
        self, text: str, known: Mapping[str, Known], parameters: Mapping[str, Symbol]
    ) -> None:
        self.text = text
        self.known = known
        self.parameters = parameters
        self.tokens = tokenize(text)
        self.index = 0
        self.nesting = 0
        self.whole_call: tuple[str, tuple[Expr, ...], Mapping[str, Expr]] | None = None

    # reading tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def problem(self, message: str, position: int | None = None) -> SyntaxProblem:
        where = self.token.position if position is None else position
        return SyntaxProblem(self.text, where, message)

    def accept(self, *operators: str) -> Token | None:
        token = self.token
        if token.kind is Kind.OPERATOR and token.text in operators:
            self.index += 1
            return token
        return None

    def expect(self, operator: str, opened: Token) -> None:
        if self.accept(operator) is not None:
            return
        if self.token.kind is Kind.END:
            raise self.problem(f"the bracket is never closed: add '{operator}'", opened.position)
        raise self.unexpected(f"an operator or '{operator}'")

    def expect_end(self) -> None:
        if self.token.kind is not Kind.END:
            raise self.unexpected("an operator")

    def unexpected(self, wanted: str) -> SyntaxProblem:
        token = self.token
        if token.kind is Kind.END:
            return self.problem(f"the expression stops too early; expected {wanted}")
        advice = ""
        before = self.tokens[self.index - 1] if self.index else None
        if token.text == "=":
            advice = "; '=' only names a parameter, as in elu(alpha=2)"
        elif token.text in ("<", "<=", ">", ">=", "==", "!="):
            advice = "; a comparison belongs in where(condition, a, b), and is one of < <= > >="
        elif token.text == ")":
            advice = "; remove this bracket or open it first"
        elif before is not None and before.kind is not Kind.OPERATOR:
            advice = f"; write a product with '*', as in {before.text}*{token.text}"
        elif before is not None and before.text == ")":
            advice = f"; write a product with '*', as in (...)*{token.text}"
        return self.problem(f"expected {wanted}, found '{token.text}'{advice}")

    def enter(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.problem(f"nested more than {MAX_NESTING} deep; simplify the expression")

    def leave(self) -> None:
        self.nesting -= 1

    # the grammar

    def expression(self) -> _Part:
        first = self.term()
        terms = [first]
        values = [first.expression]
        while (operator := self.accept("+", "-")) is not None:
            term = self.term()
            terms.append(term)
            values.append(-term.expression if operator.text == "-" else term.expression)
        if len(terms) == 1:
            return first
        return self.checked(
            Add(*values),
            max(term.degree for term in terms),
            sum(term.operations for term in terms) + len(terms) - 1,
            first.position,
        )

    def term(self) -> _Part:
        first = self.factor()
        factors = [first]
        values = [first.expression]
        while (operator := self.accept("*", "/")) is not None:
            factor = self.factor()
            factors.append(factor)
            if operator.text == "/":
                if factor.expression.is_zero:
                    raise self.problem("division by zero", operator.position)
                values.append(Pow(factor.expression, -1))
            else:
                values.append(factor.expression)
        if len(factors) == 1:
            return first
        return self.checked(
            Mul(*values),
            sum(factor.degree for factor in factors),
            sum(factor.operations for factor in factors) + len(factors) - 1,
            first.position,
        )

    def factor(self) -> _Part:
        operator = self.accept("-", "+")
        if operator is None:
            return self.power()
        self.enter()
        operand = self.factor()
        self.leave()
        if operator.text == "+":
            return operand
        return _Part(
            -operand.expression, operand.degree, operand.operations + 1, operator.position
        )

    def power(self) -> _Part:
        base = self.atom()
        operator = self.accept("**")
        if operator is None:
            return base
        self.enter()
        exponent = self.factor()
        self.leave()
        operations = base.operations + exponent.operations + 1
        if not exponent.expression.is_number:
            if base.expression.is_number:
                if not base.expression.is_positive:
                    raise self.problem(
                        "a power with x in its exponent needs a positive base", base.position
                    )
                value = exp(exponent.expression * log(base.expression))
            else:
                value = Pow(base.expression, exponent.expression)
            return self.checked(value, base.degree + 1, operations, base.position)
        size = abs(self.constant(exponent.expression, exponent.position))
        if size > MAX_DEGREE:
            raise self.problem(f"exponents are at most {MAX_DEGREE}", exponent.position)
        if base.expression.is_zero and exponent.expression.is_negative:
            raise self.problem("division by zero", operator.position)
        return self.checked(
            Pow(base.expression, exponent.expression),
            base.degree * max(1, -int(-size // 1)),
            operations,
            base.position,
        )

    def atom(self) -> _Part:
        token = self.token
        if token.kind is Kind.NUMBER:
            self.index += 1
            return _Part(self.number(token), 0, 0, token.position)
        if token.kind is Kind.NAME:
            self.index += 1
            return self.name(token)
        opened = self.accept("(")
        if opened is None:
            raise self.unexpected("a number, x, a function or '('")
        self.enter()
        inside = self.expression()
        self.leave()
        self.expect(")", opened)
        return inside

    def number(self, token: Token) -> Rational:
        mantissa, _, exponent = token.text.lower().partition("e")
        too_long = len(mantissa) > 100 or len(exponent.lstrip("+-0")) > 3
        if too_long or abs(int(exponent or "0")) > 100:
            raise self.problem("this number is too long or too large", token.position)
        return Rational(token.text)

    def name(self, token: Token) -> _Part:
        if self.token.text == "(" and self.token.kind is Kind.OPERATOR:
            if token.text == "x" or token.text == "pi":
                raise self.problem(f"write a product with '*': {token.text}*(...)", token.position)
            return self.call(token)
        if token.text == "x":
            return _Part(x, 1, 0, token.position)
        if token.text == "pi":
            return _Part(pi, 0, 0, token.position)
        if token.text in self.parameters:
            return _Part(self.parameters[token.text], 0, 0, token.position)
        alone = len(self.tokens) == 2
        if alone and token.text in self.known:
            return self.apply(token, (), {}, None)
        if alone and token.text in FUNCTIONS:
            return self.function(token, [_Part(x, 1, 0, token.position)])
        if token.text in self.known or token.text in FUNCTIONS or token.text in _SEVERAL:
            raise self.problem(
                f"{token.text} is a function: write {token.text}(x)", token.position
            )
        raise self.problem(self.unknown(token.text), token.position)

    def unknown(self, name: str) -> str:
        if len(name) == 1:
            return f"unknown name '{name}': the variable of an activation is called x"
        choices = [*FUNCTIONS, *_SEVERAL, "where", "pi", *self.known]
        close = get_close_matches(name, choices, n=3, cutoff=0.5)
        if close:
            return f"unknown name '{name}': did you mean {' or '.join(close)}?"
        return f"unknown name '{name}': the functions are {', '.join(choices[:18])}"

    def call(self, name: Token) -> _Part:
        opened = self.accept("(")
        assert opened is not None
        self.enter()
        if name.text == "where":
            part = self.where(name)
        else:
            positional, keywords = self.arguments()
            part = self.called(name, positional, keywords)
        self.leave()
        self.expect(")", opened)
        return part

    def arguments(self) -> tuple[list[_Part], dict[str, tuple[Token, _Part]]]:
        positional: list[_Part] = []
        keywords: dict[str, tuple[Token, _Part]] = {}
        if self.token.text == ")" and self.token.kind is Kind.OPERATOR:
            return positional, keywords
        while True:
            after = self.tokens[min(self.index + 1, len(self.tokens) - 1)]
            if self.token.kind is Kind.NAME and after.text == "=":
                keyword = self.token
                if keyword.text in keywords:
                    raise self.problem(f"'{keyword.text}' is given twice")
                self.index += 2
                keywords[keyword.text] = (keyword, self.expression())
            elif keywords:
                raise self.problem("an argument without a name cannot follow a named one")
            else:
                positional.append(self.expression())
            if self.accept(",") is None:
                return positional, keywords

    def called(
        self,
        name: Token,
        positional: list[_Part],
        keywords: dict[str, tuple[Token, _Part]],
    ) -> _Part:
        if name.text in self.known and (name.text not in FUNCTIONS or keywords):
            values = {}
            for key, (token, part) in keywords.items():
                if key not in self.known[name.text].parameter_names:
                    have = ", ".join(self.known[name.text].parameter_names) or "none"
                    raise self.problem(
                        f"{name.text} has no parameter '{key}' (its parameters: {have})",
                        token.position,
                    )
                self.constant(part.expression, part.position)
                values[key] = part.expression
            if self.known[name.text].is_family:
                for part in positional:
                    self.constant(part.expression, part.position)
                return self.apply(name, tuple(p.expression for p in positional), values, None)
            if len(positional) > 1:
                raise self.problem(
                    f"{name.text} takes one argument; name its parameters: "
                    f"{name.text}(x, {'=..., '.join((*self.known[name.text].parameter_names, ''))}"
                    ")".replace(", )", ")"),
                    positional[1].position,
                )
            argument = positional[0] if positional else None
            return self.apply(name, (), values, argument)
        if keywords:
            token = next(iter(keywords.values()))[0]
            raise self.problem(f"{name.text} takes no named parameters", token.position)
        if name.text in FUNCTIONS:
            return self.function(name, positional)
        if name.text in _SEVERAL:
            if len(positional) < 2:
                raise self.problem(
                    f"{name.text} compares at least two values: {name.text}(0, x)", name.position
                )
            return self.checked(
                _SEVERAL[name.text](*(part.expression for part in positional)),
                max(part.degree for part in positional),
                sum(part.operations for part in positional) + len(positional),
                name.position,
            )
        raise self.problem(self.unknown(name.text), name.position)

    def function(self, name: Token, arguments: list[_Part]) -> _Part:
        if len(arguments) != 1:
            raise self.problem(f"{name.text} takes one argument: {name.text}(x)", name.position)
        (part,) = arguments
        return self.checked(
            FUNCTIONS[name.text](part.expression),
            1 if part.degree else 0,
            part.operations + 1,
            name.position,
        )

    def apply(
        self,
        name: Token,
        positional: tuple[Expr, ...],
        keywords: Mapping[str, Expr],
        argument: _Part | None,
    ) -> _Part:
        """A known activation with its parameters, of ``x`` or of the given argument."""
        try:
            function = self.known[name.text].expression(positional, keywords)
        except ValueError as problem:
            raise self.problem(str(problem), name.position) from None
        unfolded = _Part(function, _degree(function), _operations(function), name.position)
        if argument is None:
            closing = 1 if self.token.kind is Kind.END else 2
            if self.tokens[0] is name and self.index + closing == len(self.tokens):
                self.whole_call = (name.text, positional, keywords)
            return self.checked(function, unfolded.degree, unfolded.operations, name.position)
        degree = unfolded.degree * argument.degree
        operations = unfolded.operations * (1 + argument.operations)
        self.bounded(degree, operations, name.position)
        value = function.subs(x, argument.expression)
        return self.checked(value, degree, operations, name.position)

    def where(self, name: Token) -> _Part:
        left = self.expression()
        relation = self.accept("<", "<=", ">", ">=")
        if relation is None:
            if self.token.text in ("==", "!="):
                raise self.problem("conditions compare with < <= > >= only")
            raise self.unexpected("one of < <= > >=")
        right = self.expression()
        parts = [left, right]
        for _ in range(2):
            if self.accept(",") is None:
                raise self.problem("where takes three arguments: where(x > 0, a, b)")
            parts.append(self.expression())
        _, _, yes, no = parts
        difference = left.expression - right.expression
        if relation.text in ("<", "<="):
            difference = -difference
        return self.checked(
            _choose(difference, relation.text in (">=", "<="), yes.expression, no.expression),
            max(part.degree for part in parts),
            sum(part.operations for part in parts) + 3,
            name.position,
        )

    # bounds

    def constant(self, expression: Expr, position: int) -> float:
        """The value of a constant."""
        if expression.free_symbols:
            if expression.free_symbols <= set(self.parameters.values()):
                return 1.0
            raise self.problem("this must be a number", position)
        try:
            return scalar_function(expression)(0.0)
        except NotReal as problem:
            raise self.problem(f"this constant is not a real number: {problem}", position) from None

    def bounded(self, degree: int, operations: int, position: int) -> None:
        if degree > MAX_DEGREE:
            raise self.problem(f"a degree of {degree} is too high (at most {MAX_DEGREE})", position)
        if operations > MAX_OPERATIONS:
            raise self.problem(
                f"more than {MAX_OPERATIONS} operations once unfolded; simplify the expression",
                position,
            )

    def checked(self, expression: Expr, degree: int, operations: int, position: int) -> _Part:
        """The part, refused where it has grown too large or is not a real function."""
        self.bounded(degree, operations, position)
        if expression.has(zoo, oo, -oo, not_a_number):
            raise self.problem("this divides by zero or is not defined", position)
        if expression.is_Rational:
            bits = max(int(expression.p).bit_length(), int(expression.q).bit_length())
            if bits > MAX_BITS:
                raise self.problem("this constant is too large or too long", position)
        elif not expression.free_symbols:
            size = abs(self.constant(expression, position))
            if not size <= 2.0**MAX_BITS:
                raise self.problem("this constant is too large", position)
        return _Part(expression, degree, operations, position)


def _choose(difference: Expr, closed: bool, yes: Expr, no: Expr) -> Expr:
    """``yes`` where ``difference`` is positive (or zero, if ``closed``), else ``no``.

    A condition linear in x becomes a Piecewise with x on its left.  Any other is a Heaviside step
    of the difference; the two agree except where the difference vanishes.
    """
    if not difference.has(x):
        return yes if difference.is_positive or (closed and difference.is_zero) else no
    slope = difference.diff(x)
    if slope.is_Rational and (difference - slope * x).expand().is_number:
        threshold = -(difference - slope * x).expand() / slope
        condition: Relational
        if slope.is_positive:
            condition = x >= threshold if closed else x > threshold
        else:
            condition = x <= threshold if closed else x < threshold
        return Piecewise((yes, condition), (no, True))
    return yes * Heaviside(difference) + no * Heaviside(-difference)


def _degree(expression: Expr) -> int:
    """Degree of the polynomial part, as the parser counts it."""
    if expression == x:
        return 1
    if not expression.has(x):
        return 0
    if expression.is_Mul:
        return sum(_degree(factor) for factor in expression.args)
    if expression.is_Pow and expression.exp.is_number:
        return _degree(expression.base) * max(1, int(abs(expression.exp)))
    if expression.is_Add or isinstance(expression, (Max, Min)):
        return max(_degree(term) for term in expression.args)
    if isinstance(expression, Piecewise):
        return max(_degree(value) for value, _ in expression.args)
    return 1


def _operations(expression: Expr) -> int:
    """Number of operations in the tree."""
    return int(Integer(expression.count_ops()))
