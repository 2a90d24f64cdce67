"""Where becam keeps what it computes once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Workspace:
    """The cache folder and its parts. Deleting any of it costs time, nothing else."""

    root: Path

    @property
    def catalogues(self) -> Path:
        """Generated catalogues."""
        return self.root / "catalogues"

    @property
    def features(self) -> Path:
        """Content features of whole catalogues."""
        return self.root / "features"

    @property
    def masked_features(self) -> Path:
        """Masked features, one file a picture."""
        return self.root / "masked-features"

    @property
    def models(self) -> Path:
        """Trained recommenders."""
        return self.root / "models"

    @property
    def searches(self) -> Path:
        """Trials of searches, one file a search."""
        return self.root / "searches"

    @property
    def results(self) -> Path:
        """Metrics of trained recommenders, user by user."""
        return self.root / "results"


def open_workspace(cache: Path | None = None) -> Workspace:
    """Return the workspace in ``cache``, else $BECAM_CACHE, else the user's cache folder."""
    if cache is None:
        named = os.environ.get("BECAM_CACHE")
        cache = Path(named) if named else platformdirs.user_cache_path("becam", appauthor=False)
    return Workspace(cache.expanduser().resolve())
