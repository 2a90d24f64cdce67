"""The interactive before/after view: HTML that needs no extension and no network."""

from becam.view.view import View, view_of

__all__ = ["View", "view_of"]
