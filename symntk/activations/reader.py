"""The alphabet of the activation syntax, and how a reader of it gives advice."""

from __future__ import annotations

from symntk.reader import Kind, Language, Reader, Token

_ADVICE = {
    "^": "'^' is not a power here: write x**2 for the square of x",
    "[": "square brackets are not used: write round ones, (...)",
    "{": "braces are not used: write round brackets, (...)",
    "|": "write abs(x) for the absolute value",
    "&": "combine conditions by nesting: where(x > 0, where(x < 1, a, b), c)",
    "!": "there is no factorial or negation: write the number, or swap the values of where()",
    "%": "there is no remainder or percent sign: write the number itself",
    "\u2212": "this is a typographic minus sign: write '-'",
    "\u00d7": "write '*' for a product",
    "\u00b7": "write '*' for a product",
    "\u03c0": "write pi",
    "\u03a6": "write Phi(x) for the normal CDF",
}

ACTIVATION_SYNTAX = Language(
    text="expression",
    place="an activation",
    names=r"[A-Za-z_][A-Za-z_0-9]*",
    operators=r"\*\*|<=|>=|==|!=|[-+*/()<>=,]",
    advice=_ADVICE,
    max_length=2000,
    max_nesting=24,
    simpler="simplify the expression",
)


class ActivationReader(Reader):
    """A place in the text of an activation."""

    language = ACTIVATION_SYNTAX

    def advice(self, token: Token, before: Token | None) -> str:
        """What to write instead of a token that does not fit behind the one before."""
        if token.text == "=":
            return "'=' only names a parameter, as in elu(alpha=2)"
        if token.text in ("<", "<=", ">", ">=", "==", "!="):
            return "a comparison belongs in where(condition, a, b), and is one of < <= > >="
        if before is not None and before.kind is not Kind.OPERATOR:
            return f"write a product with '*', as in {before.text}*{token.text}"
        if before is not None and before.text == ")":
            return f"write a product with '*', as in (...)*{token.text}"
        return ""
