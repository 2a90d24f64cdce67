"""Superpixels: patches of like colour, the features of ablation, LIME and KernelSHAP."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from becam.question import Question


def superpixels(question: Question) -> Tensor:
    """Divide the encoder's input by SLIC (Achanta et al. 2012), as scikit-image has it.

    The picture is taken as the encoder sees it, before its colours are normalised.

    Returns:
        (H, W) int64 on the encoder's device, labels from 0 without gaps, at least two.
    """
    from skimage.segmentation import slic

    options, encoder = question.options, question.encoder
    mean, std = (values.to(question.input)[:, None, None] for values in (encoder.mean, encoder.std))
    colours = (question.input * std + mean).clamp(0, 1).permute(1, 2, 0).cpu().double().numpy()
    found = slic(
        colours,
        n_segments=options.segments,
        compactness=options.compactness,
        start_label=0,
        channel_axis=-1,
    )
    _, labels = np.unique(found, return_inverse=True)
    labels = labels.reshape(found.shape)
    if labels.max() == 0:  # one superpixel has nothing to be compared with: two halves do
        labels[:, labels.shape[1] // 2 :] = 1
    return torch.from_numpy(labels.astype(np.int64)).to(encoder.device)
