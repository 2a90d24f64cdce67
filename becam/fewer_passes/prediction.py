"""Features of all channels from those of a few (scheme ``predict``)."""

from __future__ import annotations

import torch
from torch import Tensor

from becam.fewer_passes.design import choose
from becam.fewer_passes.kernel import covariance, small_masks, unit_distance
from becam.fewer_passes.partial import Prediction
from becam.fewer_passes.regression import fit
from becam.masks import constant_channels

# The share of passes that go to channels drawn at random. They are encoded like the others, and
# stand for the channels that are not: the chosen ones are unusual on purpose.
CHECKED = 0.2
DRAWS = 32
# Length scale, in units, for the choice; the fit finds its own.
DESIGN_LENGTH = 2.0
KNOWN = 2  # the fill (mask 0) and the whole picture (mask 1) are encoded anyway
SEED = 0


def chosen_channels(activations: Tensor, passes: int) -> tuple[Tensor, Tensor]:
    """Choose which channels to encode.

    Args:
        activations: (N, h, w) float on the CPU.
        passes: how many.

    Returns:
        The chosen channels and, of these, the ones drawn at random; both int64. All channels
        that are not constant, and none drawn, where ``passes`` suffices for them.
    """
    varying = (~constant_channels(activations)).nonzero()[:, 0]
    if len(varying) <= passes:
        return varying, varying[:0]
    checks = max(int(passes * CHECKED), 2)
    masks = _with_known(small_masks(activations[varying]))
    unit = unit_distance(masks[KNOWN:])
    kernel = covariance(masks, masks, unit=unit, length=DESIGN_LENGTH)
    effect = activations[varying].flatten(1).double()
    effect = torch.cat([effect.new_zeros(KNOWN, effect.shape[1]), effect])
    design = torch.tensor(choose(kernel, effect, passes - checks, known=KNOWN)) - KNOWN
    rest = torch.ones(len(varying), dtype=torch.bool)
    rest[design] = False
    others = rest.nonzero()[:, 0]
    generator = torch.Generator().manual_seed(SEED)
    drawn = others[torch.randperm(len(others), generator=generator)[:checks]]
    return varying[torch.cat([design, drawn])], varying[drawn]


def complete(
    activations: Tensor,
    chosen: Tensor,
    checked: Tensor,
    encoded: Tensor,
    *,
    fill_content: Tensor,
    content: Tensor,
) -> tuple[Tensor, Tensor, Prediction]:
    """Predict the features of the channels that were not chosen.

    Args:
        activations: (N, h, w) float32.
        chosen, checked: from `chosen_channels`.
        encoded: features of the chosen channels, (n, D) float32.
        fill_content: of the fill alone, (D,); constant channels have it.
        content: of the whole picture, (D,).

    Returns:
        Features of all channels, (N, D) float32; which of them are exact, (N,) bool; and what
        tells how far the others can be trusted.
    """
    flat = constant_channels(activations)
    features = fill_content.repeat(len(activations), 1)
    features[chosen] = encoded
    exact = flat.clone()
    exact[chosen] = True
    varying = (~flat).nonzero()[:, 0]
    asked = (~exact).nonzero()[:, 0]
    draws = torch.zeros(DRAWS, len(activations))
    if not len(asked):
        none = features.new_zeros(0, features.shape[1])
        return features, exact, Prediction(chosen[:0], none, none[:, 0], draws)

    unit = unit_distance(small_masks(activations[varying]))
    observed = _with_known(small_masks(activations[chosen]))
    known = torch.cat([torch.stack([fill_content, content]), encoded]).double()
    found = fit(observed, known, small_masks(activations[asked]), unit=unit)
    features[asked] = found.predicted.float()
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(DRAWS, len(asked), generator=generator, dtype=torch.float64)
    draws[:, asked] = (noise @ found.factor.T).float()
    place = {channel: row for row, channel in enumerate(chosen.tolist(), start=KNOWN)}
    rows = torch.tensor([place[channel] for channel in checked.tolist()])
    prediction = Prediction(
        checked=checked,
        left_out=found.left_out[rows].float(),
        variance=found.left_out_variance[rows].float(),
        draws=draws,
    )
    return features, exact, prediction


def _with_known(masks: Tensor) -> Tensor:
    """Put the fill's mask and the whole picture's before others."""
    ends = torch.stack([torch.zeros_like(masks[0]), torch.ones_like(masks[0])])
    return torch.cat([ends, masks])
