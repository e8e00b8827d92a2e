"""Walks along tokens, and says what is wrong where they do not fit."""

from __future__ import annotations

from symntk.activations.tokens import Kind, Token, tokenize
from symntk.errors import SyntaxProblem

MAX_NESTING = 24
"""Deepest nesting of brackets, signs and powers."""


class Reader:
    """The tokens of a text and a place among them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self.nesting = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.index]

    def problem(self, message: str, position: int | None = None) -> SyntaxProblem:
        """An error at a position, by default that of the next token."""
        where = self.token.position if position is None else position
        return SyntaxProblem(self.text, where, message)

    def accept(self, *operators: str) -> Token | None:
        """The next token, passed over, where it is one of the operators."""
        token = self.token
        if token.kind is Kind.OPERATOR and token.text in operators:
            self.index += 1
            return token
        return None

    def expect(self, operator: str, opened: Token) -> None:
        """Pass over an operator that closes what ``opened`` opened."""
        if self.accept(operator) is not None:
            return
        if self.token.kind is Kind.END:
            raise self.problem(f"the bracket is never closed: add '{operator}'", opened.position)
        raise self.unexpected(f"an operator or '{operator}'")

    def expect_end(self) -> None:
        """Refuse anything that is left."""
        if self.token.kind is not Kind.END:
            raise self.unexpected("an operator")

    def unexpected(self, wanted: str) -> SyntaxProblem:
        """The error that the next token is not what the grammar wants."""
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
        """One level deeper."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.problem(f"nested more than {MAX_NESTING} deep; simplify the expression")

    def leave(self) -> None:
        """One level back."""
        self.nesting -= 1
