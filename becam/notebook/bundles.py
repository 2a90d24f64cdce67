"""Figures as a notebook takes them: pictures with words for those who can't see them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Bundle = tuple[dict[str, Any], dict[str, Any]]


def figure_bundle(figure: Figure, words: str, *, dpi: int = 100) -> Bundle:
    """Return what ``_repr_mimebundle_`` returns: the picture by its type, and its metadata.

    A JPEG, since a notebook is saved with all that it shows and photos fill a PNG.

    Args:
        figure: what is shown.
        words: what it shows, in a sentence.
        dpi: pixels an inch.
    """
    from becam.figures.files import figure_jpeg

    data = base64.b64encode(figure_jpeg(figure, dpi=dpi)).decode("ascii")
    return {"image/jpeg": data}, {"image/jpeg": {"alt": words}}
