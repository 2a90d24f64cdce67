"""Parts of a product by its own outline, for products whose parts are not annotated."""

from __future__ import annotations

import numpy as np

from becam.metrics.masks import Mask


def outline_parts(product: Mask) -> dict[str, Mask]:
    """Split a product into halves by its pixels, and into its centre and its edge.

    Args:
        product: (H, W) bool.

    Returns:
        ``top half``, ``bottom half``, ``left half``, ``right half`` (cut at the median row and
        column), ``centre`` and ``edge`` (cut at the median distance from the outline; where the
        picture cuts the product off is outline too), each (H, W) bool and not empty; nothing
        for an empty product.
    """
    if not product.any():
        return {}
    from scipy.ndimage import distance_transform_edt

    rows, columns = (np.arange(n) for n in product.shape)
    middle_row, middle_column = (float(np.median(places)) for places in product.nonzero())
    depth = distance_transform_edt(np.pad(product, 1))[1:-1, 1:-1]
    deep = depth > np.median(depth[product])
    top, left = (rows <= middle_row)[:, None], (columns <= middle_column)[None, :]
    regions = {
        "top half": top,
        "bottom half": ~top,
        "left half": left,
        "right half": ~left,
        "centre": deep,
        "edge": ~deep,
    }
    parts = {name: product & region for name, region in regions.items()}
    return {name: part for name, part in parts.items() if part.any()}
