"""The BeCAM facade and its frozen result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from becam.encoders.base import Encoder, Layer
from becam.engine import Engine
from becam.faults import CONSTANT, map_fault
from becam.fewer_passes.approximation import Approximation, approximation
from becam.fewer_passes.compute import partial_features
from becam.finite import is_finite, not_finite
from becam.geometry import Geometry
from becam.health import Health, health
from becam.heatmap import heatmap
from becam.map_config import MapConfig
from becam.masked_features import MaskedFeatures, masked_features_of_many
from becam.presets import COSINE, DEFAULT_SCHEME
from becam.provenance import Provenance, encoder_facts
from becam.similarity import cosine_similarity
from becam.store import TensorStore
from becam.target import Projection, Target
from becam.weights import weights
from recsys.errors import InputError, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from becam.notebook.bundles import Bundle

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Attribution:
    """A heatmap with everything it came from. Frozen; arrays are not to be written to.

    Attributes:
        heatmap: L of BeFA eq. 2, signed, (h, w) float32 at the layer's resolution; another
            method's map may have the resolution of the encoder's input.
        unweighted: mean activation over the channels, (h, w) float32 at the layer's resolution.
        similarities: s, one a channel, (N,) float32 in [-1, 1], or another score in its place;
            of length 0 for a method without them.
        weights: what the activations were summed with, (N,) float32; of length 0 for a method
            that does not weigh channels.
        fill_similarity: similarity of the fill alone.
        content_similarity: similarity of the whole picture's content.
        health: spread of the weights, distance from the unweighted map, ...
        geometry: where the map lies on the picture.
        picture: the user's picture, (height, width, 3) uint8 RGB.
        provenance: everything that determines the result.
        approximation: estimated distance from the exact map, for one from fewer passes.
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
    approximation: Approximation | None = None

    @property
    def warning(self) -> str | None:
        """What is wrong with the map as an explanation, in a line, or None."""
        facts = self.provenance
        if wrong := self.health.warning(facts.weighting, facts.method, facts.score):
            return wrong
        if map_fault(self.heatmap) == CONSTANT:
            return f"{CONSTANT}: it says nothing about the picture"
        if self.approximation is None:
            return None
        # A preset that encodes some of the channels is a method of its own.
        return None if self.provenance.preset else self.approximation.warning

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
        numbers, recognised = self.health, self.health.recognition
        return {
            "model": self.provenance.model,
            "method": self.provenance.method,
            "spread": numbers.spread,
            "mean_weight": numbers.mean_weight,
            "effective_channels": numbers.effective_channels,
            "channels": numbers.channels,
            "distance_from_unweighted": numbers.distance,
            "degenerate": numbers.degenerate,
            "content_dependence": numbers.content.ratio if numbers.content else None,
            "ignores_content": numbers.ignores_content,
            "recognition": recognised.value if recognised else None,
            "recognition_standard_error": recognised.standard_error if recognised else None,
            "warning": self.warning,
            "content_similarity": self.content_similarity,
            "fill_similarity": self.fill_similarity,
            "approximation": asdict(self.approximation) if self.approximation else None,
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
        from becam.figures.before_after import attribution_grid
        from becam.figures.paper import PaperStyle, grid_figure

        return grid_figure(attribution_grid(self), PaperStyle(width="4in"))

    def __repr__(self) -> str:
        facts = self.provenance
        rows, columns = self.heatmap.shape
        by = f" by {facts.model}" if facts.model else ""
        return f"Attribution({facts.target_kind} {facts.target_id}{by}, {rows} x {columns})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        from becam.notebook.bundles import figure_bundle

        facts = self.provenance
        words = f"Heatmap of {facts.target_kind} {facts.target_id} by {facts.model or 'BeCAM'}"
        return figure_bundle(self.figure(), words, dpi=150)


class BeCAM:
    """Behaviour-guided class activation maps (BeFA, eq. 1-2), for one encoder.

    Examples:
        >>> cam = BeCAM(encoder, MapConfig(weighting="contrast"))
        >>> attribution = cam.attribute(picture, projection, target)
    """

    def __init__(
        self,
        encoder: Encoder,
        config: MapConfig | None = None,
        *,
        layer: Layer | None = None,
        store: TensorStore | None = None,
        batch_size: int | None = None,
    ) -> None:
        """Prepare an attribution.

        Args:
            encoder: the frozen encoder.
            config: layer, fill, weighting; the paper's by default.
            layer: the target layer, where it is at hand; else that of ``config``.
            store: where masked features are kept; nowhere by default.
            batch_size: masked pictures encoded at once; by a memory budget without.

        Raises:
            InputError: the encoder has no such layer, or one without a spatial map, or can't be
                converted to the precision.
        """
        self.encoder = encoder
        self.config = config or MapConfig()
        self.recipe = self.config.recipe
        self.store = store
        self.layer = layer or encoder.layer(self.config.layer)
        self.engine = Engine(
            encoder,
            self.layer,
            self.recipe.fill,
            rule=self.recipe.rule,
            precision=self.config.precision,
            batch_size=batch_size or self.config.batch,
        )

    @property
    def shares_features(self) -> bool:
        """Whether masked features serve every recommender and target (not by gradient)."""
        return self.recipe.channels != "gradient"

    def masked_features(
        self,
        picture: Image.Image,
        projection: Projection | None = None,
        target: Target | None = None,
    ) -> MaskedFeatures:
        """Return the picture's masked features: the costly part, shared by all recommenders.

        Args:
            picture: RGB.
            projection: g, for channels by gradient, which are chosen for it and ``target``.
            target: likewise.

        Raises:
            ValueError: channels by gradient without projection and target.
        """
        if self.recipe.passes is None:
            return next(masked_features_of_many(self.engine, [picture], store=self.store))
        return partial_features(
            self.engine,
            picture,
            passes=self.recipe.passes,
            scheme=self.recipe.channels or DEFAULT_SCHEME,
            store=self.store,
            projection=projection,
            target=target,
        )

    def masked_features_of_many(self, pictures: Iterable[Image.Image]) -> Iterator[MaskedFeatures]:
        """Yield each picture's masked features in turn; see `becam.masked_features`."""
        if self.recipe.passes is None:
            return masked_features_of_many(self.engine, pictures, store=self.store)
        return (self.masked_features(picture) for picture in pictures)

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
        score: Callable[[Tensor], Tensor] | None = None,
    ) -> Attribution:
        """Explain which parts of a picture agree with a target.

        Args:
            picture: RGB.
            projection: g, content features (n, D) into the behavioural space (n, d).
            target: what to compare with, (d,).
            masked: the picture's masked features, where they are at hand already.
            model: the recommender's name, kept as provenance, as are the next three.
            model_key: the key of its training.
            modality: whose content ``projection`` takes.
            seed: of its training.
            score: content features (n, D) to (n,), in place of the cosine of what ``projection``
                makes of them with ``target``; to be given where ``config`` names another score.

        Raises:
            InputError: what is compared, or an activation, is not finite, or ``target`` has
                another length than what ``projection`` gives.
            ValueError: ``config`` names another score than the cosine, and it is not given, or
                the other way round.
        """
        if (score is None) != (self.recipe.score == COSINE):
            raise ValueError(f"score {self.recipe.score!r}: expected its function, and it alone")

        def compared(rows: Tensor) -> Tensor:
            if score is not None:
                return score(rows).float().cpu()
            projected = projection(rows)
            if target.vector.shape != projected.shape[1:]:
                raise InputError(
                    f"target {target.kind} {shown(target.id)} has shape "
                    f"{tuple(target.vector.shape)}; expected {tuple(projected.shape[1:])}, as the "
                    "projection gives"
                )
            return cosine_similarity(projected, target.vector).float().cpu()

        if masked is None:
            masked = self.masked_features(picture, projection, target)
        whose = f"heatmap of {target.kind} {shown(target.id)}" + (f" by {model}" if model else "")
        partial = masked.partial
        guess = None if partial is None else partial.prediction
        with torch.inference_mode():
            similar = compared(masked.rows)
            similarities, fill, content = similar[:-2], similar[-2], similar[-1]
            known = None if partial is None or guess is not None else partial.encoded
            rows = masked.rows
            if known is not None:
                similarities = similarities.where(known, 0)
                rows = torch.cat([rows[:-2][known], rows[-2:]])
            if not is_finite(torch.cat([similarities, similar[-2:]])):
                raise not_finite(
                    whose,
                    target=target,
                    contents=rows,
                    encoder=self.encoder.name,
                    score=self.recipe.score,
                )

            def weigh(values: Tensor, encoded: Tensor | None = None) -> Tensor:
                return weights(
                    values,
                    self.recipe.weighting,
                    fill_similarity=fill,
                    temperature=self.recipe.temperature,
                    encoded=encoded,
                )

            def summed_by(weighed: Tensor) -> Tensor:
                return heatmap(masked.activations, weighed, rectify=self.recipe.rectify)

            weighed = weigh(similarities, known)
            summed, plain = summed_by(weighed), masked.unweighted
            if not is_finite(summed):
                raise InputError(
                    f"{whose}: layer {shown(self.layer.name)} of encoder "
                    f"{shown(self.encoder.name)} gives activations that are not finite; expected "
                    "finite numbers"
                )
            error = None
            if partial is not None:
                left_out = None
                if guess is not None:
                    left_out = compared(guess.left_out)
                error = approximation(
                    partial,
                    similarities,
                    left_out,
                    summed,
                    lambda values: summed_by(weigh(values)),
                )
        return Attribution(
            heatmap=summed.numpy(),
            unweighted=plain.numpy().copy(),  # all maps of the picture share it
            similarities=similarities.numpy(),
            weights=weighed.numpy(),
            fill_similarity=float(fill),
            content_similarity=float(content),
            health=health(weighed if known is None else weighed[known], summed, plain),
            approximation=error,
            geometry=self.encoder.geometry(picture.size),
            picture=np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB")),
            provenance=Provenance(
                picture=masked.picture,
                precision=masked.precision,
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
