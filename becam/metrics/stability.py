"""Infidelity and sensitivity (Yeh et al. 2019), as `captum.metrics` computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from becam.metrics.base import Metric, Value, register
from becam.metrics.case import Case, Explain
from becam.metrics.faithfulness import NOT_FINITE

if TYPE_CHECKING:
    from PIL import Image

    from becam.attribution import BeCAM
    from becam.target import Projection, Target

_SOURCE = "Yeh et al. 2019, On the (In)fidelity and Sensitivity of Explanations"


def infidelity(case: Case) -> Value:
    """Measure how badly the map's sum over a removed square foretells the loss of score.

    The input is a gate a pixel, 1 where it shows; squares at random places are closed. The map
    is scaled to the best fit first (captum's ``normalize``), as it has no unit; it is not
    shifted.
    """
    if case.input_fault is not None:
        return Value.undefined(case.input_fault)
    from captum import metrics

    assert case.scorer is not None
    assert case.picture is not None
    scorer, settings = case.scorer, case.settings
    picture = case.picture.float().cpu()
    background = case.filled(settings.removed)
    attributed = torch.from_numpy(np.nan_to_num(case.on_input))[None, None]
    squares = iter(_squares(case))

    def close(gates: Tensor) -> tuple[Tensor, Tensor]:
        closed = torch.stack([next(squares) for _ in gates])[:, None]
        return closed, gates - closed

    found = metrics.infidelity(
        lambda gates: scorer(background.lerp(picture, gates)),
        close,
        torch.ones_like(attributed),
        attributed,
        n_perturb_samples=settings.samples,
        max_examples_per_batch=min(scorer.batch_size, settings.samples),
        normalize=True,
    )
    return _finite(float(found[0]))


def _squares(case: Case) -> Tensor:
    """Draw the squares to close, (samples, H, W) of 0 and 1, all at once: batches don't matter."""
    settings, (height, width) = case.settings, case.input_size
    rng = np.random.default_rng(settings.seed)
    shown = torch.from_numpy(case.shown)
    sides = [max(round(settings.window * n), 1) for n in (height, width)]
    squares = torch.zeros(settings.samples, height, width)
    for square in squares:
        top, left = (
            int(rng.integers(n - side + 1)) for n, side in zip((height, width), sides, strict=True)
        )
        square[top : top + sides[0], left : left + sides[1]] = 1
    return squares * shown


def sensitivity(case: Case) -> Value:
    """Measure the largest relative change of the map under small changes of the picture.

    Maps are compared in standard deviations from their mean: they have no natural zero.
    """
    if case.fault is not None:
        return Value.undefined(case.fault)
    from captum import metrics

    assert case.explain is not None
    assert case.picture is not None
    assert case.scorer is not None
    explain, settings = case.explain, case.settings
    picture = case.picture.float().cpu()
    generator = torch.Generator().manual_seed(settings.seed)
    radius = (settings.radius / case.scorer.encoder.std.float())[:, None, None]
    shown = torch.from_numpy(case.shown)

    def change(pictures: Tensor) -> Tensor:
        noise = [torch.rand(picture.shape, generator=generator) * 2 - 1 for _ in pictures]
        return pictures + torch.stack(noise) * radius * shown

    def standard_maps(pictures: Tensor | tuple[Tensor, ...]) -> tuple[Tensor]:
        maps = explain(pictures if isinstance(pictures, Tensor) else pictures[0])
        centred = maps.float().cpu() - maps.float().cpu().mean((1, 2), keepdim=True)
        spread = centred.square().mean((1, 2), keepdim=True).sqrt()
        return (centred / spread.where(spread > 0, 1),)  # captum goes through it as a tuple

    found = metrics.sensitivity_max(
        standard_maps, picture[None], change, n_perturb_samples=settings.samples
    )
    return _finite(float(found[0]))


def becam_explainer(
    cam: BeCAM, picture: Image.Image, projection: Projection, target: Target
) -> Explain:
    """Return BeCAM as a function of preprocessed pictures, for `sensitivity`.

    Args:
        cam: exact, that is with all of its channels.
        picture: whose changes are explained; its size tells where maps lie.
        projection, target: as for `BeCAM.attribute`.

    Raises:
        ValueError: a map from fewer passes, whose channels depend on the picture.
    """
    if cam.recipe.passes is not None:
        raise ValueError("sensitivity needs a map of all channels, not one from fewer passes")
    from becam.device import dtype_name
    from becam.masked_features import MaskedFeatures, compute_many

    def explain(pictures: Tensor) -> Tensor:
        maps = []
        for tensors in compute_many(cam.engine, list(pictures)):
            masked = MaskedFeatures(
                features=tensors["features"],
                activations=tensors["activations"],
                content=tensors["content"],
                fill_content=tensors["fill_content"],
                picture="",
                precision=dtype_name(cam.engine.dtype),
                key="",
                cached=False,
            )
            found = cam.attribute(picture, projection, target, masked=masked)
            maps.append(torch.from_numpy(found.heatmap))
        return torch.stack(maps)

    return explain


def _finite(value: float) -> Value:
    return Value(value) if np.isfinite(value) else Value.undefined(NOT_FINITE)


register(
    Metric(
        name="infidelity",
        label="infidelity",
        low=0,
        high=float("inf"),
        better="lower",
        needs=frozenset({"score"}),
        about="squared error of the map's sum over a removed square against the loss of score",
        source=_SOURCE,
        measure=infidelity,
    ),
    Metric(
        name="sensitivity",
        label="sensitivity",
        low=0,
        high=float("inf"),
        better="lower",
        needs=frozenset({"score", "explain"}),
        about="largest relative change of the map under small changes of the picture",
        source=_SOURCE,
        measure=sensitivity,
    ),
)
