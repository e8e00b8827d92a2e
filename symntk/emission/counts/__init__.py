"""Kernels of texts that are inner products of counts of tokens and n-grams."""

from symntk.emission.counts.module import module_text
from symntk.emission.counts.plan import CountPlan, plan_kernel

__all__ = ["CountPlan", "module_text", "plan_kernel"]
