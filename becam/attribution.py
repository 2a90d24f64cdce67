"""The BeCAM facade and its frozen result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from becam.config import MapConfig
from becam.encoders.base import Encoder
from becam.geometry import Geometry
from becam.health import Health, health
from becam.heatmap import heatmap, unweighted_map
from becam.masked_features import BATCH, MaskedFeatures, masked_features, picture_hash
from becam.provenance import Provenance, encoder_facts
from becam.similarity import cosine_similarity
from becam.store import TensorStore
from becam.target import Projection, Target
from becam.weights import weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class Attribution:
    """A heatmap with everything it came from. Frozen; arrays are not to be written to.

    Attributes:
        heatmap: L of BeFA eq. 2, signed, (h, w) float32 at the layer's resolution.
        unweighted: mean activation over the channels, (h, w) float32.
        similarities: s, one a channel, (N,) float32 in [-1, 1].
        weights: what the activations were summed with, (N,) float32.
        fill_similarity: similarity of the fill alone.
        content_similarity: similarity of the whole picture's content.
        health: spread of the weights, distance from the unweighted map, ...
        geometry: where the map lies on the picture.
        picture: the user's picture, (height, width, 3) uint8 RGB.
        provenance: everything that determines the result.
    """

    heatmap: FloatArray
    unweighted: FloatArray
    similarities: FloatArray
    weights: FloatArray
    fill_similarity: float
    content_similarity: float
    health: Health
    geometry: Geometry
    picture: NDArray[np.uint8]
    provenance: Provenance

    @property
    def warning(self) -> str | None:
        """What is wrong with the map as an explanation, in a line, or None."""
        return self.health.warning(self.provenance.weighting)

    def on_picture(self, *, unweighted: bool = False, standard: bool = False) -> FloatArray:
        """Lay the map on the picture.

        Args:
            unweighted: the unweighted map instead.
            standard: in standard deviations from the map's mean, so that maps of different
                recommenders, whose similarities differ in size, share one scale.

        Returns:
            (height, width) float32, NaN where the encoder did not see the picture.
        """
        values = self.unweighted if unweighted else self.heatmap
        return self.geometry.onto_picture(standardised(values) if standard else values)

    def __sub__(self, other: Attribution) -> FloatArray:
        """Return the signed difference of two standardised maps, on the picture.

        Raises:
            ValueError: the two differ in more than the recommender.
        """
        if not isinstance(other, Attribution):
            return NotImplemented
        if different := self.provenance.differences(other.provenance):
            raise ValueError(f"these attributions differ in {', '.join(different)}")
        return self.on_picture(standard=True) - other.on_picture(standard=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures and the provenance as plain values (no arrays)."""
        numbers = self.health
        return {
            "model": self.provenance.model,
            "spread": numbers.spread,
            "mean_weight": numbers.mean_weight,
            "effective_channels": numbers.effective_channels,
            "channels": numbers.channels,
            "distance_from_unweighted": numbers.distance,
            "degenerate": numbers.degenerate,
            "warning": self.warning,
            "content_similarity": self.content_similarity,
            "fill_similarity": self.fill_similarity,
            "provenance": self.provenance.to_dict(),
        }

    def save(self, path: str | Path) -> Path:
        """Save as ``path``.safetensors with ``path``.json; return the JSON's path."""
        from becam.result_files import save_attribution

        return save_attribution(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Attribution:
        """Load what `save` wrote.

        Raises:
            InputError: missing, truncated or foreign files.
        """
        from becam.result_files import load_attribution

        return load_attribution(Path(path))

    def figure(self) -> Figure:
        """Draw the picture and the heatmap."""
        from becam.figures.panels import attribution_figure

        return attribution_figure(self)

    def _repr_png_(self) -> bytes:
        from becam.figures.files import figure_bytes

        return figure_bytes(self.figure(), "png")


class BeCAM:
    """Behaviour-guided class activation maps (BeFA, eq. 1-2), for one encoder.

    >>> cam = BeCAM(encoder, MapConfig(weighting="contrast"))
    >>> attribution = cam.attribute(picture, projection, target)
    """

    def __init__(
        self,
        encoder: Encoder,
        config: MapConfig | None = None,
        *,
        store: TensorStore | None = None,
        batch_size: int = BATCH,
    ) -> None:
        """Prepare an attribution.

        Args:
            encoder: the frozen encoder.
            config: layer, fill, weighting; the paper's by default.
            store: where masked features are kept; nowhere by default.
            batch_size: masked pictures encoded at once; bounds the memory.

        Raises:
            InputError: the encoder has no such layer, or one without a spatial map.
        """
        self.encoder = encoder
        self.config = config or MapConfig()
        self.store = store
        self.batch_size = batch_size
        self.layer = encoder.layer(self.config.layer)

    def masked_features(self, picture: Image.Image) -> MaskedFeatures:
        """Return the picture's masked features: the costly part, shared by all recommenders."""
        return masked_features(
            self.encoder,
            picture,
            self.layer,
            self.config.fill,
            store=self.store,
            batch_size=self.batch_size,
        )

    def attribute(
        self,
        picture: Image.Image,
        projection: Projection,
        target: Target,
        *,
        masked: MaskedFeatures | None = None,
        model: str | None = None,
        model_key: str | None = None,
        modality: str | None = None,
        seed: int | None = None,
    ) -> Attribution:
        """Explain which parts of a picture agree with a target.

        Args:
            picture: RGB.
            projection: g, content features (n, D) into the behavioural space (n, d).
            target: what to compare with, (d,).
            masked: the picture's masked features, where they are at hand already.
            model, model_key, modality, seed: kept as provenance.
        """
        if masked is None:
            masked = self.masked_features(picture)
        with torch.inference_mode():
            rows = torch.cat([masked.features, masked.fill_content[None], masked.content[None]])
            similar = cosine_similarity(projection(rows), target.vector).float().cpu()
            similarities, fill, content = similar[:-2], similar[-2], similar[-1]
            weighed = weights(
                similarities,
                self.config.weighting,
                fill_similarity=fill,
                temperature=self.config.temperature,
            )
            summed = heatmap(masked.activations, weighed, rectify=self.config.rectify)
            plain = unweighted_map(masked.activations)
        return Attribution(
            heatmap=summed.numpy(),
            unweighted=plain.numpy(),
            similarities=similarities.numpy(),
            weights=weighed.numpy(),
            fill_similarity=float(fill),
            content_similarity=float(content),
            health=health(weighed, summed, plain),
            geometry=self.encoder.geometry(picture.size),
            picture=np.asarray(picture.convert("RGB")),
            provenance=Provenance(
                picture=picture_hash(picture),
                target_kind=target.kind,
                target_id=target.id,
                model=model,
                model_key=model_key,
                modality=modality,
                seed=seed,
                **encoder_facts(self.encoder, self.config, self.layer.name),
            ),
        )


def standardised(values: FloatArray) -> FloatArray:
    """Standard deviations from the mean; zeros for a constant map."""
    spread = float(values.std())
    centred = values - values.mean()
    return centred / spread if spread else np.zeros_like(values)
