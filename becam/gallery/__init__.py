"""Galleries: many items' heatmaps as pictures, figures and a page to look through."""
