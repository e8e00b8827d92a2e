"""The alphabet of the formulas in a model file, and how a reader of it gives advice."""

from __future__ import annotations

from symntk.reader import Kind, Language, Reader, Token

_ADVICE = {
    "^": "write z * z for a square of the coordinates, 2**3 for a power of numbers",
    '"': "this text is never closed",
    "'": "this text is never closed",
    "{": "write round brackets, (...)",
    "|": "write abs(z) for the absolute value",
    "\u2212": "this is a typographic minus sign: write '-'",
    "\u00b7": "write '*' for a product",
    "\u2299": "write '*' for a product",
    "\u2218": "write '*' for a product, relu(tanh(z)) for a composition",
}

FORMULAS = Language(
    text="formula",
    place="a formula",
    names=r"[^\W\d]\w*",
    operators=r"\*\*|[-+*/@(),=:.\[\]]",
    advice=_ADVICE,
    max_length=20_000,
    max_nesting=40,
    simpler="give parts of it lines of their own",
    texts=r"\"[^\"']*\"|'[^\"']*'",
)


class FormulaReader(Reader):
    """A place in the text of a formula."""

    language = FORMULAS

    def advice(self, token: Token, before: Token | None) -> str:
        """What to write instead of a token that does not fit behind the one before."""
        if token.text == "=":
            return "'=' only names a setting, as in layer_norm(h, eps=1e-6)"
        if token.text == ":":
            return "':' only follows the arguments of a lambda"
        if token.text == "[":
            return "only weights have an index, W[0] or M[x], and the views h.taps(3)[0]"
        if before is not None and token.kind in (Kind.NAME, Kind.NUMBER):
            return "write W @ h for a matrix product and u * v for an elementwise one"
        return ""
