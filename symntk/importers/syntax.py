r"""The grammar of formulas: text to a tree.  Nothing is evaluated.

    sum       := product (("+" | "-") product)*
    product   := sign (("*" | "/") sign)*
    sign      := ("-" | "+") sign | matrix
    matrix    := power ["@" sign]
    power     := call ["**" sign]
    call      := atom ("(" [argument ("," argument)*] ")" | "[" sum "]" | "." name)*
    argument  := name "=" sum | "lambda" name ("," name)* ":" sum | sum
    atom      := number | name | text | "(" sum ("," sum)* ")"

Whatever is valid Python in the graph language means here what it means there; besides, ``@`` binds
more tightly than ``*`` and from the right, so that ``2 * W @ V @ x`` is 2 (W (V x)).
"""

from __future__ import annotations

from dataclasses import replace

from symntk.importers.alphabet import FormulaReader
from symntk.importers.tree import (
    Attribute,
    Call,
    Chain,
    Index,
    Lambda,
    MatrixProduct,
    Name,
    Negative,
    Number,
    Power,
    Several,
    Text,
    Tree,
)
from symntk.reader import Kind


def parse(text: str) -> Tree:
    """The tree of a formula; SyntaxProblem, which points at a character, where it is none."""
    parser = _Parser(text)
    tree = parser.sum()
    parser.expect_end()
    return tree


class _Parser(FormulaReader):
    """Recursive descent: a method for each line of the grammar."""

    def sum(self) -> Tree:
        self.enter()
        first, rest = self.product(), []
        while (operator := self.accept("+", "-")) is not None:
            rest.append((operator.text, self.product()))
        self.leave()
        return Chain(first.start, self.end, first, tuple(rest)) if rest else first

    def product(self) -> Tree:
        first, rest = self.sign(), []
        while (operator := self.accept("*", "/")) is not None:
            rest.append((operator.text, self.sign()))
        return Chain(first.start, self.end, first, tuple(rest)) if rest else first

    def sign(self) -> Tree:
        operator = self.accept("-", "+")
        if operator is None:
            return self.matrix()
        self.enter()
        operand = self.sign()
        self.leave()
        if operator.text == "+":
            return replace(operand, start=operator.start)
        return Negative(operator.start, operand.end, operand)

    def matrix(self) -> Tree:
        left = self.power()
        if self.accept("@") is None:
            return left
        self.enter()
        right = self.sign()
        self.leave()
        return MatrixProduct(left.start, right.end, left, right)

    def power(self) -> Tree:
        base = self.call()
        if self.accept("**") is None:
            return base
        self.enter()
        exponent = self.sign()
        self.leave()
        return Power(base.start, exponent.end, base, exponent)

    def call(self) -> Tree:
        tree = self.atom()
        while (opened := self.accept("(", "[", ".")) is not None:
            match opened.text:
                case "(":
                    arguments, keywords = self.arguments()
                    self.expect(")", opened, "an operator, ',' or ')'")
                    tree = Call(tree.start, self.end, tree, arguments, keywords)
                case "[":
                    index = self.sum()
                    self.expect("]", opened, "an operator or ']'")
                    tree = Index(tree.start, self.end, tree, index)
                case _:
                    if self.token.kind is not Kind.NAME:
                        raise self.unexpected("what to do with the sequence, as in h.sum()")
                    tree = Attribute(tree.start, self.token.end, tree, self.name())
        return tree

    def arguments(self) -> tuple[tuple[Tree, ...], tuple[tuple[Name, Tree], ...]]:
        arguments: list[Tree] = []
        keywords: list[tuple[Name, Tree]] = []
        if self.token.text == ")":
            return (), ()
        while True:
            following = self.tokens[min(self.index + 1, len(self.tokens) - 1)]
            if self.token.kind is Kind.NAME and following.text == "=":
                keyword = self.name()
                self.accept("=")
                if any(known.text == keyword.text for known, _ in keywords):
                    raise self.problem(f"'{keyword.text}' is given twice", keyword.start)
                keywords.append((keyword, self.sum()))
            elif keywords:
                raise self.problem("an argument without a name cannot follow a named one")
            elif self.token.kind is Kind.NAME and self.token.text == "lambda":
                arguments.append(self.function())
            else:
                arguments.append(self.sum())
            if self.accept(",") is None:
                return tuple(arguments), tuple(keywords)

    def function(self) -> Lambda:
        start = self.token.start
        self.index += 1
        arguments = [self.argument()]
        while self.accept(",") is not None:
            arguments.append(self.argument())
        if self.accept(":") is None:
            raise self.unexpected("':'")
        body = self.sum()
        return Lambda(start, body.end, tuple(arguments), body)

    def argument(self) -> Name:
        if self.token.kind is not Kind.NAME:
            raise self.unexpected("the name of the block's argument")
        return self.name()

    def name(self) -> Name:
        token = self.token
        self.index += 1
        return Name(token.start, token.end, token.text)

    def atom(self) -> Tree:
        token = self.token
        if token.kind is Kind.NUMBER:
            self.index += 1
            return Number(token.start, token.end)
        if token.kind is Kind.TEXT:
            self.index += 1
            return Text(token.start, token.end, token.text[1:-1])
        if token.text == "lambda":
            raise self.problem(
                "a lambda stands in repeat(lambda h: ..., z, times=L) and scan(lambda h: ...) only"
            )
        if token.kind is Kind.NAME:
            return self.name()
        opened = self.accept("(")
        if opened is None:
            raise self.unexpected("a vector, a number or '('")
        inside = [self.sum()]
        while self.accept(",") is not None:
            inside.append(self.sum())
        self.expect(")", opened, "an operator, ',' or ')'")
        if len(inside) > 1:
            return Several(opened.start, self.end, tuple(inside))
        return replace(inside[0], start=opened.start, end=self.end)
