"""Galleries: many heatmaps, figures and tables, each described by a spec (TOML)."""
