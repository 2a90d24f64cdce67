"""Training of one demo encoder on picture-caption pairs that lie on the device."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from becam.encoders.demo.tokenizer import START, Tokenizer
from becam.encoders.demo.towers import Towers
from becam.encoders.demo.training.augment import AugmentConfig, augmented, normalised
from becam.encoders.demo.training.objective import contrastive_loss
from becam.encoders.demo.training.pairs import SWAPPED, Bytes, Pairs

LARGEST_SCALE = 100.0  # as in CLIP


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an encoder is trained: AdamW, warm-up, then a cosine to zero.

    Attributes:
        seconds, steps: training ends at whichever comes first; one must be given.
        category_negatives, other_negatives: negatives of each kind, a picture and step.
        unknown_words: share of the words that become a random bucket, so that the text tower
            meets words it has never read.
        half: compute in bfloat16; weights, loss and optimiser stay in float32.
    """

    seconds: float | None = None
    steps: int | None = None
    batch: int = 1024
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.05
    clip: float = 1.0
    category_negatives: int = 3
    other_negatives: int = 3
    unknown_words: float = 0.02
    half: bool = False
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        if self.seconds is None and self.steps is None:
            raise ValueError("give seconds or steps, else training never ends")

    def progress(self, step: int, seconds: float) -> float:
        """Share of the training that is over, from 0 to 1."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = seconds / self.seconds if self.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    def rate(self, progress: float) -> float:
        """Learning rate at that share of the training."""
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        over = (progress - self.warmup) / (1 - self.warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * over))


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Pairs as training needs them, all on one device.

    ``pictures`` uint8 (n, 3, H, W) at the encoder's size; tokens and attributes as in ``Pairs``.
    """

    pictures: Tensor
    attributes: Tensor
    captions: Tensor
    negatives: Tensor

    @classmethod
    def of(cls, pairs: Pairs, size: int, device: torch.device) -> TrainingSet:
        """Resize the pictures to the encoder's input and bring everything to the device."""
        return cls(
            resized(pairs.pictures, size, device),
            *(
                torch.from_numpy(values).to(device)
                for values in (pairs.attributes, pairs.captions, pairs.negatives)
            ),
        )


def resized(pictures: Bytes, size: int, device: torch.device, chunk: int = 512) -> Tensor:
    """Resize as becam preprocesses: bicubic, antialiased. (n, S, S, 3) -> (n, 3, size, size)."""
    result = torch.empty(len(pictures), 3, size, size, dtype=torch.uint8, device=device)
    for first in range(0, len(pictures), chunk):
        part = torch.from_numpy(pictures[first : first + chunk]).to(device)
        part = part.permute(0, 3, 1, 2).float()
        if part.shape[-1] != size:
            part = F.interpolate(part, size=(size, size), mode="bicubic", antialias=True)
        result[first : first + chunk] = part.round().clamp(0, 255).to(torch.uint8)
    return result


def train(
    towers: Towers,
    data: TrainingSet,
    recipe: Recipe,
    *,
    mean: Tensor,
    std: Tensor,
    tokenizer: Tokenizer,
    seed: int,
    compiled: bool = False,
    every: float = 60.0,
    checkpoint: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Train both towers in place.

    Args:
        towers: on the device of ``data``; left in eval mode.
        data: the training pairs.
        recipe: how to train.
        mean, std: pixel normalisation, (3,).
        tokenizer: the one the pairs were tokenised with.
        seed: of batches and augmentation.
        compiled: run the towers through ``torch.compile``.
        every: seconds between two calls of ``checkpoint``, which gets the state of the training
            and finds the towers in eval mode.
        checkpoint: called with the state of the training.

    Returns:
        The last state: step, seconds, loss, temperature.

    Raises:
        RuntimeError: the loss is no longer finite.
    """
    device = data.pictures.device
    mean, std = mean.to(device), std.to(device)
    generator = torch.Generator(device).manual_seed(seed)
    optimiser = _optimiser(towers, recipe, fused=device.type == "cuda")
    forward: Callable[..., Any] = torch.compile(_Pair(towers)) if compiled else _Pair(towers)
    layout = torch.contiguous_format
    if towers.config.vision.patch_size is None:  # convolutions are faster with channels last
        layout = torch.channels_last
        towers.visual.to(memory_format=layout)
    parameters = list(towers.parameters())
    towers.train()
    batches = _batches(len(data.pictures), recipe.batch, generator)
    start = said = time.monotonic()
    step, losses = 0, torch.zeros((), device=device)
    counted = 0
    while True:
        progress = recipe.progress(step, time.monotonic() - start)
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(progress)
        batch = next(batches)
        pictures = normalised(data.pictures[batch], mean, std)
        pictures = augmented(pictures, recipe.augment, generator).contiguous(memory_format=layout)
        texts = _texts(data, batch, recipe, tokenizer, generator)
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.half):
            features, words = forward(pictures, texts.flatten(0, 1))
        words = words.view(*texts.shape[:2], -1)
        scale = towers.logit_scale.exp().clamp(max=LARGEST_SCALE)
        attributes = data.attributes[batch]
        loss = contrastive_loss(features, words[:, 0], words[:, 1:], scale, attributes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, recipe.clip)
        optimiser.step()
        losses += loss.detach()
        step, counted = step + 1, counted + 1
        if time.monotonic() - said >= every:
            state = _state(towers, step, start, losses, counted)
            towers.eval()
            checkpoint(state)
            towers.train()
            losses.zero_()
            counted, said = 0, time.monotonic()
    towers.eval()
    return _state(towers, step, start, losses, counted)


class _Pair(nn.Module):
    """Both towers in one call, for ``torch.compile``."""

    def __init__(self, towers: Towers) -> None:
        super().__init__()
        self.towers = towers

    def forward(self, pictures: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return self.towers.encode_pictures(pictures), self.towers.encode_texts(tokens)


def _state(towers: Towers, step: int, start: float, losses: Tensor, counted: int) -> dict[str, Any]:
    loss = losses.item() / max(1, counted)
    if not math.isfinite(loss):
        raise RuntimeError(f"the loss is {loss} at step {step}")
    return {
        "step": step,
        "seconds": round(time.monotonic() - start, 1),
        "loss": round(loss, 4),
        "temperature": round(1 / min(towers.logit_scale.exp().item(), LARGEST_SCALE), 4),
    }


def _optimiser(towers: Towers, recipe: Recipe, *, fused: bool) -> torch.optim.AdamW:
    """AdamW; only matrices decay, not norms, biases, embeddings or the temperature."""
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for name, parameter in towers.named_parameters():
        groups[parameter.ndim >= 2 and "embedding" not in name].append(parameter)
    return torch.optim.AdamW(
        [
            {"params": groups[True], "weight_decay": recipe.weight_decay},
            {"params": groups[False], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
        eps=1e-6,
        fused=fused,
    )


def _batches(count: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Positions without end: every epoch in another order, full batches only."""
    batch = min(batch, count)
    while True:
        order = torch.randperm(count, generator=generator, device=generator.device)
        for first in range(0, count - batch + 1, batch):
            yield order[first : first + batch]


def _texts(
    data: TrainingSet,
    batch: Tensor,
    recipe: Recipe,
    tokenizer: Tokenizer,
    generator: torch.Generator,
) -> Tensor:
    """One phrasing of each caption, then its negatives: (B, 1 + K, L) int64."""
    device = generator.device

    def some(low: int, high: int, count: int) -> Tensor:
        order = torch.randperm(high - low, generator=generator, device=device)
        return low + order[:count]

    hard = SWAPPED.count("category")
    columns = torch.cat(
        [some(0, hard, recipe.category_negatives), some(hard, len(SWAPPED), recipe.other_negatives)]
    )
    phrasings = data.captions.shape[1]
    pick = torch.randint(phrasings, (len(batch),), generator=generator, device=device)
    texts = torch.cat(
        [data.captions[batch, pick][:, None], data.negatives[batch][:, columns]], dim=1
    ).long()
    unknown = torch.rand(texts.shape, generator=generator, device=device) < recipe.unknown_words
    unknown &= (texts > START) & (texts < tokenizer.first_bucket)
    buckets = torch.randint(
        tokenizer.first_bucket, tokenizer.end, texts.shape, generator=generator, device=device
    )
    return torch.where(unknown, buckets, texts)
