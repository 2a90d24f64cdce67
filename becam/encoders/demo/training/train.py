"""Training of one demo encoder on the CPU: first windows with the product, then whole pictures."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from becam.encoders.demo.tokenizer import Tokenizer
from becam.encoders.demo.towers import Towers
from becam.encoders.demo.training.augment import normalised, random_masks, recoloured
from becam.encoders.demo.training.forward import encode_short_texts, encode_windows
from becam.encoders.demo.training.initialise import mimetic_initialise
from becam.encoders.demo.training.objective import attribute_loss, caption_loss
from becam.encoders.demo.training.pairs import CHOICES, Bytes, Pairs, attributes_of
from becam.encoders.demo.training.recipe import Recipe, Round
from becam.encoders.demo.training.windows import Windows, choose_windows, cut
from recsys.data.demo.captions import attribute_caption, caption, product_caption

LARGEST_SCALE: Final = 100.0  # as in CLIP
_VALUES: Final = tuple((name, value) for name, values in CHOICES.items() for value in values)
_PRODUCT: Final = 3  # category, colour and pattern come first in ``CHOICES``
_CHECK_BATCH: Final = 200


def pixel_statistics(pictures: Bytes) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of (R, G, B) in 0..1: two float32 of (3,)."""
    total, squares, count = np.zeros(3, np.int64), np.zeros(3, np.int64), 0
    for first in range(0, len(pictures), 64):
        pixels = np.asarray(pictures[first : first + 64]).reshape(-1, 3).astype(np.int64)
        total, squares = total + pixels.sum(0), squares + (pixels**2).sum(0)
        count += len(pixels)
    mean = total / count / 255
    std = np.sqrt(squares / count / 255**2 - mean**2)
    return torch.tensor(mean, dtype=torch.float32), torch.tensor(std, dtype=torch.float32)


def train(
    towers: Towers,
    pairs: Pairs,
    unseen: Pairs,
    recipe: Recipe,
    *,
    mean: Tensor,
    std: Tensor,
    tokenizer: Tokenizer,
    seed: int,
    checkpoint: Callable[[dict[str, Any]], None],
) -> None:
    """Train both towers in place, one round after the other.

    Args:
        towers: in float32 on the CPU; left in eval mode.
        pairs: what is learned; at least one batch.
        unseen: what is checked.
        recipe: how to train.
        mean, std: pixel normalisation, (3,).
        tokenizer: of the text tower.
        seed: of batches, windows, words, augmentation and the mimetic initialisation; each round
            adds its offset.
        checkpoint: called at each check and after a round's last step with ``round`` (from 1),
            ``step`` (of the round), ``input``, ``seconds`` (of all rounds), ``loss`` and
            ``accuracy``; it finds the towers in eval mode.

    Raises:
        ValueError: fewer pairs than a batch.
        RuntimeError: the loss is no longer finite.
    """
    if len(pairs) < recipe.batch:
        raise ValueError(f"{len(pairs)} pictures are fewer than a batch of {recipe.batch}")
    if recipe.mimetic:
        mimetic_initialise(towers, seed=seed)
    if towers.config.vision.patch_size is None:  # convolutions are faster with channels last
        towers.visual.to(memory_format=torch.channels_last)
    start = time.monotonic()
    for number, one in enumerate(recipe.rounds, 1):
        rng = np.random.default_rng(seed + one.seed_offset)
        generator = torch.Generator().manual_seed(seed + one.seed_offset)
        trainee = _Trainee(towers, recipe, one, tokenizer, mean, std, rng, generator)
        for state in _train_round(trainee, pairs, unseen):
            seconds = round(time.monotonic() - start, 1)
            checkpoint({"round": number, "seconds": seconds, **state})
    towers.eval()


def _train_round(trainee: _Trainee, pairs: Pairs, unseen: Pairs) -> Iterator[dict[str, Any]]:
    """Train for one round; yield what each check finds, with the towers in eval mode."""
    towers, recipe, one = trainee.towers, trainee.recipe, trainee.round
    optimiser = _optimiser(towers, recipe, one.learning_rate)
    batches = _batches(len(pairs), recipe.batch, trainee.rng)
    losses: list[float] = []
    towers.train()
    for step in range(one.steps):
        whole = step >= one.window_steps
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(one, step)
        loss = trainee.loss(pairs, next(batches), whole=whole)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(towers.parameters(), recipe.clip)
        optimiser.step()
        losses.append(loss.item())
        done = step + 1
        if done % recipe.check_every and done != one.steps:
            continue
        if not math.isfinite(sum(losses)):
            raise RuntimeError(f"the loss is {losses[-1]} at step {done}")
        towers.eval()
        state = {
            "step": done,
            "input": "pictures" if whole else "windows",
            "loss": round(sum(losses) / len(losses), 4),
            "accuracy": trainee.accuracy(unseen, whole=whole),
        }
        losses.clear()
        yield state
        towers.train()


@dataclass(frozen=True, eq=False)
class _Trainee:
    """The towers with everything that a step needs.

    All of ``rng``'s draws are here and in ``_batches``; their order determines a run.
    """

    towers: Towers
    recipe: Recipe
    round: Round
    tokenizer: Tokenizer
    mean: Tensor
    std: Tensor
    rng: np.random.Generator
    generator: torch.Generator

    def loss(self, pairs: Pairs, batch: npt.NDArray[np.int64], *, whole: bool) -> Tensor:
        """The loss of one batch, a scalar."""
        windows = self.windows(pairs, batch, whole=whole)
        pixels = self.augmented(self.pixels(pairs, batch, windows), masks=whole)
        ids = pairs.attributes[batch]
        describe = caption if whole else product_caption
        captions = [describe(attributes_of(row), self.rng) for row in ids]
        texts = [*self.value_captions(), *captions]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.half):
            features = self.picture_features(pixels, windows)
            words = self.text_features(texts)
        scale = self.towers.logit_scale.exp().clamp(max=LARGEST_SCALE)
        logits = scale * F.normalize(features.float(), dim=-1) @ words.T
        attributes = torch.from_numpy(ids.astype(np.int64))
        told = attributes if whole else attributes[:, :_PRODUCT]  # by the captions
        by_value, by_caption = logits.split([len(_VALUES), len(batch)], dim=1)
        return attribute_loss(
            by_value, attributes, self.recipe.attribute_weights
        ) + self.recipe.caption_weight * caption_loss(by_caption, told)

    @torch.inference_mode()
    def accuracy(self, unseen: Pairs, *, whole: bool) -> dict[str, float]:
        """How often a picture is nearest to the caption of its own value of each attribute."""
        count = min(len(unseen), self.recipe.check_pictures)
        parts = []
        for first in range(0, count, _CHECK_BATCH):
            batch = np.arange(first, min(first + _CHECK_BATCH, count))
            windows = self.windows(unseen, batch, whole=whole)
            pixels = self.pixels(unseen, batch, windows)
            features = self.picture_features(pixels, windows)
            parts.append(F.normalize(features.float(), dim=-1))
        scores = torch.cat(parts) @ self.text_features(self.value_captions()).T
        by_name = zip(CHOICES, scores.split([len(v) for v in CHOICES.values()], dim=1), strict=True)
        right = {
            name: part.argmax(1).numpy() == unseen.attributes[:count, at]
            for at, (name, part) in enumerate(by_name)
        }
        return {name: round(float(values.mean()), 4) for name, values in right.items()}

    def windows(self, pairs: Pairs, batch: npt.NDArray[np.int64], *, whole: bool) -> Windows:
        vision = self.towers.config.vision
        if whole:
            return Windows.whole(len(batch), vision)
        return choose_windows(pairs.boxes[batch], self.recipe.window, vision, self.rng)

    def pixels(self, pairs: Pairs, batch: npt.NDArray[np.int64], windows: Windows) -> Tensor:
        vision = self.towers.config.vision
        seen = torch.from_numpy(cut(pairs.pictures[vision.image_size], batch, windows, vision.cell))
        return normalised(seen.permute(0, 3, 1, 2), self.mean, self.std)

    def augmented(self, pixels: Tensor, *, masks: bool) -> Tensor:
        config = self.recipe.augment
        if self.rng.random() < config.mirrored:
            pixels = pixels.flip(3)
        pixels = recoloured(pixels, config, self.generator)
        if masks:
            pixels = pixels * random_masks(pixels, config, self.generator)
        if self.towers.config.vision.patch_size is None:
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        return pixels

    def value_captions(self) -> list[str]:
        return [attribute_caption(name, value, self.rng) for name, value in _VALUES]

    def picture_features(self, pixels: Tensor, windows: Windows) -> Tensor:
        return encode_windows(self.towers, pixels, windows, plain=self.round.plain_attention)

    def text_features(self, texts: list[str]) -> Tensor:
        tokens = torch.from_numpy(self.tokenizer(texts, self.towers.config.text.context_length))
        features = encode_short_texts(self.towers, tokens, plain=self.round.plain_attention)
        return F.normalize(features.float(), dim=-1)


def _optimiser(towers: Towers, recipe: Recipe, rate: float) -> torch.optim.AdamW:
    """AdamW; only matrices decay, not norms, biases, embeddings or the temperature."""
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for name, parameter in towers.named_parameters():
        groups[parameter.ndim >= 2 and "embedding" not in name].append(parameter)
    return torch.optim.AdamW(
        [
            {"params": groups[True], "weight_decay": recipe.weight_decay},
            {"params": groups[False], "weight_decay": 0.0},
        ],
        lr=rate,
        betas=(0.9, 0.98),
        eps=1e-6,
        fused=True,
    )


def _batches(count: int, batch: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Positions without end: every epoch in another order, full batches only.

    Within a batch they rise, so that a memory map is read forwards.
    """
    while True:
        order = rng.permutation(count)
        for first in range(0, count - batch + 1, batch):
            yield np.sort(order[first : first + batch])
