"""Gradient flow of an infinitely wide network on a text, through its explicit features."""

from symntk.dynamics.corpus import Corpus, read_corpus
from symntk.dynamics.evolution import flow
from symntk.dynamics.language import next_tokens
from symntk.dynamics.losses import LOSSES, Loss
from symntk.dynamics.trajectory import Flow

__all__ = ["LOSSES", "Corpus", "Flow", "Loss", "flow", "next_tokens", "read_corpus"]
