"""Comparing a stamp's impression with the registered ones: similar, different or not legible, with what and where."""

from hub.letters.compare.comparison import Comparison, Difference, Likeness
from hub.letters.compare.impressions import aligned_pictures, compare_impressions

__all__ = ["Comparison", "Difference", "Likeness", "aligned_pictures", "compare_impressions"]
