"""Unicode signs of mathematics and what LaTeX calls them; names of letters."""

from __future__ import annotations

GREEK: dict[str, str] = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "iota": "ι",
    "kappa": "κ",
    "lamda": "λ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Upsilon": "Υ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
"""The letters that a user may spell out in a name."""

LATEX: dict[str, str] = {
    **{letter: f"\\{name}" for name, letter in GREEK.items() if name != "lamda"},
    "ε": r"\varepsilon",
    "ℓ": r"\ell",
    "∂": r"\partial",
    "∞": r"\infty",
    "−": "-",
    "×": r"\times",
    "·": r"\cdot",
    "∘": r"\circ",
    "⊙": r"\odot",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "∼": r"\sim",
    "→": r"\to",
    "∈": r"\in",
    "∫": r"\int",
    "∑": r"\sum",
    "∏": r"\prod",
    "⊤": r"\top",
    "…": r"\dots",
    "⋯": r"\cdots",
    "′": "'",
    "‖": r"\|",
    "≔": ":=",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
}
"""What LaTeX calls a sign outside ASCII."""

OPERATORS = frozenset(
    {
        *("arccos", "arcsin", "arctan", "cos", "cosh", "exp", "lim", "log"),
        *("max", "min", "sin", "sinh", "tan", "tanh"),
    }
)
"""Functions that LaTeX has a command for."""

SPACED_OPERATORS = frozenset({"softmax", "Cov", "LN"})
"""Functions that LaTeX is told to set as one."""

SUPERSCRIPTS = dict(
    zip(
        "0123456789+−-()=abcdefghijklmnoprstuvwxyzℓABDEGHIJKLMNOPRTUVWβγδθφχ⊤′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾⁼ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻˡᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡᵀ′",
        strict=True,
    )
)
"""Raised forms of letters, for plain text."""

SUBSCRIPTS = dict(
    zip(
        "0123456789+−-()=aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
"""Lowered forms of letters, for plain text."""
