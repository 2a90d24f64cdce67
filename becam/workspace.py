"""Where becam keeps what it computes once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from becam.sizes import parse_size
from recsys.files import check_folder

if TYPE_CHECKING:
    from becam.store import TensorStore


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

    def feature_store(self) -> TensorStore:
        """The store of content features, under the cache's size limit."""
        return self._limited(self.features)

    def masked_feature_store(self) -> TensorStore:
        """The store of masked features, under the cache's size limit."""
        return self._limited(self.masked_features)

    def _limited(self, folder: Path) -> TensorStore:
        from becam.eviction import SizeLimit
        from becam.store import TensorStore

        limit = cache_limit()
        folders = (self.features, self.masked_features)
        return TensorStore(folder, limit=None if limit is None else SizeLimit(folders, limit))


def cache_limit() -> int | None:
    """Return $BECAM_CACHE_LIMIT in bytes; None where it is not set.

    It holds for content features and masked features together: what is many and large, and
    can be computed again one by one. Catalogues, models, searches and results stay.

    Raises:
        InputError: not a size.
    """
    named = os.environ.get("BECAM_CACHE_LIMIT")
    return parse_size(named, "BECAM_CACHE_LIMIT") if named else None


def open_workspace(cache: str | Path | None = None) -> Workspace:
    """Return the workspace in ``cache``, else $BECAM_CACHE, else the user's cache folder.

    Raises:
        InputError: there is something else than a folder.
    """
    if cache is None:
        named = os.environ.get("BECAM_CACHE")
        cache = named or platformdirs.user_cache_path("becam", appauthor=False)
    root = Path(cache).expanduser().resolve()
    check_folder(root, "cache", to_write=False)
    return Workspace(root)
