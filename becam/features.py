"""Content features of a whole catalogue: pictures and texts through the encoder, once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from becam.chunks import tried
from becam.config import MOST_ENCODED
from becam.encoders.base import Encoder
from becam.progress import Reporter
from becam.store import TensorStore
from recsys.data.catalogue import Catalogue, Item
from recsys.errors import InputError, shown
from recsys.hashing import content_key

MODALITIES = ("image", "text")
CHUNK = MOST_ENCODED  # items stored at once, and encoded where memory suffices
VERSION = 2

_PLURALS = {"image": "pictures", "text": "texts"}


def catalogue_features(
    catalogue: Catalogue,
    encoder: Encoder,
    store: TensorStore,
    reporter: Reporter,
    *,
    modalities: Sequence[str] = MODALITIES,
    notes: list[str] | None = None,
    skip_unreadable: bool = False,
    batch: int | None = None,
) -> dict[str, Tensor]:
    """Encode every item's picture, title or both.

    The key of a modality covers the bytes of all pictures, or the titles, and the encoder.
    Finished chunks are stored as they come: a run that was killed goes on after the last one and
    gives the same bytes.

    An item without a picture (or title) gets the mean of the others' rows, the point that says
    least about it.

    Args:
        catalogue: the items.
        encoder: what encodes them.
        store: where features are kept.
        reporter: told about progress, and whether features came from the store.
        modalities: ``image``, ``text`` or both.
        notes: a line is added where items lack a picture or title.
        skip_unreadable: treat an item whose picture can't be read as one without a picture, for
            work on many items that one bad file must not stop; ``notes`` name the first.
        batch: items encoded at once, at most those of a chunk; halved where memory runs out.
            Features of different batches differ by rounding alone.

    Returns:
        By modality, (items, D) float32 on the CPU, in the catalogue's order.

    Raises:
        InputError: a picture that can't be read (the message names the file), no picture or
            title at all, features that are not finite.
        MemoryError: one picture or text is too much.
        OSError: the store can't be written.
    """
    found: dict[str, Tensor] = {}
    batches = _Batches(catalogue, encoder, min(batch or CHUNK, CHUNK))
    cached = True
    for modality in modalities:
        contents = content_hashes(catalogue, modality, reporter, skip_unreadable=skip_unreadable)
        if skip_unreadable and modality == "image":
            contents = _readable(catalogue, encoder, contents, store, notes)
        missing = contents.count(None)
        if missing == len(contents):
            raise InputError(
                f"catalogue {shown(catalogue.name)} has no {_PLURALS[modality]}; "
                f"expected at least one for modality {modality!r}"
            )
        if missing and notes is not None:
            notes.append(
                f"{missing} of {len(contents)} items without {_PLURALS[modality][:-1]} to encode: "
                f"their {modality!r} features are the mean of the others'"
            )
        about = describe(encoder, modality) | {"contents": content_key({"hashes": contents})}
        key = content_key(about)
        stored = store.get(key)
        if stored is None:
            cached = False
            rows = _encode(batches, modality, contents, store, reporter)
            stored = {"features": rows}
            store.put(key, stored, about)
            for chunk in _chunks(contents):
                store.discard(_chunk_key(encoder, modality, contents, chunk))
        found[modality] = stored["features"]
    reporter.done("content features", cached=cached)
    return found


def content_hashes(
    catalogue: Catalogue,
    modality: str,
    reporter: Reporter | None = None,
    *,
    skip_unreadable: bool = False,
) -> list[str | None]:
    """Return the sha256 (hex) of every item's picture file or title; None where it has none.

    Raises:
        InputError: a picture file that is there but can't be read, unless ``skip_unreadable``.
    """
    if modality == "text":
        return [
            hashlib.sha256(item.title.encode()).hexdigest() if item.has_text else None
            for item in catalogue.items
        ]
    found: list[str | None] = []
    with (reporter or Reporter(quiet=True)).bar(
        "reading pictures", len(catalogue.items), "picture"
    ) as step:
        for item in catalogue.items:
            data = None
            if _has_picture(item):
                try:
                    data = catalogue.picture_bytes(item)
                except InputError:
                    if not skip_unreadable:
                        raise
            found.append(None if data is None else hashlib.sha256(data).hexdigest())
            step(len(found), "")
    return found


def _readable(
    catalogue: Catalogue,
    encoder: Encoder,
    contents: Sequence[str | None],
    store: TensorStore,
    notes: list[str] | None,
) -> list[str | None]:
    """Return the hashes less those of pictures that can't be decoded; which, is kept."""
    hashes = content_key({"hashes": contents})
    if store.about(content_key(describe(encoder, "image") | {"contents": hashes})) is not None:
        return list(contents)  # they were all encoded before
    about = {"what": "unreadable pictures", "version": 1, "contents": hashes}
    stored = store.get(content_key(about))
    if stored is None:
        rows = [row for row, content in enumerate(contents) if content is not None]
        bad = [row for row in rows if _problem(catalogue, row) is not None]
        stored = {"rows": torch.tensor(bad, dtype=torch.int64)}
        store.put(content_key(about), stored, about)
    unreadable = stored["rows"].tolist()
    if unreadable and notes is not None:
        notes.append(
            f"{len(unreadable)} of {len(contents)} pictures can't be read "
            f"(first: {_problem(catalogue, unreadable[0])})"
        )
    return [None if row in unreadable else content for row, content in enumerate(contents)]


def _problem(catalogue: Catalogue, row: int) -> str | None:
    """Say why an item's picture can't be used; None where it can."""
    try:
        catalogue.picture(catalogue.items[row])
    except InputError as error:
        return str(error)
    return None


def _has_picture(item: Item) -> bool:
    # A link that leads nowhere is a fault to tell, not an item without a picture.
    return item.image is not None and (item.image.exists() or item.image.is_symlink())


def describe(encoder: Encoder, modality: str) -> dict[str, Any]:
    """Return everything that determines features, beside the pictures or texts themselves."""
    about: dict[str, Any] = {
        "what": "content features",
        "version": VERSION,
        "modality": modality,
        "encoder": encoder.name,
        "weights": encoder.weights_hash,
        "precision": str(encoder.dtype).removeprefix("torch."),
        "device": encoder.device.type,
    }
    if modality == "image":
        about["preprocessing"] = encoder.preprocessing
    return about


def _chunks(contents: Sequence[str | None]) -> list[list[int]]:
    """Cut the items that have something to encode into chunks; always the same ones."""
    rows = [row for row, content in enumerate(contents) if content is not None]
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def _chunk_key(
    encoder: Encoder, modality: str, contents: Sequence[str | None], rows: Sequence[int]
) -> str:
    hashes = [contents[row] for row in rows]
    return content_key(describe(encoder, modality) | {"part": "chunk", "hashes": hashes})


def _encode(
    batches: _Batches,
    modality: str,
    contents: Sequence[str | None],
    store: TensorStore,
    reporter: Reporter,
) -> Tensor:
    """Encode what is not stored yet, chunk by chunk; (items, D) float32."""
    catalogue, encoder = batches.catalogue, batches.encoder
    rows = torch.full((len(contents), encoder.feature_dim), torch.nan)
    chunks = _chunks(contents)
    done = 0
    with (
        torch.inference_mode(),
        reporter.bar(f"encoding {_PLURALS[modality]}", sum(map(len, chunks)), "item") as step,
    ):
        for chunk in chunks:
            key = _chunk_key(encoder, modality, contents, chunk)
            stored = store.get(key)
            if stored is None:
                items = [catalogue.items[row] for row in chunk]
                stored = {"features": batches.encode(modality, items)}
                store.put(key, stored, describe(encoder, modality) | {"part": "chunk"})
            rows[chunk] = stored["features"]
            done += len(chunk)
            step(done, "")
    present = torch.tensor([row for chunk in chunks for row in chunk])
    bad = ~torch.isfinite(rows[present]).all(dim=1)
    if bad.any():
        item = catalogue.items[int(present[bad][0])]
        raise InputError(
            f"item {shown(item.item_id)}: encoder {shown(encoder.name)} gives {modality!r} "
            f"features that are not finite in {str(encoder.dtype).removeprefix('torch.')}; "
            "expected finite numbers (--dtype float32 may help)"
        )
    lacking = [row for row, content in enumerate(contents) if content is None]
    rows[lacking] = rows[present].double().mean(dim=0).float()
    return rows


@dataclass
class _Batches:
    """Encodes items in batches, of half the size once memory has run out."""

    catalogue: Catalogue
    encoder: Encoder
    size: int

    def encode(self, modality: str, items: Sequence[Item]) -> Tensor:
        """Encode one chunk; (n, D) float32 on the CPU."""
        found: list[Tensor] = []
        done = 0
        while done < len(items):
            some = items[done : done + self.size]
            rows = tried(
                partial(self._encoded, modality, some),
                count=len(some),
                what="picture" if modality == "image" else "text",
                encoder=self.encoder,
            )
            if rows is None:
                self.size = len(some) // 2
            else:
                found.append(rows)
                done += len(some)
        return torch.cat(found)

    def _encoded(self, modality: str, items: Sequence[Item]) -> Tensor:
        encoder = self.encoder
        if modality == "text":
            return encoder.encode_texts([item.title for item in items]).float().cpu()
        batch = torch.stack([encoder.preprocess(self.catalogue.picture(item)) for item in items])
        pictures = batch.to(encoder.device, encoder.dtype)
        return encoder.encode_pictures(pictures).float().cpu()
