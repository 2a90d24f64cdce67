"""Figures: arrays in, matplotlib figures out. No pyplot, no global state."""
