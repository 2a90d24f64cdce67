"""Controls: what a map must beat to mean anything."""

from __future__ import annotations

import torch

from becam.attribution import Attribution
from becam.methods.result import attribution_of, named, weighted
from becam.question import Question
from recsys.errors import InputError

WIDTH = 0.25  # of the centre prior: a standard deviation, as a share of the picture's side


def unweighted(question: Question) -> Attribution:
    """Mean activation over the channels: every weight is the same."""
    channels = len(question.activations)
    return weighted(question, "unweighted", torch.full((channels,), 1 / channels))


def centre(question: Question) -> Attribution:
    """Gaussian in the middle of the picture, as in `becam.metrics.centre_prior`.

    In the middle of the picture, not of the encoder's input, where these differ.
    """
    geometry = question.encoder.geometry(question.picture.size)
    left, top, right, bottom = geometry.box
    width, height = geometry.picture_size
    sides = []
    for cells, start, stop, length in zip(
        question.encoder.input_size, (top, left), (bottom, right), (height, width), strict=True
    ):
        places = start + (torch.arange(cells, dtype=torch.float64) + 0.5) / cells * (stop - start)
        sides.append(torch.exp(-0.5 * ((places / length - 0.5) / WIDTH) ** 2))
    found = sides[0][:, None] * sides[1][None, :]
    return attribution_of(question, "centre", found, options={"width": WIDTH})


def random_weights(question: Question) -> Attribution:
    """Activations weighed by standard normal numbers, others for every picture and target."""
    generator = question.generator("random weights")
    drawn = torch.randn(len(question.activations), generator=generator)
    return weighted(question, "random-weights", drawn)


def other_item(question: Question) -> Attribution:
    """BeCAM with another item's embedding, the first of ``others``, on the same picture.

    Raises:
        InputError: the question has no others.
    """
    if not question.others:
        raise InputError("method 'other-item' needs another item's embedding; expected others")
    projection, target = question.others[0]
    options = {"instead_of": question.target.id}
    return named(question, "other-item", question.attribute(projection, target), options)
