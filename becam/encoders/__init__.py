"""Encoders: one protocol; open_clip, ImageBind and the bundled demo encoders."""
