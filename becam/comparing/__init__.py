"""Heatmaps side by side: items, models, encoders, layers, fills and weightings."""
