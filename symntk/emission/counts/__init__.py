"""Kernels of texts that are inner products of sparse features: counts, and sums of weights."""

from symntk.emission.counts.module import module_text, weighted_text
from symntk.emission.counts.plan import CountPlan, WeightedPlan, plan_kernel, plan_weighted

__all__ = [
    "CountPlan",
    "WeightedPlan",
    "module_text",
    "plan_kernel",
    "plan_weighted",
    "weighted_text",
]
