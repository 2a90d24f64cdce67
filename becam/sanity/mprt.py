"""The model parameter randomisation test: a map that survives random weights shows the picture.

Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018: the encoder's weights are made
random from the output down, and the map is compared with the original after each stage. A map
that stays as it is does not depend on what the encoder has learnt.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from becam.encoders.base import Encoder, Layer
from becam.fewer_passes.rank_correlation import spearman
from becam.methods.registry import method_of
from becam.precision import tower_of
from becam.question import Question
from becam.sanity.stages import stages
from recsys.errors import InputError, shown
from recsys.hashing import content_key


@dataclass(frozen=True)
class RandomisedStage:
    """The map after one more stage was made random.

    Attributes:
        name: of the stage; all above it are random too.
        spearman: rank correlation with the original map; None where it is not defined.
        note: why it is not defined, in a line.
    """

    name: str
    spearman: float | None
    note: str | None


@dataclass(frozen=True)
class Randomisation:
    """A method's maps under random weights, from the output of the encoder down.

    Attributes:
        method: its name.
        seed: of the random weights.
        stages: the stage next to the output first; the last one has all weights random.
    """

    method: str
    seed: int
    stages: tuple[RandomisedStage, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "stages": [asdict(stage) for stage in self.stages]}


def mprt(
    question: Question, method: str = "becam", *, seed: int | None = None, most: int | None = None
) -> Randomisation:
    """Randomise the encoder's picture tower, stage by stage from the output down.

    Each weight tensor is drawn anew from a normal distribution with its own mean and standard
    deviation, so that what flows through keeps its size; a constant tensor stays as it is, and
    so do the statistics of batch norms. All happens on a copy.

    Args:
        question: what is explained; its seed is also that of the method.
        method: a name of `becam.methods.METHODS`.
        seed: of the random weights; the question's without.
        most: stages at which the map is made at most, spread evenly, the last always among
            them; every one without.

    Raises:
        InputError: an unknown method, fewer than one stage, an encoder whose tower can't be
            told, or what the method refuses.
    """
    run = method_of(method).run
    seed = question.seed if seed is None else seed
    randomised = random_encoders(
        question.encoder, question.layer, question.input, seed=seed, most=most
    )
    original, found = None, []
    for each in randomised:
        if original is None:  # not before the stages were checked
            original = torch.from_numpy(run(question).heatmap)
        asked = replace(question, encoder=each.encoder, layer=each.layer, masked=None, store=None)
        found.append(_compared(each.name, original, torch.from_numpy(run(asked).heatmap)))
    return Randomisation(method, seed, tuple(found))


@dataclass(frozen=True, eq=False)
class RandomEncoder:
    """An encoder whose picture tower is random from the output down to a stage.

    Attributes:
        name: of that stage.
        encoder, layer: as the question's own; only until the next stage is made random.
    """

    name: str
    encoder: Encoder
    layer: Layer


def random_encoders(
    encoder: Encoder, layer: Layer, picture: torch.Tensor, *, seed: int, most: int | None = None
) -> Iterator[RandomEncoder]:
    """Randomise a copy of an encoder's picture tower, stage by stage from the output down.

    The weights depend on the seed alone, not on the picture, nor on what is asked in between.

    Args:
        encoder: which stays as it is.
        layer: the target layer; its place in the tower decides nothing.
        picture: any, as the encoder takes it, (3, H, W): a pass shows the order of the stages.
        seed: of the random weights.
        most: as for `mprt`.

    Raises:
        InputError: fewer than one stage, an encoder whose tower can't be told.
    """
    if most is not None and most < 1:
        raise InputError(f"stages {shown(most)}: expected at least 1")
    copied, tower = _copied(encoder, layer)
    batch = picture[None].to(encoder.dtype)
    order = stages(tower, lambda: copied.encode_pictures(batch))
    if not order:
        raise InputError(f"encoder {shown(encoder.name)}: no weights to randomise")
    generator = torch.Generator().manual_seed(seed)
    weights = dict(tower.named_parameters())
    kept = len(order) if most is None else min(most, len(order))
    measured = {len(order) - 1 - round(step * len(order) / kept) for step in range(kept)}
    for place, (name, names) in enumerate(order):
        for each in names:
            redraw(weights[each], generator)
        if place not in measured:
            continue
        # Another name for other weights: whoever stores by it must not find the original's.
        copied.weights_hash = content_key(
            {"of": encoder.weights_hash, "randomised": name, "seed": seed}
        )
        yield RandomEncoder(name, copied, copied.layer(layer.name))


def redraw(weight: torch.Tensor, generator: torch.Generator) -> None:
    """Draw a weight anew, in place: normal, with its own mean and standard deviation."""
    values = weight.detach().double().cpu()
    drawn = torch.randn(values.shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        weight.copy_(drawn * values.std(correction=0) + values.mean())


def _compared(name: str, original: torch.Tensor, found: torch.Tensor) -> RandomisedStage:
    value = spearman(original, found)
    if not math.isnan(value):
        return RandomisedStage(name, value, None)
    constant = "the original map" if original.min() == original.max() else "the map"
    return RandomisedStage(name, None, f"{constant} is constant: no rank correlation")


def _copied(encoder: Encoder, layer: Layer) -> tuple[Encoder, nn.Module]:
    """Copy an encoder with its picture tower; all else is shared. Hooks are not copied."""
    place = tower_of(encoder, layer)
    if place is None:
        raise InputError(
            f"encoder {shown(encoder.name)}: its picture tower can't be told, so it "
            "can't be randomised; expected a module that holds the target layer"
        )
    name, tower = place
    copied = copy.deepcopy(tower)
    for module in copied.modules():
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
    other = copy.copy(encoder)
    setattr(other, name, copied)
    return other, copied
