"""Galleries of items: heatmaps of many pictures by many recommenders and encoders."""
