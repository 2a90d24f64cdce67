"""The contrastive loss with hard negatives."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def contrastive_loss(
    pictures: Tensor, texts: Tensor, negatives: Tensor, scale: Tensor, attributes: Tensor
) -> Tensor:
    """CLIP's symmetric loss (Radford et al., ICML 2021, fig. 3) with texts of its own per picture.

    A picture's own negatives stand only in its row. Pairs of a batch that show the same things
    are no negatives of each other.

    Args:
        pictures: content features, (B, D).
        texts: features of their captions, (B, D).
        negatives: features of captions with one attribute swapped, (B, K, D).
        scale: inverse temperature, a scalar.
        attributes: what each pair shows, (B, A) integer.

    Returns:
        The loss, a scalar in float32.
    """
    pictures, texts = F.normalize(pictures.float(), dim=-1), F.normalize(texts.float(), dim=-1)
    negatives = F.normalize(negatives.float(), dim=-1)
    logits = scale * pictures @ texts.T
    same = (attributes[:, None] == attributes[None]).all(-1)
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, float("-inf"))
    own = scale * torch.einsum("bd,bkd->bk", pictures, negatives)
    target = torch.arange(len(logits), device=logits.device)
    by_picture = F.cross_entropy(torch.cat([logits, own], dim=1), target)
    by_text = F.cross_entropy(logits.T, target)
    return (by_picture + by_text) / 2
