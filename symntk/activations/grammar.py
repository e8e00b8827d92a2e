"""Recursive descent: a method for each line of the grammar that ``syntax`` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from sympy import Add, Expr, Mul, Pow, Rational, Symbol, exp, log, pi

from symntk.activations.parts import (
    MAX_BITS,
    MAX_DEGREE,
    MAX_VALUES,
    Part,
    choose,
    defect,
    degree_of,
    excess,
    operations_of,
)
from symntk.activations.reader import ActivationReader
from symntk.activations.vocabulary import FUNCTIONS, SEVERAL, Known
from symntk.gaussian.evaluation import NotReal, scalar_function
from symntk.gaussian.symbols import x
from symntk.reader import Kind, Token


class Parser(ActivationReader):
    """One pass over the tokens; a method per line of the grammar."""

    def __init__(
        self, text: str, known: Mapping[str, Known], parameters: Mapping[str, Symbol]
    ) -> None:
        super().__init__(text)
        self.known = known
        self.parameters = parameters
        self.whole_call: tuple[str, tuple[Expr, ...], Mapping[str, Expr]] | None = None

    # the grammar

    def expression(self) -> Part:
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

    def term(self) -> Part:
        """One product of all factors and signs, so that SymPy distributes nothing on the way."""
        first, negative = self.signed()
        factors = [first]
        values = [first.expression]
        while (operator := self.accept("*", "/")) is not None:
            factor, minus = self.signed()
            negative ^= minus
            factors.append(factor)
            if operator.text == "/":
                if factor.expression.is_zero:
                    raise self.problem("division by zero", operator.start)
                values.append(Pow(factor.expression, -1))
            else:
                values.append(factor.expression)
        if len(factors) == 1 and not negative:
            return first
        return self.checked(
            Mul(*([-1] if negative else []), *values),
            sum(factor.degree for factor in factors),
            sum(factor.operations for factor in factors) + len(factors),
            first.position,
        )

    def signed(self) -> tuple[Part, bool]:
        """A power and whether the signs before it make it negative."""
        negative = False
        while (operator := self.accept("-", "+")) is not None:
            negative ^= operator.text == "-"
        return self.power(), negative

    def factor(self) -> Part:
        """A power with its signs, as an exponent is."""
        part, negative = self.signed()
        return replace(part, expression=-part.expression) if negative else part

    def power(self) -> Part:
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
            raise self.problem("division by zero", operator.start)
        return self.checked(
            Pow(base.expression, exponent.expression),
            base.degree * max(1, -int(-size // 1)),
            operations,
            base.position,
        )

    def atom(self) -> Part:
        token = self.token
        if token.kind is Kind.NUMBER:
            self.index += 1
            return Part(self.number(token), 0, 0, token.start)
        if token.kind is Kind.NAME:
            self.index += 1
            return self.name(token)
        opened = self.accept("(")
        if opened is None:
            raise self.unexpected("a number, x, a function or '('")
        self.enter()
        inside = self.expression()
        self.leave()
        self.expect(")", opened, "an operator or ')'")
        return replace(inside, position=opened.start)

    def number(self, token: Token) -> Rational:
        mantissa, _, exponent = token.text.lower().partition("e")
        too_long = len(mantissa) > 100 or len(exponent.lstrip("+-0")) > 3
        if too_long or abs(int(exponent or "0")) > 100:
            raise self.problem("this number is too long or too large", token.start)
        return Rational(token.text)

    def name(self, token: Token) -> Part:
        if self.token.text == "(" and self.token.kind is Kind.OPERATOR:
            if token.text == "x" or token.text == "pi":
                raise self.problem(f"write a product with '*': {token.text}*(...)", token.start)
            return self.call(token)
        if token.text == "x":
            return Part(x, 1, 0, token.start)
        if token.text == "pi":
            return Part(pi, 0, 0, token.start)
        if token.text in self.parameters:
            return Part(self.parameters[token.text], 0, 0, token.start)
        alone = len(self.tokens) == 2
        if alone and token.text in self.known:
            return self.apply(token, (), {}, None)
        if alone and token.text in FUNCTIONS:
            return self.function(token, [Part(x, 1, 0, token.start)])
        if token.text in self.known or token.text in FUNCTIONS or token.text in SEVERAL:
            raise self.problem(f"{token.text} is a function: write {token.text}(x)", token.start)
        raise self.problem(self.unknown(token.text), token.start)

    def unknown(self, name: str) -> str:
        if len(name) == 1:
            return f"unknown name '{name}': the variable of an activation is called x"
        choices = list(dict.fromkeys([*FUNCTIONS, *SEVERAL, "where", "pi", *self.known]))
        close = get_close_matches(name, choices, n=3, cutoff=0.5)
        if close:
            return f"unknown name '{name}': did you mean {' or '.join(close)}?"
        return f"unknown name '{name}': there are {', '.join(choices)}"

    def call(self, name: Token) -> Part:
        opened = self.accept("(")
        assert opened is not None
        self.enter()
        if name.text == "where":
            part = self.where(name)
        else:
            positional, keywords = self.arguments()
            part = self.called(name, positional, keywords)
        self.leave()
        self.expect(")", opened, "an operator or ')'")
        return part

    def arguments(self) -> tuple[list[Part], dict[str, tuple[Token, Part]]]:
        positional: list[Part] = []
        keywords: dict[str, tuple[Token, Part]] = {}
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
        positional: list[Part],
        keywords: dict[str, tuple[Token, Part]],
    ) -> Part:
        if name.text in self.known and (name.text not in FUNCTIONS or keywords):
            values = {}
            for key, (token, part) in keywords.items():
                if key not in self.known[name.text].parameter_names:
                    have = ", ".join(self.known[name.text].parameter_names) or "none"
                    raise self.problem(
                        f"{name.text} has no parameter '{key}' (its parameters: {have})",
                        token.start,
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
            raise self.problem(f"{name.text} takes no named parameters", token.start)
        if name.text in FUNCTIONS:
            return self.function(name, positional)
        if name.text in SEVERAL:
            if len(positional) < 2:
                raise self.problem(
                    f"{name.text} compares at least two values: {name.text}(0, x)", name.start
                )
            if sum(_values(name.text, part.expression) for part in positional) > MAX_VALUES:
                raise self.problem(f"{name.text} compares at most {MAX_VALUES} values", name.start)
            return self.checked(
                SEVERAL[name.text](*(part.expression for part in positional)),
                max(part.degree for part in positional),
                sum(part.operations for part in positional) + len(positional),
                name.start,
            )
        raise self.problem(self.unknown(name.text), name.start)

    def function(self, name: Token, arguments: list[Part]) -> Part:
        if len(arguments) != 1:
            raise self.problem(f"{name.text} takes one argument: {name.text}(x)", name.start)
        (part,) = arguments
        return self.checked(
            FUNCTIONS[name.text](part.expression),
            1 if part.degree else 0,
            part.operations + 1,
            name.start,
        )

    def apply(
        self,
        name: Token,
        positional: tuple[Expr, ...],
        keywords: Mapping[str, Expr],
        argument: Part | None,
    ) -> Part:
        """A known activation with its parameters, of ``x`` or of the given argument."""
        try:
            function = self.known[name.text].expression(positional, keywords)
        except ValueError as problem:
            raise self.problem(str(problem), name.start) from None
        unfolded = Part(function, degree_of(function), operations_of(function), name.start)
        if argument is None:
            closing = 1 if self.token.kind is Kind.END else 2
            if self.tokens[0] is name and self.index + closing == len(self.tokens):
                self.whole_call = (name.text, positional, keywords)
            return self.checked(function, unfolded.degree, unfolded.operations, name.start)
        degree = unfolded.degree * argument.degree
        operations = unfolded.operations * (1 + argument.operations)
        self.bounded(degree, operations, name.start)
        value = function.subs(x, argument.expression)
        return self.checked(value, degree, operations, name.start)

    def where(self, name: Token) -> Part:
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
            choose(difference, relation.text in (">=", "<="), yes.expression, no.expression),
            max(part.degree for part in parts),
            sum(part.operations for part in parts) + 3,
            name.start,
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
        problem = excess(degree, operations)
        if problem:
            raise self.problem(problem, position)

    def checked(self, expression: Expr, degree: int, operations: int, position: int) -> Part:
        """The part, refused where it has grown too large or is not a real function."""
        self.bounded(degree, operations, position)
        problem = defect(expression)
        if problem:
            raise self.problem(problem, position)
        if not expression.free_symbols and not expression.is_Rational:
            size = abs(self.constant(expression, position))
            if not size <= 2.0**MAX_BITS:
                raise self.problem("this constant is too large", position)
        return Part(expression, degree, operations, position)


def _values(name: str, expression: Expr) -> int:
    """How many values ``expression`` adds to a min or max, which absorbs those inside it."""
    return len(expression.args) if isinstance(expression, SEVERAL[name]) else 1
