"""Gaussian expectations by rules: normal form, one file per rule, and what they derive."""
