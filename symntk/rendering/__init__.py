"""Derivations in print: LaTeX, plain text, Markdown, HTML and JSON."""
