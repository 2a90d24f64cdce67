"""Where a result comes from, in full."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from importlib import metadata
from typing import Any

from becam.encoders.base import Encoder
from becam.map_config import MapConfig
from becam.presets import COSINE, Recipe


def versions() -> dict[str, str]:
    """Versions of what computes a result."""
    return dict(_versions())


@lru_cache(maxsize=1)  # reading packages' metadata takes longer than making a heatmap
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("becam", "torch", "open_clip_torch", "numpy", "pillow"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Everything that determines an attribution.

    Attributes:
        picture: SHA-256 of the picture's pixels.
        encoder, weights: name and SHA-256 of the weights.
        layer, fill, weighting, temperature, rectify: how the map was made; fill and weighting
            are None where the method has none.
        score: how masked content was compared with behaviour, a name of `becam.scores.SCORES`.
        preset, align_corners, stretch, passes, channels: likewise, see `becam.presets.Recipe`.
        dtype, device: how the encoder computed.
        precision: in which the masked pictures were encoded.
        model, model_key, modality, seed: the recommender, its content key, which of its
            projections, the seed it was trained with; None for a projection of one's own.
        target_kind, target_id: whose vector in the behavioural space.
        versions: of the software.
        method: a name of `becam.methods.METHODS`.
        options: what else determines the method's result, as plain values.
    """

    picture: str
    encoder: str
    weights: str
    layer: str
    fill: str | None
    weighting: str | None
    temperature: float
    rectify: bool
    preset: str | None
    align_corners: bool
    stretch: str
    passes: int | None
    channels: str | None
    dtype: str
    precision: str
    device: str
    target_kind: str
    target_id: str
    model: str | None = None
    model_key: str | None = None
    modality: str | None = None
    seed: int | None = None
    versions: dict[str, str] = field(default_factory=versions)
    score: str = COSINE
    method: str = "becam"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def other_score(self) -> str | None:
        """The score, unless it is the cosine or goes without saying by the method's name."""
        return None if self.score in (COSINE, self.method) else self.score

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Provenance:
        """Read what `to_dict` wrote; unknown keys are a ValueError.

        Results from before there were other methods and scores lack ``method``, ``options`` and
        ``score``: theirs are ``becam`` and ``cosine``.
        """
        names = {entry.name for entry in fields(cls)}
        if set(values) | {"method", "options", "score"} != names:
            raise ValueError(f"provenance has keys {sorted(values)}, expected {sorted(names)}")
        return cls(**values)

    def differences(self, other: Provenance) -> list[str]:
        """Name the fields in which two results differ, the recommender's apart.

        Results can be subtracted when this list is empty.
        """
        compared = (
            *("picture", "encoder", "weights", "layer", "fill", "weighting", "temperature"),
            *("rectify", "preset", "align_corners", "stretch", "passes", "channels", "score"),
            *("target_kind", "target_id", "modality", "method", "options"),
        )
        return [name for name in compared if getattr(self, name) != getattr(other, name)]


def encoder_facts(encoder: Encoder, config: MapConfig, layer: str) -> dict[str, Any]:
    """Collect the part of a provenance that the encoder and the map's options give."""
    return {
        "encoder": encoder.name,
        "weights": encoder.weights_hash,
        "layer": layer,
        **{entry.name: getattr(config.recipe, entry.name) for entry in fields(Recipe)},
        "dtype": str(encoder.dtype).removeprefix("torch."),
        "device": encoder.device.type,
    }
