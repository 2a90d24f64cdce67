"""What a method is asked: explain one picture against one target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor

from becam.attribution import Attribution, BeCAM
from becam.encoders.base import Encoder, Layer
from becam.fills import fill_picture
from becam.map_config import MapConfig
from becam.masked_features import MaskedFeatures, picture_hash
from becam.methods.options import MethodOptions
from becam.similarity import cosine_similarity
from becam.store import TensorStore
from becam.target import Projection, Target
from recsys.hashing import content_key

if TYPE_CHECKING:
    from becam.scores import Behaviour


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """Everything that a method needs to explain one picture against one target.

    What several methods need (activations, masked features) is computed once a question.

    Attributes:
        encoder: the frozen encoder, f.
        layer: the target layer, from ``encoder.layer(name)``.
        picture: RGB.
        projection: g, content features (n, D) into the behavioural space (n, d).
        target: b, what content is compared with, (d,).
        config: fill, weighting and the like; its layer's name is that of ``layer``.
        masked: the picture's masked features, where they are at hand; they must be those of
            ``config``.
        title, category: of the item, as in the catalogue; the text prompt needs the category.
        others: other items' projections and targets; the control ``other-item`` takes the first.
        behaviour: the item as the trained recommender sees it; other scores than the cosine
            with b need it.
        other_behaviours: that of the ``others``, in their order.
        guide: gives g as another vector (d,) would guide it, for adapters that are guided by
            the behavioural embedding; without, ``random-embedding`` keeps ``projection``.
        seed: of the methods that draw at random.
        options: of the baselines.
        store: where masked features are kept; nowhere by default.
        model, model_key, modality, model_seed: kept as provenance.
    """

    encoder: Encoder
    layer: Layer
    picture: Image.Image
    projection: Projection
    target: Target
    config: MapConfig = field(default_factory=MapConfig)
    masked: MaskedFeatures | None = None
    title: str | None = None
    category: str | None = None
    others: Sequence[tuple[Projection, Target]] = ()
    behaviour: Behaviour | None = None
    other_behaviours: Sequence[Behaviour] = ()
    guide: Callable[[Tensor], Projection] | None = None
    seed: int = 0
    options: MethodOptions = field(default_factory=MethodOptions)
    store: TensorStore | None = None
    model: str | None = None
    model_key: str | None = None
    modality: str | None = None
    model_seed: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What the provenance says of the recommender."""
        return {
            "model": self.model,
            "model_key": self.model_key,
            "modality": self.modality,
            "seed": self.model_seed,
        }

    @cached_property
    def cam(self) -> BeCAM:
        """BeCAM as ``config`` has it."""
        return BeCAM(self.encoder, self.config, layer=self.layer, store=self.store)

    @cached_property
    def shared(self) -> MaskedFeatures:
        """The picture's masked features, computed where they are not at hand."""
        if self.masked is not None:
            return self.masked
        return self.cam.masked_features(self.picture, self.projection, self.target)

    @cached_property
    def input(self) -> Tensor:
        """x as the encoder takes it, (3, H, W) float32 on the encoder's device."""
        return self.encoder.preprocess(self.picture).to(self.encoder.device)

    @cached_property
    def background(self) -> Tensor:
        """What stands for nothing, by ``config``'s fill, (3, H, W) float32 there."""
        fill = self.cam.recipe.fill
        return fill_picture(self.input, fill, self.encoder.mean, self.encoder.std).contiguous()

    @cached_property
    def activations(self) -> Tensor:
        """A, (N, h, w) float32 on the CPU: by one pass, where there are no masked features."""
        found = self._have
        return self._seen[0] if found is None else found.activations

    @cached_property
    def similarities(self) -> tuple[float, float]:
        """cos(g(z), b) of the fill alone and of the whole picture."""
        found = self._have
        if found is None:
            rows = torch.stack([self._fill_content, self._seen[1]])
        else:
            rows = found.rows[-2:]
        with torch.inference_mode():
            fill, content = cosine_similarity(self.projection(rows), self.target.vector).tolist()
        return fill, content

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the picture."""
        return self.masked.picture if self.masked is not None else picture_hash(self.picture)

    @cached_property
    def batch(self) -> int:
        """Pictures to encode at once."""
        return self.config.batch or self.cam.engine.chunk

    def attribute(self, projection: Projection, target: Target) -> Attribution:
        """Make BeCAM's map for this picture and another projection or target."""
        masked = self.shared if self.cam.shares_features else None
        return self.cam.attribute(self.picture, projection, target, masked=masked, **self.facts)

    def score(self, pictures: Tensor) -> Tensor:
        """cos(g(f(x)), b) of preprocessed pictures, with gradients where they are enabled.

        Args:
            pictures: (B, 3, H, W) on the encoder's device.

        Returns:
            (B,) float32.
        """
        content = self.encoder.encode_pictures(pictures.to(self.encoder.dtype)).float()
        # A clone: a vector that was made in inference mode can't be used for gradients.
        vector = self.target.vector.detach().clone()
        return cosine_similarity(self.projection(content.to(vector.device)), vector)

    def generator(self, purpose: str) -> torch.Generator:
        """Return a generator that is another one for every seed, purpose, picture and target."""
        key = content_key(
            {
                "purpose": purpose,
                "seed": self.seed,
                "picture": self.digest,
                "target": [self.target.kind, self.target.id],
            }
        )
        return torch.Generator().manual_seed(int(key[:15], 16))

    @property
    def _have(self) -> MaskedFeatures | None:
        """Masked features, given or computed already."""
        return self.__dict__.get("shared", self.masked)

    @cached_property
    def _seen(self) -> tuple[Tensor, Tensor]:
        (seen,) = self.cam.engine.look([self.input])
        return seen.activations.cpu().clone(), seen.content.cpu().clone()

    @cached_property
    def _fill_content(self) -> Tensor:
        with torch.inference_mode():
            batch = self.background[None].to(self.encoder.dtype)
            return self.encoder.encode_pictures(batch)[0].float().cpu()
