"""Measuring heatmaps: items, methods and metrics, before and after an adapter."""
