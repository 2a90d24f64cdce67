"""What was measured of one heatmap, kept so that a killed run goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from becam import __version__
from becam.measuring.subject import Subject
from becam.metrics import MetricSettings, Value
from becam.metrics.faithfulness import Curve
from becam.store import TensorStore
from recsys.hashing import content_key

VERSION = 3  # raised whenever the same heatmap would give other values
CURVE = "curve "  # begins the name of a curve's tensor


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of one heatmap.

    Attributes:
        values: by metric, details after theirs.
        curves: by name of `becam.metrics.curves.CURVES`, those that there are.
    """

    values: dict[str, Value]
    curves: dict[str, Curve] = field(default_factory=dict)


def record_key(
    subject: Subject, method: str, metrics: Sequence[str], settings: MetricSettings
) -> str:
    """Return the content key of one heatmap's values.

    Args:
        subject: what is explained.
        method: how.
        metrics: what is measured.
        settings: theirs.
    """
    question, mask, labels = subject.question, subject.product.mask, subject.annotation
    encoder, cam = question.encoder, question.cam
    return content_key(
        {
            "what": "measured heatmap",
            "version": [VERSION, __version__],
            "picture": question.digest,
            "mask": subject.product.reason if mask is None else _hash(mask),
            "labels": None
            if labels is None
            else [_hash(labels.labels), sorted(labels.legend.items())],
            "encoder": [encoder.name, encoder.weights_hash],
            "preprocessing": encoder.preprocessing,
            "computed": [str(encoder.dtype), str(cam.engine.dtype), encoder.device.type],
            "layer": question.layer.name,
            "recipe": asdict(cam.recipe),
            "model": question.model_key,
            "item": subject.item.item_id,
            "category": question.category,
            "others": [target.id for _, target in question.others],
            "seed": question.seed,
            "method": method,
            "options": asdict(question.options),
            "metrics": list(metrics),
            "settings": asdict(settings),
        }
    )


def recorded(
    store: TensorStore, key: str, compute: Callable[[], Measured]
) -> tuple[Measured, bool]:
    """Return what was measured under ``key``, and whether it was stored; compute and store it else.

    Raises:
        OSError: the store can't be written.
    """
    tensors, about = store.get(key), store.about(key)
    if tensors is not None and about is not None:
        numbers = tensors["values"].tolist()
        pairs = zip(about["metrics"], numbers, about["reasons"], strict=True)
        values = {
            name: Value.undefined(reason) if reason else Value(number)
            for name, number, reason in pairs
        }
        # In the order in which they were measured: tensors are sorted by name.
        curves = {name: Curve(*tensors[CURVE + name].numpy()) for name in about["curves"]}
        return Measured(values, curves), True
    found = compute()
    numbers = [np.nan if each.value is None else each.value for each in found.values.values()]
    description: dict[str, Any] = {
        "what": "measured heatmap",
        "metrics": list(found.values),
        "reasons": [each.reason or "" for each in found.values.values()],
        "curves": list(found.curves),
    }
    kept = {
        CURVE + name: torch.from_numpy(np.stack([each.shares, each.scores]))
        for name, each in found.curves.items()
    }
    store.put(key, {"values": torch.tensor(numbers, dtype=torch.float64), **kept}, description)
    return found, False


def _hash(array: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()
