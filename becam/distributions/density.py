"""Gaussian kernel densities of points on the circle: over the angle and in the plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ANGLES = np.linspace(-np.pi, np.pi, 361)  # both ends are the same direction
EDGE = 1.4  # the plane is shown from -EDGE to EDGE
FAR = 8.0  # standard deviations beyond which a kernel is nothing
GRID = np.linspace(-EDGE, EDGE, 141)


def angle_density(angles: FloatArray, bandwidth: float) -> FloatArray:
    """Estimate the density over the angle with a Gaussian kernel wrapped around the circle.

    Args:
        angles: (n,) radians in [-pi, pi], n at least 1.
        bandwidth: standard deviation of the kernel, radians, below pi.

    Returns:
        At `ANGLES`, per radian; it integrates to 1.
    """
    from scipy.stats import norm

    reach = int(1 + FAR * bandwidth / (2 * np.pi))  # turns further away add nothing
    turns = 2 * np.pi * np.arange(-reach, reach + 1)[:, None, None]
    gaps = ANGLES[None, :, None] - angles + turns
    return np.asarray(norm.pdf(gaps, scale=bandwidth).sum(axis=0).mean(axis=1))


def plane_density(angles: FloatArray, bandwidth: float) -> FloatArray:
    """Estimate the density in the plane of points on the unit circle, with a Gaussian kernel.

    Args:
        angles: (n,) radians, n at least 1.
        bandwidth: standard deviation of the kernel, in radii.

    Returns:
        (len(GRID), len(GRID)) per square radius, rows by y, columns by x, at `GRID`.
    """
    from scipy.stats import norm

    # The kernel is a product of one over x and one over y, so the sum over points is a product.
    over_x, over_y = (
        norm.pdf(GRID[:, None] - place, scale=bandwidth)
        for place in (np.cos(angles), np.sin(angles))
    )
    return np.asarray(over_y @ over_x.T / len(angles))


def covered(density: FloatArray) -> float:
    """Return the share of the circle that a density covers: exp(entropy) / 2 pi.

    It does not change when the circle is turned or mirrored, as the angles of a projection may be
    at will. 1 for the uniform density; k equal narrow arcs cover the share that they take.

    Args:
        density: at `ANGLES`, per radian.
    """
    inner = density[:-1]
    inner = inner[inner > 0]
    entropy = -np.sum(inner * np.log(inner)) * (ANGLES[1] - ANGLES[0])
    return float(np.exp(entropy) / (2 * np.pi))
