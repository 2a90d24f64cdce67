"""Names of what a grid of heatmaps shows."""

from __future__ import annotations

# Kinds of columns: an item's picture, maps of recommenders alone and with adapters, and the
# signed differences of the two.
PANELS = ("picture", "before", "after", "difference")
# What stands under a map, and what can stand there.
FIGURES = ("drift", "omission", "AUC", "spread", "content")
EVERY_FIGURE = ("drift", "omission", "AUC", "centre", "spread", "channels", "distance", "content")
