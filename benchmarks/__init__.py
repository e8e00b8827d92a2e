"""Timings, printed by ``python -m benchmarks``."""
