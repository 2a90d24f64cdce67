"""What a demo encoder's frozen features tell about pictures it has never seen."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from becam.encoders.demo.tokenizer import Tokenizer
from becam.encoders.demo.towers import Towers
from becam.encoders.demo.training.augment import normalised
from becam.encoders.demo.training.pairs import CHOICES, attributes_of
from becam.encoders.demo.training.train import TrainingSet
from recsys.data.demo.captions import title

REQUIRED = {"category": 0.90, "colour": 0.95, "pattern": 0.95, "scene": 0.95}


def picture_features(
    towers: Towers, pictures: Tensor, mean: Tensor, std: Tensor, batch: int = 256
) -> Tensor:
    """Encode uint8 pictures (n, 3, H, W) in float32 -> content features (n, D)."""
    mean, std = mean.to(pictures.device), std.to(pictures.device)
    with torch.inference_mode():
        parts = [
            towers.encode_pictures(normalised(part, mean, std)).float()
            for part in pictures.split(batch)
        ]
    return torch.cat(parts)


def linear_probes(features: Tensor, attributes: Tensor) -> dict[str, float]:
    """Accuracy of a logistic regression for each attribute: two thirds train, the rest tests."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, labels = _numbers(features), _numbers(attributes)
    cut = 2 * len(values) // 3
    accuracy = {}
    for at, name in enumerate(CHOICES):
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        probe.fit(values[:cut], labels[:cut, at])
        accuracy[name] = round(float(probe.score(values[cut:], labels[cut:, at])), 4)
    return accuracy


def zero_shot(
    towers: Towers, features: Tensor, attributes: Tensor, tokenizer: Tokenizer
) -> dict[str, float]:
    """How often a picture is nearest to its own title among those with one attribute swapped."""
    shown = [attributes_of(row) for row in _numbers(attributes)]
    pictures = F.normalize(features, dim=-1)
    accuracy = {}
    for at, (name, choices) in enumerate(CHOICES.items()):
        titles = [
            title(dataclasses.replace(one, **{name: choice}))  # type: ignore[arg-type]
            for one in shown
            for choice in choices
        ]
        texts = _text_features(towers, titles, tokenizer, features.device)
        scores = torch.einsum("nd,ncd->nc", pictures, texts.view(len(shown), len(choices), -1))
        right = scores.argmax(1) == attributes[:, at].to(scores.device)
        accuracy[name] = round(right.float().mean().item(), 4)
    return accuracy


def retrieval(
    towers: Towers, features: Tensor, attributes: Tensor, tokenizer: Tokenizer
) -> dict[str, float]:
    """How often the nearest title of all, or one of the nearest five, shows the same things."""
    titles = [title(attributes_of(row)) for row in _numbers(attributes)]
    texts = _text_features(towers, titles, tokenizer, features.device)
    nearest = (F.normalize(features, dim=-1) @ texts.T).topk(min(5, len(titles)), dim=1).indices
    attributes = attributes.to(features.device)
    same = (attributes[nearest] == attributes[:, None]).all(-1)
    return {
        "pictures": len(titles),
        "recall@1": round(same[:, 0].float().mean().item(), 4),
        "recall@5": round(same.any(1).float().mean().item(), 4),
    }


def all_probes(
    towers: Towers, sets: dict[str, TrainingSet], mean: Tensor, std: Tensor, tokenizer: Tokenizer
) -> dict[str, Any]:
    """Run every probe on every set of unseen pictures, by the set's name."""
    results = {}
    for name, data in sets.items():
        features = picture_features(towers, data.pictures, mean, std)
        some = slice(0, 1000)
        results[name] = {
            "linear": linear_probes(features, data.attributes),
            "zero_shot": zero_shot(towers, features[some], data.attributes[some], tokenizer),
            "retrieval": retrieval(towers, features[some], data.attributes[some], tokenizer),
        }
    return results


def _text_features(
    towers: Towers, texts: list[str], tokenizer: Tokenizer, device: torch.device
) -> Tensor:
    tokens = torch.from_numpy(tokenizer(texts, towers.config.text.context_length)).to(device)
    with torch.inference_mode():
        parts = [towers.encode_texts(part).float() for part in tokens.split(1024)]
    return F.normalize(torch.cat(parts), dim=-1)


def _numbers(values: Tensor) -> npt.NDArray[Any]:
    return np.asarray(values.cpu().numpy())
