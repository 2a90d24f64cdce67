"""Baselines by what the score loses where the picture is filled, through captum."""

from __future__ import annotations

import torch

from becam.attribution import Attribution
from becam.methods.result import attribution_of
from becam.methods.superpixels import superpixels
from becam.question import Question


def occlusion(question: Question) -> Attribution:
    """Occlusion (Zeiler and Fergus 2014): fill a sliding window, see what the score loses.

    A pixel has the mean of the losses of the windows that cover it.
    """
    from captum.attr import Occlusion

    sides = question.encoder.input_size
    window = [max(round(side * question.options.window), 1) for side in sides]
    stride = [max(round(side * question.options.stride), 1) for side in sides]
    with torch.no_grad():
        found = Occlusion(question.score).attribute(
            question.input[None],
            sliding_window_shapes=(3, *window),
            strides=(3, *stride),
            baselines=question.background[None],
            perturbations_per_eval=question.batch,
        )
    # A window covers all colours, so each has the whole loss.
    options = {"window": window, "stride": stride}
    return attribution_of(question, "occlusion", found[0, 0], fill=True, options=options)


def feature_ablation(question: Question) -> Attribution:
    """Fill one superpixel after the other, see what the score loses."""
    from captum.attr import FeatureAblation

    labels = superpixels(question)
    with torch.no_grad():
        found = FeatureAblation(question.score).attribute(
            question.input[None],
            baselines=question.background[None],
            feature_mask=labels[None, None],
            perturbations_per_eval=question.batch,
        )
    options = {
        "segments": question.options.segments,
        "compactness": question.options.compactness,
    }
    return attribution_of(question, "feature-ablation", found[0, 0], fill=True, options=options)
