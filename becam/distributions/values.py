"""Uniformity and alignment on the sphere, in all d dimensions (Wang and Isola, 2020).

"Understanding Contrastive Representation Learning through Alignment and Uniformity on the
Hypersphere", ICML 2020, Section 4.1. Both are computed on unit vectors as they are, never on their
projection to the plane.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

FloatArray = NDArray[np.float64]
T = 2.0  # of the Gaussian potential; with alpha = 2, the authors' choice
BLOCK = 1024


def uniformity(features: FloatArray, *, t: float = T) -> float:
    """L_uniform = log E exp(-t |x - y|^2) over pairs of different items (Section 4.1.2).

    Lower is more even: 0 where all are the same; in d dimensions the uniform distribution has
    about -2t + 2t^2/d, -3.88 for d = 64 and t = 2.

    Args:
        features: unit vectors, (n, d).
        t: of the potential, greater than 0.

    Returns:
        NaN with fewer than 2 items.
    """
    from scipy.spatial.distance import cdist

    n = len(features)
    if n < 2:
        return math.nan
    total = 0.0
    for start in range(0, n, BLOCK):
        squares = cdist(features[start : start + BLOCK], features[start:], "sqeuclidean")
        total += float(np.exp(-t * squares[np.triu_indices_from(squares, k=1)]).sum())
    return math.log(total / (n * (n - 1) / 2))


def alignment(first: FloatArray, second: FloatArray) -> float:
    """L_align = E |x - y|^2 over pairs of rows, with alpha = 2 (Section 4.1.1).

    That is 2 - 2 E cos: 0 where the pairs agree, 2 where they are orthogonal, 4 where opposite.

    Args:
        first, second: unit vectors, (n, d).

    Returns:
        NaN without pairs.
    """
    return float(np.square(first - second).sum(axis=1).mean()) if len(first) else math.nan


def alignment_within(features: FloatArray, groups: csr_matrix) -> float:
    """L_align over all pairs of different items of a group; every pair of every group counts once.

    Args:
        features: unit vectors, (n, d).
        groups: which items are in which group, (groups, n) of 0 and 1.

    Returns:
        NaN without pairs.
    """
    sizes = np.asarray(groups.sum(axis=1), np.float64).ravel()
    pairs = (sizes * (sizes - 1) / 2).sum()
    if not pairs:
        return math.nan
    # The squared distances in a group of m unit vectors add up to m^2 - |their sum|^2.
    sums = groups @ features
    return max(float((sizes**2 - np.square(sums).sum(axis=1)).sum() / pairs), 0.0)


def alignment_of_any(features: FloatArray) -> float:
    """L_align over all pairs of different items: what pairs drawn at random have."""
    return alignment_within(features, csr_matrix(np.ones((1, len(features)))))


def together(train: NDArray[np.int64], items: NDArray[np.int64], n_users: int) -> csr_matrix:
    """Return which of the items each user interacted with: items of one user belong together.

    Args:
        train: rows of (user, item), (m, 2).
        items: indices of different items, (n,).
        n_users: how many users.

    Returns:
        (n_users, n) of 0 and 1.
    """
    place = np.full(int(max(train[:, 1].max(initial=0), items.max(initial=0))) + 1, -1)
    place[items] = np.arange(len(items))
    kept = train[place[train[:, 1]] >= 0]
    shape = (n_users, len(items))
    return csr_matrix((np.ones(len(kept)), (kept[:, 0], place[kept[:, 1]])), shape=shape)
