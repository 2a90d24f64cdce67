"""Pictures under their masks, written into one buffer that is used again and again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from becam.masks import PAPER_RULE, MaskRule
from becam.upsampling import extreme_positions, upsampling_matrix


@dataclass(frozen=True, eq=False)
class Masker:
    """Lays the masks of `becam.masks.masks` on pictures, without a large intermediate result.

    Min-max commutes with upsampling, which is linear with weights that sum to 1. So channels
    are stretched while they are small, by the extremes that they will have when large; the
    upsampling writes into one colour plane of the buffer; and the pictures are blended there.

    Attributes:
        rows: R, (H, h); columns: C^T, (w, W): the upsampling, in the encoder's precision.
        extreme_rows, extreme_columns: the rows of R and columns of C^T with the extremes,
            float32; None where channels are stretched before they are upsampled.
    """

    rows: Tensor
    columns: Tensor
    extreme_rows: Tensor | None
    extreme_columns: Tensor | None

    @classmethod
    def build(
        cls,
        grid: tuple[int, int],
        size: tuple[int, int],
        *,
        rule: MaskRule = PAPER_RULE,
        device: torch.device,
        dtype: torch.dtype,
    ) -> Masker:
        """Prepare the way from (h, w) activations to an (H, W) input."""
        corners = rule.align_corners
        full, extreme = [], []
        for cells, count in zip(grid, size, strict=True):
            matrix = upsampling_matrix(cells, count, align_corners=corners)
            places = extreme_positions(cells, count, align_corners=corners)
            full.append(matrix)
            extreme.append(matrix[places].to(device, torch.float32))
        after = rule.stretch == "after"
        return cls(
            rows=full[0].to(device, dtype),
            columns=full[1].T.contiguous().to(device, dtype),
            extreme_rows=extreme[0] if after else None,
            extreme_columns=extreme[1].T if after else None,
        )

    def stretched(self, activations: Tensor) -> tuple[Tensor, Tensor]:
        """Stretch small channels so that, upsampled, they are masks.

        Args:
            activations: (N, h, w) float32.

        Returns:
            (N, h, w) float32, and which channels are constant, (N,) bool: they are zeros.
        """
        # First to [0, 1] as they are: a channel may have a narrow range far from zero.
        maps, flat = _stretch(activations, activations)
        if self.extreme_rows is not None and self.extreme_columns is not None:
            seen = self.extreme_rows @ maps @ self.extreme_columns
            maps, unseen = _stretch(maps, seen)
            flat = flat | unseen
        return maps.masked_fill(flat[:, None, None], 0), flat

    def upsample_into(self, buffer: Tensor, maps: Tensor) -> None:
        """Write the masks into the buffer's last colour plane.

        Args:
            buffer: (n, 3, H, W).
            maps: stretched channels in the buffer's dtype, (n, h, w).
        """
        wide = maps @ self.columns
        torch.bmm(self.rows.expand(len(maps), -1, -1), wide, out=buffer[:, 2])


def blend(buffer: Tensor, picture: Tensor, background: Tensor) -> None:
    """Turn the masks in the last colour plane into masked pictures (BeFA, eq. 1: x * M).

    Args:
        buffer: (n, 3, H, W) with masks in ``buffer[:, 2]``; overwritten.
        picture: x, (3, H, W).
        background: what shows through where the mask is 0, (3, H, W).
    """
    masks = buffer[:, 2:]
    torch.lerp(background[:2], picture[:2], masks, out=buffer[:, :2])
    torch.lerp(background[2:], picture[2:], masks, out=masks)


def _stretch(maps: Tensor, judged: Tensor) -> tuple[Tensor, Tensor]:
    """Take the minimum of ``judged`` to 0 and its maximum to 1; tell which have no range."""
    low, high = judged.amin((-2, -1), keepdim=True), judged.amax((-2, -1), keepdim=True)
    flat = high == low
    return (maps - low) / (high - low).where(~flat, 1), flat[:, 0, 0]
