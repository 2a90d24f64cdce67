"""Sanity checks of many items' heatmaps: what is left when something it explains is random."""
