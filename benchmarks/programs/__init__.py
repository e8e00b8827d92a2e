"""The contenders, a module for each program.

A function makes, from options that describe a network, a callable that takes samples and returns
the matrix of the NTK of all pairs.  Functions of one name stand for one network in all modules:
its graph is in ``benchmarks.programs.symntk``.
"""
