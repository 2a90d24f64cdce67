"""What was measured of one heatmap, kept so that a killed run goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from becam import __version__
from becam.measuring.metrics import Value
from becam.measuring.subject import Subject
from becam.store import TensorStore
from recsys.hashing import content_key

VERSION = 1  # raised whenever the same heatmap would give other values


def record_key(subject: Subject, picture: str, method: str, metrics: Sequence[str]) -> str:
    """Return the content key of one heatmap's values.

    Args:
        subject: what is explained.
        picture: SHA-256 of its picture.
        method: how.
        metrics: what is measured.
    """
    cam = subject.cam
    return content_key(
        {
            "what": "measured heatmap",
            "version": [VERSION, __version__],
            "picture": picture,
            "mask": None if subject.mask is None else _hash(subject.mask),
            "labels": None if subject.annotation is None else _hash(subject.annotation.labels),
            "encoder": [cam.encoder.name, cam.encoder.weights_hash],
            "preprocessing": cam.encoder.preprocessing,
            "computed": [str(cam.encoder.dtype), str(cam.engine.dtype), cam.encoder.device.type],
            "layer": cam.layer.name,
            "recipe": asdict(cam.recipe),
            "model": subject.model_key,
            "item": subject.item.item_id,
            "category": subject.item.category,
            "other": subject.other[1].id,
            "item_seed": subject.item_seed,
            "method": method,
            "metrics": list(metrics),
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
            name: Value(None if reason else number, reason) for name, number, reason in pairs
        }, True
    found = compute()
    values = [np.nan if each.value is None else each.value for each in found.values()]
    description: dict[str, Any] = {
        "what": "measured heatmap",
        "metrics": list(found),
        "reasons": [each.reason for each in found.values()],
    }
    store.put(key, {"values": torch.tensor(values, dtype=torch.float64)}, description)
    return found, False


def _hash(array: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()
