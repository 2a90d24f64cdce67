"""Running a method again on changed pictures, as stability asks for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from becam.attribution import Attribution, BeCAM
from becam.device import dtype_name
from becam.map_config import MapConfig
from becam.masked_features import MaskedFeatures, compute_many
from becam.methods import Method
from becam.metrics.case import Explain
from becam.question import Question
from becam.target import Projection, Target
from recsys.errors import InputError

FEWER = "a map from fewer passes can't be made again: its channels depend on the picture"


class Repeats:
    """One picture's changes: their masked features are computed once, for all methods.

    They don't depend on the recommender either, so that both sides share them. They are held in
    memory, as much of it as the changes of one picture take.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], dict[str, Tensor]] = {}
        self._cams: dict[MapConfig, BeCAM] = {}

    def explain(self, method: Method, question: Question) -> Explain:
        """Return a method as a function of preprocessed pictures (B, 3, H, W) to maps (B, h, w).

        What it draws at random is what it draws for the question's own picture: chance alone is
        no change of the map.

        Args:
            method: any.
            question: what it was asked about the picture as it is.

        Raises (the function):
            InputError: the method makes the map from fewer passes.
        """
        given = {each.name: getattr(question, each.name) for each in fields(Question)}
        given["masked"] = None

        def run(picture: Tensor) -> Tensor:
            asked = _Changed(**given, changed=picture, repeats=self, of=question.digest)
            return torch.from_numpy(method.run(asked).heatmap)

        return lambda pictures: torch.stack([run(picture) for picture in pictures])

    def cam(self, asked: Question) -> BeCAM:
        """Return BeCAM as a question has it; preparing it for every change would take longer."""
        if asked.config not in self._cams:
            self._cams[asked.config] = BeCAM(asked.encoder, asked.config, layer=asked.layer)
        return self._cams[asked.config]

    def masked_features(self, cam: BeCAM, picture: Tensor, digest: str) -> MaskedFeatures:
        """Return the masked features of a changed picture.

        Args:
            cam: with all of its channels.
            picture: preprocessed, (3, H, W) float32.
            digest: of the picture as it is.
        """
        plain = picture.cpu().contiguous()
        pixels = hashlib.sha256(plain.numpy().tobytes()).hexdigest()
        key = (cam.recipe.rule, cam.recipe.fill, cam.layer.name, pixels)
        if key not in self._kept:
            (self._kept[key],) = compute_many(cam.engine, [plain])
        tensors = self._kept[key]
        return MaskedFeatures(
            features=tensors["features"],
            activations=tensors["activations"],
            content=tensors["content"],
            fill_content=tensors["fill_content"],
            picture=digest,
            precision=dtype_name(cam.engine.dtype),
            key="",
            cached=False,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Changed(Question):
    """A question about a picture that was changed behind the preprocessing.

    Attributes:
        changed: what the encoder sees, (3, H, W) float32.
        repeats: where masked features are shared.
        of: digest of the picture as it is, by which methods draw.
    """

    changed: Tensor
    repeats: Repeats
    of: str

    @cached_property
    def cam(self) -> BeCAM:
        return self.repeats.cam(self)

    @cached_property
    def input(self) -> Tensor:
        return self.changed.to(self.encoder.device)

    @cached_property
    def shared(self) -> MaskedFeatures:
        if self.cam.recipe.passes is not None:
            raise InputError(FEWER)
        return self.repeats.masked_features(self.cam, self.changed, self.of)

    @cached_property
    def digest(self) -> str:
        return self.of

    def attribute(self, projection: Projection, target: Target) -> Attribution:
        return self.cam.attribute(
            self.picture, projection, target, masked=self.shared, **self.facts
        )
