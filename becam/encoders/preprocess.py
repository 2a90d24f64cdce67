"""Pictures become the encoder's input, and where each part of it came from stays known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from becam.geometry import Geometry

Resize = Literal["shortest", "longest", "squash"]
Interpolation = Literal["bicubic", "bilinear"]
RGB = tuple[float, float, float]

_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


class Placement(NamedTuple):
    """How a picture comes into the input.

    Attributes:
        resized: (width, height) that the whole picture is resized to.
        offset: left, top of the input on the resized picture; negative where it is padded.
    """

    resized: tuple[int, int]
    offset: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Resize, crop or pad, normalise: to the pixel what open_clip's evaluation transform does.

    Attributes:
        size: (H, W) of the input.
        resize: ``shortest``: the picture covers the input, what hangs over is cropped;
            ``longest``: the picture fits into the input, the rest is padded; ``squash``: the
            picture is stretched onto the input.
        interpolation: of the resize, antialiased.
        mean, std: of pixels in [0, 1].
        fill: grey value of the padding, 0..255.
        used: (H, W) of the part, from the top left, that the encoder looks at: with patches
            that don't divide the input it leaves a margin out. None: all of it.
    """

    size: tuple[int, int]
    resize: Resize
    interpolation: Interpolation
    mean: RGB
    std: RGB
    fill: int = 0
    used: tuple[int, int] | None = None

    @property
    def input_size(self) -> tuple[int, int]:
        """(H, W) of what `__call__` returns."""
        return self.used or self.size

    def placement(self, picture_size: tuple[int, int]) -> Placement:
        """Tell where a picture of (width, height) pixels comes to lie."""
        width, height = picture_size
        rows, columns = self.size
        if self.resize == "squash":
            return Placement((columns, rows), (0, 0))
        if self.resize == "shortest" and rows == columns:
            # As torchvision's Resize: the short side exact, the long side rounded down.
            if width <= height:
                resized = rows, int(rows * height / width)
            else:
                resized = int(rows * width / height), rows
        else:
            extreme = min if self.resize == "shortest" else max
            ratio = extreme(height / rows, width / columns)
            resized = max(round(width / ratio), 1), max(round(height / ratio), 1)
        return Placement(resized, (_start(resized[0], columns), _start(resized[1], rows)))

    def geometry(self, picture_size: tuple[int, int]) -> Geometry:
        """Tell which part of a picture of (width, height) pixels the input covers."""
        resized, offset = self.placement(picture_size)
        rows, columns = self.input_size
        return Geometry.placed(picture_size, resized, offset, (columns, rows))

    def __call__(self, picture: Image.Image) -> Tensor:
        """Turn an RGB picture into the input, (3, H, W) float32 on the CPU."""
        resized, (left, top) = self.placement(picture.size)
        seen = (
            picture.resize(resized, _FILTERS[self._filter]) if picture.size != resized else picture
        )
        pixels = np.asarray(seen)[max(top, 0) :, max(left, 0) :][: self.size[0], : self.size[1]]
        tensor = torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)
        margins = (
            *_margins(left, tensor.shape[2], self.size[1]),
            *_margins(top, tensor.shape[1], self.size[0]),
        )
        if any(margins):
            tensor = F.pad(tensor, margins, value=self.fill / 255)
        mean, std = torch.tensor(self.mean), torch.tensor(self.std)
        normal = (tensor - mean[:, None, None]) / std[:, None, None]
        return normal[:, : self.input_size[0], : self.input_size[1]].contiguous()

    def describe(self) -> dict[str, Any]:
        """Return everything that determines the input, as plain values for JSON."""
        return {
            "size": list(self.size),
            "resize": self.resize,
            "resampling": self._filter,
            "mean": [float(value) for value in self.mean],
            "std": [float(value) for value in self.std],
            "fill": self.fill,
        }

    @property
    def _filter(self) -> Interpolation:
        # open_clip's transform always resizes bicubically where the input is not square.
        if self.resize == "shortest" and self.size[0] != self.size[1]:
            return "bicubic"
        return self.interpolation


def _start(length: int, wanted: int) -> int:
    """Where a centred window starts; negative where it is longer than the picture."""
    return round((length - wanted) / 2) if length >= wanted else -((wanted - length) // 2)


def _margins(start: int, length: int, wanted: int) -> tuple[int, int]:
    before = max(-start, 0)
    return before, wanted - before - length
