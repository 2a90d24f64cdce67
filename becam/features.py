"""Content features of a whole catalogue: pictures and texts through the encoder, once."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor

from becam.encoders.base import Encoder
from becam.progress import Reporter
from becam.store import TensorStore, content_key
from recsys.data.catalogue import Catalogue

BATCH = 64
VERSION = 1


def catalogue_features(
    catalogue: Catalogue, encoder: Encoder, store: TensorStore, reporter: Reporter
) -> dict[str, Tensor]:
    """Encode every item's picture and title.

    The key covers the bytes of all pictures, the titles, and the encoder.

    Returns:
        ``image`` and ``text``, each (items, D) float32 on the CPU, in the catalogue's order.

    Raises:
        InputError: a picture that can't be read; the message names the file.
        OSError: the store can't be written.
    """
    about = _about(catalogue, encoder)
    key = content_key(about)
    stored = store.get(key)
    reporter.done("content features", cached=stored is not None)
    if stored is not None:
        return stored
    features = {
        "image": _encode_pictures(catalogue, encoder, reporter),
        "text": _encode_titles(catalogue, encoder),
    }
    store.put(key, features, about)
    return features


def _about(catalogue: Catalogue, encoder: Encoder) -> dict[str, Any]:
    pictures, titles = hashlib.sha256(), hashlib.sha256()
    for item in catalogue.items:
        pictures.update(hashlib.sha256(catalogue.picture_bytes(item)).digest())
        titles.update(hashlib.sha256(item.title.encode()).digest())
    return {
        "what": "content features",
        "version": VERSION,
        "pictures": pictures.hexdigest(),
        "titles": titles.hexdigest(),
        "encoder": encoder.name,
        "weights": encoder.weights_hash,
        "dtype": str(encoder.dtype),
        "device": encoder.device.type,
    }


def _encode_pictures(catalogue: Catalogue, encoder: Encoder, reporter: Reporter) -> Tensor:
    chunks: list[Tensor] = []
    items = catalogue.items
    with (
        torch.inference_mode(),
        reporter.bar("encoding pictures", len(items), "picture") as step,
    ):
        for start in range(0, len(items), BATCH):
            batch = [encoder.preprocess(catalogue.picture(item)) for item in items[start:][:BATCH]]
            pictures = torch.stack(batch).to(encoder.device, encoder.dtype)
            chunks.append(encoder.encode_pictures(pictures).float().cpu())
            step(start + len(batch), "")
    return torch.cat(chunks)


def _encode_titles(catalogue: Catalogue, encoder: Encoder) -> Tensor:
    titles = [item.title for item in catalogue.items]
    with torch.inference_mode():
        return torch.cat(
            [
                encoder.encode_texts(titles[start : start + BATCH]).float().cpu()
                for start in range(0, len(titles), BATCH)
            ]
        )
