"""From d dimensions to the plane, and from the plane onto the circle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from becam.distributions.config import DistributionConfig

FloatArray = NDArray[np.float64]
ALIKE = 1e-9  # unit vectors nearer than this point the same way, up to rounding
MIDDLE = 1e-9  # share of the largest radius below which a point has no angle


def project(features: FloatArray, config: DistributionConfig, *, seed: int) -> FloatArray:
    """Lay features out in the plane, their mean at the origin.

    One thread throughout: sums in another order would give other bytes.

    Args:
        features: (n, d), d at least 2, n more than the neighbours that count.
        config: which projection, and its neighbours.
        seed: of what is random in it.

    Returns:
        (n, 2); all at the origin where the features are alike.
    """
    from threadpoolctl import threadpool_limits

    if not len(features) or np.ptp(features, axis=0).max() < ALIKE:
        return np.zeros((len(features), 2))
    with threadpool_limits(1):
        found: FloatArray = np.asarray(_method(config, seed).fit_transform(features), np.float64)
    centred: FloatArray = found - found.mean(axis=0)
    return centred


def on_circle(points: FloatArray) -> FloatArray:
    """Return the angles under which points (n, 2) are seen from the origin.

    Returns:
        (n,) radians in [-pi, pi]; NaN for a point in the middle, which has no direction.
    """
    radius = np.hypot(points[:, 0], points[:, 1])
    angles = np.arctan2(points[:, 1], points[:, 0])
    return np.where(radius > MIDDLE * radius.max(initial=0.0), angles, np.nan)


def _method(config: DistributionConfig, seed: int) -> Any:
    if config.projection == "pca":
        from sklearn.decomposition import PCA

        # The full decomposition is exact; the others draw at random.
        return PCA(n_components=2, svd_solver="full")
    if config.projection == "umap":
        from umap import UMAP

        return UMAP(n_neighbors=config.neighbours_used, random_state=seed, n_jobs=1)
    from sklearn.manifold import TSNE

    # From the principal components, the arrangement of the clusters says something; from random
    # positions it would be chance (Kobak and Berens, 2019).
    return TSNE(perplexity=config.perplexity_used, init="pca", random_state=seed)
