"""The two losses: pictures against the captions of each attribute, and against each other's."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from becam.encoders.demo.training.pairs import CHOICES


def attribute_loss(logits: Tensor, attributes: Tensor, weights: Mapping[str, float]) -> Tensor:
    """Cross-entropy of each picture against the captions of all values of one attribute.

    These captions differ in one attribute alone, as hardly two captions of a batch do.

    Args:
        logits: scaled similarity to the caption of each value, attribute after attribute as in
            ``CHOICES``, (B, number of values).
        attributes: what each picture shows, (B, at least the attributes) int64.
        weights: of each attribute.

    Returns:
        The weighted sum over attributes of the mean over pictures, a scalar.
    """
    total = logits.new_zeros(())
    parts = logits.split([len(values) for values in CHOICES.values()], dim=1)
    for at, (name, part) in enumerate(zip(CHOICES, parts, strict=True)):
        total = total + weights[name] * F.cross_entropy(part, attributes[:, at])
    return total


def caption_loss(logits: Tensor, shown: Tensor) -> Tensor:
    """CLIP's symmetric loss (Radford et al., ICML 2021, fig. 3).

    Pairs of a batch that show the same are no negatives of each other.

    Args:
        logits: scaled similarity of each picture to each caption, (B, B).
        shown: what the captions tell, (B, A) int64.
    """
    same = (shown[:, None] == shown[None]).all(-1)
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, float("-inf"))
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
