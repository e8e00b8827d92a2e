"""Figures of label scores: over time, by term, and the largest; .png, .svg or .pdf."""

from symntk.dynamics.plots.canvas import FORMATS
from symntk.dynamics.plots.contributions import bias_share, terms
from symntk.dynamics.plots.label_scores import trajectories
from symntk.dynamics.plots.strongest import top

__all__ = ["FORMATS", "bias_share", "terms", "top", "trajectories"]
