"""Formulas of model files: the graph language as text, read by a grammar, never evaluated.

    formula := term (("+" | "-") term)*
    term    := factor (("@" | "*" | "/") factor)*
    factor  := "-" factor | atom
    atom    := number | name | head "(" argument ("," argument)* ")" | "(" formula ")"
    argument := formula | name "=" formula
    head    := name | name "(" parameters ")"          such as relu, or leaky_relu(slope=1/5)

A name stands for what the file declares under it.  A head is an operation of the language
(``concat``, ``layer_norm``, ``rms``) or an activation.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

import sympy as sp

from symntk.errors import SyntaxProblem
from symntk.graph import Bias, Node, Weight, add, concat, layer_norm, matmul, product, rms
from symntk.graph.weights import number

Value: TypeAlias = Node | Bias | Weight | sp.Expr
Function: TypeAlias = Callable[..., Node]

OPERATIONS: Mapping[str, Function] = {"concat": concat, "layer_norm": layer_norm, "rms": rms}
"""Operations that are written as a call."""

MAX_NESTING = 50
"""Deepest nesting of brackets and signs."""

MAX_DIGITS = 40
"""Longest whole number."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<operator>[-+*/@(),=]))"
)


def read_formula(
    text: str, scope: Mapping[str, Value], function: Callable[[str], Function]
) -> Value:
    """What ``text`` stands for: a vector, a parameter or a number.

    scope: what each name means; function: what a head means that is no operation.

    Raises SyntaxProblem, which points at a place in ``text``.
    """
    parser = _Parser(text, scope, function)
    value = parser.formula()
    if parser.kind != "end":
        raise parser.problem(f"expected an operator, found {parser.token!r}")
    return value


class _Parser:
    """Reads one formula from left to right; a method per line of the grammar."""

    def __init__(
        self, text: str, scope: Mapping[str, Value], function: Callable[[str], Function]
    ) -> None:
        self.text = text
        self.scope = scope
        self.function = function
        self.nesting = 0
        self.move(0)

    # reading tokens: ``token``, of this ``kind``, is text[start:end]

    def move(self, position: int) -> None:
        """Make the first token after ``position`` the current one."""
        match = _TOKEN.match(self.text, position)
        if match is not None:
            self.kind = match.lastgroup or ""
            self.token = match.group(self.kind)
            self.start, self.end = match.span(self.kind)
            return
        rest = self.text[position:].lstrip()
        self.kind, self.token, self.start = "end", "the end", len(self.text) - len(rest)
        if rest:
            raise self.problem(f"unexpected character {rest[0]!r}")

    def problem(self, what: str, position: int | None = None) -> SyntaxProblem:
        return SyntaxProblem(self.text, self.start if position is None else position, what)

    def accept(self, *operators: str) -> str:
        """The current token, and past it, where it is one of ``operators``; else nothing."""
        if self.kind != "operator" or self.token not in operators:
            return ""
        token = self.token
        self.move(self.end)
        return token

    def expect(self, operator: str) -> None:
        if not self.accept(operator):
            raise self.problem(f"expected {operator!r}, found {self.token!r}")

    # the grammar

    def formula(self) -> Value:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.problem("too deeply nested: give a part an equation of its own")
        value = self.term()
        while True:
            position = self.start
            operator = self.accept("+", "-")
            if not operator:
                self.nesting -= 1
                return value
            value = self.combine(operator, value, self.term(), position)

    def term(self) -> Value:
        value = self.factor()
        while True:
            position = self.start
            operator = self.accept("@", "*", "/")
            if not operator:
                return value
            value = self.combine(operator, value, self.factor(), position)

    def factor(self) -> Value:
        position, signs = self.start, 0
        while self.accept("-"):
            signs += 1
        value = self.atom()
        return self.combine("*", sp.S.NegativeOne, value, position) if signs % 2 else value

    def atom(self) -> Value:
        position, token, kind = self.start, self.token, self.kind
        if self.accept("("):
            value = self.formula()
            self.expect(")")
            return value
        if kind == "number":
            self.move(self.end)
            return self.number(token, position)
        if kind != "name":
            raise self.problem(f"expected a name or a number, found {token!r}")
        self.move(self.end)
        if self.kind == "operator" and self.token == "(":
            return self.call(position)
        if token not in self.scope:
            known = ", ".join(self.scope) or "nothing"
            raise self.problem(f"{token!r} is not declared; declared are {known}", position)
        return self.scope[token]

    def number(self, token: str, position: int) -> sp.Expr:
        if not token.isdecimal():
            return number(float(token), token)
        if len(token) > MAX_DIGITS:
            raise self.problem(f"a number of more than {MAX_DIGITS} digits", position)
        return sp.Integer(token)

    def call(self, position: int) -> Node:
        head = self.head(position)
        arguments: list[Node] = []
        options: dict[str, Value] = {}
        self.expect("(")
        while not self.accept(")"):
            if (arguments or options) and not self.accept(","):
                raise self.problem(f"expected ',' or ')', found {self.token!r}")
            name = self.option()
            value = self.formula()
            if name:
                options[name] = value
            elif isinstance(value, Node):
                arguments.append(value)
            else:
                raise self.problem(f"{head} takes vectors, not {_kind(value)}", position)
        function = OPERATIONS.get(head) or self.function(head)
        try:
            inspect.signature(function).bind(*arguments, **options)
        except TypeError as error:
            raise self.problem(f"{head}: {error}", position) from None
        return function(*arguments, **options)

    def head(self, position: int) -> str:
        """The text of a call before its arguments; the current token is its first bracket."""
        depth = 0
        for place in range(self.start, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[place], 0)
            if depth == 0:
                if self.text[place + 1 :].lstrip().startswith("("):
                    self.move(place + 1)
                    return self.text[position : place + 1]
                break
        return self.text[position : self.start].strip()

    def option(self) -> str:
        """The name before ``=``, and past both; nothing where there is none."""
        name = self.token
        if self.kind != "name" or not self.text[self.end :].lstrip().startswith("="):
            return ""
        self.move(self.end)
        self.expect("=")
        return name

    def combine(self, operator: str, left: Value, right: Value, position: int) -> Value:
        """``left operator right``, where the graph language has it."""
        match operator, left, right:
            case "@", Weight(), Node():
                return matmul(left, right)
            case "+" | "-", Node() | Bias(), Node() | Bias():
                return add((left, 1), (right, 1 if operator == "+" else -1))
            case "*", Node(), Node():
                return product(left, right)
            case "*", sp.Expr(), Node() | Bias():
                return add((right, left))
            case "*", Node() | Bias(), sp.Expr():
                return add((left, right))
            case "/", Node() | Bias(), sp.Expr() if right != 0:
                return add((left, 1 / right))
            case "+", sp.Expr(), sp.Expr():
                return left + right
            case "-", sp.Expr(), sp.Expr():
                return left - right
            case "*", sp.Expr(), sp.Expr():
                return left * right
            case "/", sp.Expr(), sp.Expr() if right != 0:
                return left / right
        raise self.problem(f"{_kind(left)} {operator} {_kind(right)} means nothing here", position)


def _kind(value: Value) -> str:
    match value:
        case Node():
            return "a vector"
        case Bias():
            return f"the bias {value.name}"
        case Weight():
            return f"the weight {value.name}"
        case _:
            return f"the number {value}"
