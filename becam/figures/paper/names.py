"""Names of what a grid of heatmaps shows."""

from __future__ import annotations

# Kinds of columns: an item's picture, maps of recommenders alone and with adapters, and the
# signed differences of the two.
PANELS = ("picture", "before", "after", "difference")
# What stands under a map.
FIGURES = ("drift", "omission", "AUC", "spread", "content")
