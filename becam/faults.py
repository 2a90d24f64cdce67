"""Why a heatmap can't be measured, the same for every path that measures one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CONSTANT = "the map is constant"


def map_fault(values: NDArray[np.float32]) -> str | None:
    """Tell why a map can't be measured: nothing seen, not finite, constant up to rounding.

    Args:
        values: what is seen of it, any shape.
    """
    if values.size == 0:
        return "the encoder sees nothing of the picture"
    if not np.isfinite(values).all():
        return "the map has values that are not finite"
    low, high = float(values.min()), float(values.max())
    if high - low <= 4 * np.finfo(np.float32).eps * max(abs(low), abs(high)):
        return CONSTANT
    return None


def product_fault(product: NDArray[np.bool_], seen: NDArray[np.bool_]) -> str | None:
    """Tell why no map of a picture can be measured against its product, or None.

    Args:
        product: its mask, (H, W).
        seen: what the encoder sees of the picture, (H, W).
    """
    if not product.any():
        return "the mask is empty"
    if product.all():
        return "the mask fills the picture"
    inside = product[seen]
    if not inside.any():
        return "the encoder sees nothing of the product"
    if inside.all():
        return "the encoder sees nothing but the product"
    return None


def mask_fault(on_picture: NDArray[np.float32], product: NDArray[np.bool_]) -> str | None:
    """Tell why a map on the picture can't be measured against the product, or None.

    Args:
        on_picture: (H, W), NaN where unseen.
        product: its mask, (H, W).
    """
    seen = ~np.isnan(on_picture)
    return map_fault(on_picture[seen]) or product_fault(product, seen)
