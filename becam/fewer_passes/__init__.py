"""Heatmaps from fewer encoder passes than channels, with an estimate of their own error.

``predict`` encodes the picture under a few channels' masks and predicts the features of the
others by regression over the masks; ``variance`` and ``gradient`` leave the others out.
"""
