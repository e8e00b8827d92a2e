"""The numerical functions that emitted modules are made of; copied into them as source text.

Each file is ordinary, linted and tested Python that needs NumPy and Numba alone.  symntk reads
these files as text (`symntk.emission.excerpts`) and never imports them.
"""
