"""From the tree of a formula to the vector that it means, by the graph language itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from operator import mul, truediv
from typing import TypeVar

import sympy as sp

from symntk.activations import activation, parse_activation
from symntk.activations.families import FAMILIES
from symntk.activations.resolution import KNOWN
from symntk.activations.vocabulary import FUNCTIONS, SEVERAL
from symntk.errors import GraphError, SyntaxProblem, UsageError
from symntk.graph import (
    Bias,
    Node,
    Weight,
    add,
    concat,
    layer_norm,
    matmul,
    product,
    repeat,
    rms,
)
from symntk.importers.excerpt import excerpt
from symntk.importers.scope import Block, Located, Scope
from symntk.importers.syntax import parse
from symntk.importers.tree import (
    Call,
    Chain,
    Lambda,
    MatrixProduct,
    Name,
    Negative,
    Number,
    Part,
    Power,
    Tree,
)

OPERATIONS = ("concat", "layer_norm", "rms", "repeat")
"""Operations of the language that are written as a call."""

SCALARS = (*FUNCTIONS, *SEVERAL)
"""Functions of numbers, as in ``sqrt(2) * z``."""

MAX_DIGITS = 9
"""Longest number of repeated blocks."""

T = TypeVar("T")


def read_formula(text: str, scope: Scope) -> Node:
    """The vector that ``text`` means.

    Raises SyntaxProblem where the text is no formula or uses an unknown name, GraphError where the
    vectors do not fit together; both show the place.
    """
    text = " ".join(text.split())
    return _Formula(text, scope).vector(parse(text))


class _Formula:
    """One formula and what its names mean."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope

    # problems

    def problem(self, part: Part, message: str) -> SyntaxProblem:
        return SyntaxProblem(self.text, part.start, message)

    def at(self, part: Part, build: Callable[..., T], *arguments: object, **options: object) -> T:
        """``build(...)``, its errors told where they happened."""
        try:
            return build(*arguments, **options)
        except Located:
            raise
        except GraphError as error:
            text, position = excerpt(self.text, part.start)
            raise Located(f"{error}\n    {text}\n    {' ' * position}^") from error
        except UsageError as error:
            raise self.problem(part, str(error)) from error

    def read(self, read: Callable[[str], T], start: Part, end: Part) -> T:
        """The text from one part to another, read by another grammar."""
        try:
            return read(self.text[start.start : end.end])
        except SyntaxProblem as error:
            position = start.start + error.position
            raise SyntaxProblem(self.text, position, error.problem) from error
        except UsageError as error:
            raise self.problem(start, str(error)) from error

    # numbers

    def is_number(self, tree: Tree) -> bool:
        """Whether the part is made of numbers alone."""
        match tree:
            case Number():
                return True
            case Name(text=name):
                return name == "pi" and name not in self.scope
            case Negative(operand=operand):
                return self.is_number(operand)
            case Chain():
                return all(map(self.is_number, tree.parts))
            case Power(base=base, exponent=exponent):
                return self.is_number(base) and self.is_number(exponent)
            case Call(function=Name(text=name), arguments=arguments, keywords=()):
                return name in SCALARS and all(map(self.is_number, arguments))
            case _:
                return False

    def number(self, start: Part, end: Part) -> sp.Expr:
        """The number that stands from one part to another, exactly."""
        return self.read(parse_activation, start, end)

    # vectors

    def vector(self, tree: Tree) -> Node:
        """The vector that a part means."""
        if self.is_number(tree):
            raise self.problem(tree, "this is a number, and a vector is needed here")
        match tree:
            case Name():
                return self.named(tree)
            case Negative(operand=operand):
                return -self.vector(operand)
            case Chain(is_sum=True):
                return self.sum(tree)
            case Chain():
                return self.product(tree)
            case MatrixProduct(left=left, right=right):
                return self.at(tree, matmul, self.weight(left), self.vector(right))
            case Power():
                raise self.problem(tree, "a vector has no powers: write z * z, or monomial(2)(z)")
            case Call():
                return self.call(tree)
            case _:
                raise self.problem(tree, "this is no vector")

    def named(self, tree: Name) -> Node:
        value = self.value(tree)
        if isinstance(value, Weight):
            raise self.problem(tree, f"{tree.text} is a weight: write {tree.text} @ h")
        return add((value, 1)) if isinstance(value, Bias) else value

    def weight(self, tree: Tree) -> Weight:
        """What stands on the left of ``@``."""
        value = self.value(tree) if isinstance(tree, Name) else None
        if not isinstance(value, Weight):
            raise self.problem(tree, "only a weight can stand on the left of @")
        return value

    def value(self, tree: Name) -> Node | Weight | Bias:
        name, values = tree.text, self.scope.values
        if name not in values:
            if name in self.scope.functions or name in KNOWN or name in OPERATIONS:
                raise self.problem(tree, f"{name} is a function: write {name}(z)")
            raise self.problem(
                tree,
                f"unknown name '{name}'{_closest(name, values)}; a name is declared under inputs, "
                "weights or biases, or stands on an earlier line",
            )
        self.scope.used.add(name)
        return values[name]

    def sum(self, tree: Chain) -> Node:
        terms = []
        for sign, term in (("+", tree.first), *tree.rest):
            if self.is_number(term):
                raise self.problem(
                    term, "a number cannot be added to a vector; use a bias, or an activation"
                )
            terms.append((self.vector(term), 1 if sign == "+" else -1))
        return self.at(tree, add, *terms)

    def product(self, tree: Chain) -> Node:
        leading = 0
        while self.is_number(tree.parts[leading]):
            leading += 1
        value = self.vector(tree.parts[leading])
        steps = tree.rest[leading:]
        if leading:
            operator, divisor = tree.rest[leading - 1]
            if operator == "/":
                raise self.problem(divisor, "only a number can divide")
            factor = self.number(tree.first, tree.parts[leading - 1])
            value = self.at(tree, add, (value, factor))
        for operator, part in steps:
            if self.is_number(part):
                scale = truediv if operator == "/" else mul
                value = self.at(part, scale, value, self.number(part, part))
            elif operator == "/":
                raise self.problem(part, "only a number can divide")
            else:
                value = self.at(tree, product, value, self.vector(part))
        return value

    # calls

    def call(self, tree: Call) -> Node:
        function, arguments, keywords = tree.function, tree.arguments, tree.keywords
        if isinstance(function, Call):
            return self.apply_configured(tree, function)
        if not isinstance(function, Name):
            raise self.problem(function, "this is no function")
        name = function.text
        if name == "repeat":
            return self.repeat(tree)
        if name in self.scope.functions:
            self.scope.used.add(name)
            self.no_keywords(tree, name)
            return self.at(tree, self.scope.functions[name], *map(self.vector, arguments))
        if name == "layer_norm":
            options = self.settings(keywords, ("eps",))
            return self.at(tree, layer_norm, self.only(tree, name), **options)
        if name in OPERATIONS:
            self.no_keywords(tree, name)
            if name == "rms":
                return self.at(tree, rms, self.only(tree, name))
            return self.at(tree, concat, *map(self.vector, arguments))
        if name in self.scope.values:
            times = "@" if isinstance(self.scope.values[name], Weight) else "*"
            raise self.problem(tree, f"{name} is no function: write {name} {times} (...)")
        self.require_known(function)
        if name in FAMILIES:
            usage = FAMILIES[name].usage
            raise self.problem(tree, f"{name} needs its parameters first: write {usage}(z)")
        found = self.read(activation, function, function)
        if keywords:
            found = self.at(keywords[0][0], found.configure, **self.settings(keywords, None))
        return self.at(tree, found, self.only(tree, name))

    def require_known(self, function: Name) -> None:
        """Refuse a name that is no activation."""
        name = function.text
        if name in SEVERAL:
            raise self.problem(
                function, f"define a function with {name} under activations, such as {name}(0, x)"
            )
        if name not in KNOWN and name not in FUNCTIONS:
            names = (*self.scope.functions, *KNOWN, *SCALARS, *OPERATIONS)
            raise self.problem(
                function,
                f"unknown function '{name}'{_closest(name, names)}; define your own under "
                "activations",
            )

    def apply_configured(self, tree: Call, function: Call) -> Node:
        """``leaky_relu(slope=1/5)(z)``, ``hermite(3)(z)``"""
        if not isinstance(function.function, Name):
            raise self.problem(function, "this is no function")
        for part in (*function.arguments, *(value for _, value in function.keywords)):
            if not self.is_number(part):
                raise self.problem(part, "the parameters of an activation are numbers")
        self.require_known(function.function)
        if function.function.text not in KNOWN:
            raise self.problem(function, "this is a number, and a function is needed here")
        found = self.read(activation, function, function)
        self.no_keywords(tree, found.spec)
        return self.at(tree, found, self.only(tree, found.spec))

    def only(self, tree: Call, name: str) -> Node:
        """The single vector among the arguments."""
        if len(tree.arguments) != 1:
            raise self.problem(tree, f"{name} takes one vector, not {len(tree.arguments)}")
        return self.vector(tree.arguments[0])

    def no_keywords(self, tree: Call, name: str) -> None:
        for keyword, _ in tree.keywords:
            raise self.problem(keyword, f"{name} has no setting '{keyword.text}' here")

    def settings(
        self, keywords: Iterable[tuple[Name, Tree]], known: tuple[str, ...] | None
    ) -> dict[str, sp.Expr]:
        """Numbers given by name; any name where ``known`` is None."""
        found = {}
        for keyword, part in keywords:
            if known is not None and keyword.text not in known:
                raise self.problem(
                    keyword, f"unknown setting '{keyword.text}': there is {', '.join(known)}"
                )
            if not self.is_number(part):
                raise self.problem(part, f"{keyword.text} must be a number")
            found[keyword.text] = self.number(part, part)
        return found

    # repeated blocks

    def repeat(self, tree: Call) -> Node:
        keywords = {keyword.text: part for keyword, part in tree.keywords}
        if len(tree.arguments) != 2 or set(keywords) != {"times"}:
            raise self.problem(tree, "write repeat(lambda h: ..., z, times=L)")
        block, start = tree.arguments
        times = self.count(keywords["times"])
        return self.at(tree, repeat, self.block(block), self.vector(start), times)

    def block(self, tree: Tree) -> Block:
        match tree:
            case Lambda(argument=argument, body=body):
                return lambda h: self.within(argument.text, h).vector(body)
            case Name(text=name) if name in self.scope.blocks:
                self.scope.used.add(name)
                return self.scope.blocks[name]
            case _:
                raise self.problem(
                    tree, "what is repeated is lambda h: ..., or the name of a block above"
                )

    def within(self, name: str, value: Node) -> _Formula:
        return _Formula(self.text, self.scope.with_value(name, value))

    def count(self, tree: Tree) -> sp.Expr:
        """A number of blocks: whole numbers and letters, added, subtracted and multiplied."""
        match tree:
            case Number() if (digits := self.text[tree.start : tree.end]).isdecimal():
                if len(digits) > MAX_DIGITS:
                    raise self.problem(tree, f"at most {MAX_DIGITS} digits")
                return sp.Integer(int(digits))
            case Name(text=name):
                return sp.Symbol(name, integer=True, positive=True)
            case Negative(operand=operand):
                return -self.count(operand)
            case Chain(first=first, rest=rest) if all(sign != "/" for sign, _ in rest):
                value = self.count(first)
                for sign, part in rest:
                    other = self.count(part)
                    value = value * other if sign == "*" else value + int(f"{sign}1") * other
                return value
            case _:
                raise self.problem(
                    tree, "the number of blocks is a whole number or a letter, such as L - 1"
                )


def _closest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f": did you mean {' or '.join(close)}?" if close else ""
