"""What a demo encoder's frozen features tell about pictures it has never seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from becam.encoders.demo.tokenizer import Tokenizer
from becam.encoders.demo.towers import Towers
from becam.encoders.demo.training.augment import normalised
from becam.encoders.demo.training.pairs import CHOICES, Bytes, Ids, Pairs, attributes_of
from recsys.data.demo.captions import title

REQUIRED: Final = {"category": 0.90, "colour": 0.95, "pattern": 0.95, "scene": 0.95}
_TITLES: Final = 1000  # pictures that are compared with titles
_BATCH: Final = 100
_REGULARISATION: Final = (0.003, 0.01, 0.03, 0.1, 1.0)  # C, its inverse strength


def content_features(towers: Towers, pictures: Bytes, mean: Tensor, std: Tensor) -> Tensor:
    """Encode uint8 pictures (n, S, S, 3) in float32 -> content features (n, D)."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(pictures), _BATCH):
            pixels = torch.from_numpy(np.array(pictures[first : first + _BATCH]))
            parts.append(towers.encode_pictures(normalised(pixels.permute(0, 3, 1, 2), mean, std)))
    return torch.cat(parts)


def linear_probes(features: npt.NDArray[np.float32], attributes: Ids) -> dict[str, float]:
    """Accuracy of a logistic regression for each attribute: two thirds train, the rest tests.

    Its regularisation is chosen by cross-validation on the two thirds that it learns from.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    cut = 2 * len(features) // 3
    accuracy = {}
    for at, name in enumerate(CHOICES):
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        probe = GridSearchCV(pipeline, {"logisticregression__C": _REGULARISATION}, cv=3)
        probe.fit(features[:cut], attributes[:cut, at])
        accuracy[name] = round(float(probe.score(features[cut:], attributes[cut:, at])), 4)
    return accuracy


def zero_shot(
    towers: Towers, features: Tensor, attributes: Ids, tokenizer: Tokenizer
) -> dict[str, float]:
    """How often a picture is nearest to its own title among those with one attribute swapped."""
    shown = [attributes_of(row) for row in attributes]
    pictures = F.normalize(features, dim=-1)
    accuracy = {}
    for at, (name, choices) in enumerate(CHOICES.items()):
        titles = [
            title(dataclasses.replace(one, **{name: choice}))  # type: ignore[arg-type]  # one of its choices
            for one in shown
            for choice in choices
        ]
        texts = _text_features(towers, titles, tokenizer)
        scores = torch.einsum("nd,ncd->nc", pictures, texts.view(len(shown), len(choices), -1))
        accuracy[name] = round(float(np.mean(scores.argmax(1).numpy() == attributes[:, at])), 4)
    return accuracy


def retrieval(
    towers: Towers, features: Tensor, attributes: Ids, tokenizer: Tokenizer
) -> dict[str, float]:
    """How often the nearest title of all, or one of the nearest five, shows the same things."""
    titles = [title(attributes_of(row)) for row in attributes]
    texts = _text_features(towers, titles, tokenizer)
    nearest = (F.normalize(features, dim=-1) @ texts.T).topk(min(5, len(titles)), dim=1).indices
    same = (attributes[nearest.numpy()] == attributes[:, None]).all(-1)
    return {
        "pictures": len(titles),
        "recall@1": round(float(same[:, 0].mean()), 4),
        "recall@5": round(float(same.any(1).mean()), 4),
    }


def all_probes(
    towers: Towers, sets: Mapping[str, Pairs], mean: Tensor, std: Tensor, tokenizer: Tokenizer
) -> dict[str, Any]:
    """Run every probe on every set of unseen pictures, by the set's name."""
    results = {}
    for name, pairs in sets.items():
        pictures = pairs.pictures[towers.config.vision.image_size]
        features = content_features(towers, pictures, mean, std)
        some, shown = features[:_TITLES], pairs.attributes[:_TITLES]
        results[name] = {
            "pictures": len(pairs),
            "linear": linear_probes(features.numpy(), pairs.attributes),
            "zero_shot": zero_shot(towers, some, shown, tokenizer),
            "retrieval": retrieval(towers, some, shown, tokenizer),
        }
    return results


def _text_features(towers: Towers, texts: list[str], tokenizer: Tokenizer) -> Tensor:
    tokens = torch.from_numpy(tokenizer(texts, towers.config.text.context_length))
    with torch.inference_mode():
        parts = [towers.encode_texts(part) for part in tokens.split(1024)]
    return F.normalize(torch.cat(parts), dim=-1)
