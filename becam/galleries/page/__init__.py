"""The page of a gallery: one self-contained index.html."""

from becam.galleries.page.write import write_page

__all__ = ["write_page"]
