"""SymPy expressions as typeset mathematics: one layout, written in several languages."""
