"""What was measured of one heatmap, kept so that a killed run goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from becam import __version__
from becam.measuring.subject import Subject
from becam.metrics import MetricSettings, Value
from becam.store import TensorStore
from recsys.hashing import content_key

VERSION = 2  # raised whenever the same heatmap would give other values


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
    store: TensorStore, key: str, compute: Callable[[], dict[str, Value]]
) -> tuple[dict[str, Value], bool]:
    """Return the values of ``key``, and whether they were stored; compute and store them else.

    Raises:
        OSError: the store can't be written.
    """
    tensors, about = store.get(key), store.about(key)
    if tensors is not None and about is not None:
        numbers = tensors["values"].tolist()
        pairs = zip(about["metrics"], numbers, about["reasons"], strict=True)
        return {
            name: Value.undefined(reason) if reason else Value(number)
            for name, number, reason in pairs
        }, True
    found = compute()
    values = [np.nan if each.value is None else each.value for each in found.values()]
    description: dict[str, Any] = {
        "what": "measured heatmap",
        "metrics": list(found),
        "reasons": [each.reason or "" for each in found.values()],
    }
    store.put(key, {"values": torch.tensor(values, dtype=torch.float64)}, description)
    return found, False


def _hash(array: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()
