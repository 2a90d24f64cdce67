"""One heatmap with everything that a metric may ask about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from becam.faults import map_fault
from becam.fills import fill_picture
from becam.geometry import Geometry
from becam.metrics.base import Need
from becam.metrics.input_maps import onto_input, shown_pixels
from becam.metrics.masks import FloatMap, Mask
from becam.metrics.settings import MetricSettings
from becam.scorer import Scorer
from recsys.data.catalogue_masks import fitted_mask

if TYPE_CHECKING:
    from becam.attribution import Attribution
    from recsys.data.annotations import Annotation

__all__ = ["Case", "Explain", "fitted_mask"]

T = TypeVar("T")

Explain = Callable[[Tensor], Tensor]
"""A method run again: preprocessed pictures (B, 3, H, W) to maps (B, h, w)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """A heatmap to be measured. What metrics share is computed once.

    Attributes:
        heatmap: (h, w) float32, at the method's own resolution; it covers the encoder's input.
        geometry: where the input lies on the picture.
        mask: the product, (height, width) bool of the picture's size.
        distractors, parts: masks by name, of the picture's size.
        others: maps of other items' embeddings on the same picture, (h, w) float32.
        scorer: cosine of pictures with the target.
        picture: the encoder's input, (3, H, W) float32.
        explain: the method, to run it again on changed pictures.
        settings: how metrics are computed that have a choice.
        notes: what was done to fit things, a line each.

    Raises:
        ValueError: shapes that do not fit, a scorer without a picture.
    """

    heatmap: FloatMap
    geometry: Geometry
    mask: Mask | None = None
    distractors: Mapping[str, Mask] = field(default_factory=dict)
    parts: Mapping[str, Mask] = field(default_factory=dict)
    others: Sequence[FloatMap] = ()
    scorer: Scorer | None = None
    picture: Tensor | None = None
    explain: Explain | None = None
    settings: MetricSettings = field(default_factory=MetricSettings)
    notes: tuple[str, ...] = ()
    _kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        width, height = self.geometry.picture_size
        masks = {"mask": self.mask, **self.distractors, **self.parts}
        for name, mask in masks.items():
            if mask is not None and mask.shape != (height, width):
                raise ValueError(f"{name} {mask.shape}: expected the picture's {(height, width)}")
        if self.heatmap.ndim != 2 or self.heatmap.size == 0:
            raise ValueError(f"heatmap {self.heatmap.shape}: expected (h, w)")
        if self.scorer is not None and self.picture is None:
            raise ValueError("a scorer needs the picture that it scores")

    @classmethod
    def of(
        cls,
        attribution: Attribution,
        *,
        mask: Mask | None = None,
        annotation: Annotation | None = None,
        others: Sequence[Attribution] = (),
        scorer: Scorer | None = None,
        picture: Tensor | None = None,
        explain: Explain | None = None,
        settings: MetricSettings | None = None,
    ) -> Case:
        """Prepare an attribution for measuring.

        Args:
            attribution: whose heatmap is measured.
            mask: the product, bool; of another size than the picture it is resized by nearest
                neighbour, which the case's notes say, as they do where its shape is another.
            annotation: exact labels of parts and distractors.
            others: maps of other items' embeddings on the same picture.
            scorer: for metrics that change the picture.
            picture: the scorer's input, (3, H, W); preprocessed anew without.
            explain: the method, to run it again on changed pictures.
            settings: the defaults without.
        """
        geometry, notes = attribution.geometry, []
        if mask is not None:
            mask, note = fitted_mask(mask, geometry.picture_size)
            notes += [note] if note else []
        if scorer is not None and picture is None:
            picture = scorer.encoder.preprocess(Image.fromarray(attribution.picture))
        return cls(
            heatmap=attribution.heatmap,
            geometry=geometry,
            mask=mask,
            distractors=annotation.distractors() if annotation else {},
            parts=annotation.parts() if annotation else {},
            others=tuple(other.heatmap for other in others),
            scorer=scorer,
            picture=picture,
            explain=explain,
            settings=settings or MetricSettings(),
            notes=tuple(notes),
        )

    @property
    def has(self) -> frozenset[Need]:
        """What metrics can be given."""
        there: dict[Need, bool] = {
            "mask": self.mask is not None,
            "others": len(self.others) > 0,
            "score": self.scorer is not None,
            "explain": self.explain is not None and self.picture is not None,
        }
        return frozenset(need for need, given in there.items() if given)

    @cached_property
    def fault(self) -> str | None:
        """Why the map can't be measured at all, or None."""
        return map_fault(self.heatmap)

    @cached_property
    def picture_fault(self) -> str | None:
        """Why the map can't be measured on the picture, or None."""
        if self.fault is not None:
            return self.fault
        return map_fault(self.on_picture[~np.isnan(self.on_picture)])

    @cached_property
    def input_fault(self) -> str | None:
        """Why the map can't be measured on the encoder's input, or None."""
        return map_fault(self.on_input[self.shown]) if self.fault is None else self.fault

    @cached_property
    def on_picture(self) -> FloatMap:
        """The map on the picture, (height, width) float32; NaN where it is unseen."""
        return self.geometry.onto_picture(self.heatmap)

    @cached_property
    def on_input(self) -> FloatMap:
        """The map on the encoder's input, (H, W) float32; NaN on its padding."""
        return onto_input(self.heatmap, self.geometry, self.input_size)

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """Which pixels of the encoder's input show the picture, (H, W)."""
        return shown_pixels(self.geometry, self.input_size)

    @property
    def input_size(self) -> tuple[int, int]:
        """(H, W) of the encoder's input.

        Raises:
            ValueError: the picture is not given.
        """
        if self.picture is None:
            raise ValueError("the encoder's input is not given")
        return self.picture.shape[-2], self.picture.shape[-1]

    @cached_property
    def ranks(self) -> Tensor:
        """Rank of each pixel of the input by the map, hottest 0, (H, W) int64.

        Equally hot pixels are in a random order, by the settings' seed, lest a corner of the
        picture be preferred. Padding ranks behind all others.
        """
        values = self.on_input[self.shown]
        shuffled = np.random.default_rng(self.settings.seed).permutation(values.size)
        order = np.lexsort((shuffled, -values.astype(np.float64)))
        ranks = np.full(self.input_size, values.size, dtype=np.int64)
        places = np.empty(values.size, dtype=np.int64)
        places[order] = np.arange(values.size)
        ranks[self.shown] = places
        return torch.from_numpy(ranks)

    def filled(self, fill: str) -> Tensor:
        """Return the input with all that shows the picture removed, (3, H, W) float32."""
        assert self.picture is not None
        assert self.scorer is not None
        encoder = self.scorer.encoder
        picture = self.picture.float().cpu()
        background = fill_picture(picture, fill, encoder.mean, encoder.std)
        return torch.where(torch.from_numpy(self.shown), background, picture)

    def once(self, name: str, compute: Callable[[], T]) -> T:
        """Return what metrics share, computed by whichever comes first."""
        if name not in self._kept:
            self._kept[name] = compute()
        found: T = self._kept[name]
        return found
