"""Encoding a catalogue's pictures and texts, for use outside becam or in its `features/`."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from becam.catalogues import open_catalogue
from becam.config import FeaturesConfig
from becam.device import resolve_device
from becam.encoders.registry import check_encoder_name, load_encoder
from becam.feature_files import write_features
from becam.features import MODALITIES, catalogue_features, content_hashes, describe
from becam.progress import Reporter
from becam.store import tensor_hash
from becam.workspace import open_workspace
from recsys.errors import unknown


@dataclass(frozen=True, eq=False)
class EncodedFeatures:
    """Content features of a catalogue.

    Attributes:
        ids: of the items, in the order of the rows.
        features: by modality, (items, D) float32.
        about: by modality, where they come from.
        notes: what was filled in.
    """

    ids: tuple[str, ...]
    features: dict[str, Tensor]
    about: dict[str, dict[str, Any]]
    notes: tuple[str, ...]

    def to_markdown(self) -> str:
        """Return a table: a row a modality."""
        lines = ["| modality | items | dimension | missing | sha256 |", "|---|---:|---:|---:|---|"]
        for name, rows in self.features.items():
            missing, digest = self.about[name]["missing"], tensor_hash(rows)[:16]
            lines.append(f"| {name} | {rows.shape[0]} | {rows.shape[1]} | {missing} | {digest} |")
        return "\n".join(lines)

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``NAME.npy``, its ids and ``NAME.json`` of every modality.

        Raises:
            OSError: the folder can't be written.
        """
        written = []
        for name, rows in self.features.items():
            written += write_features(Path(folder), name, rows.numpy(), self.ids, self.about[name])
        return written


def encode(
    config: FeaturesConfig | None = None, /, *, reporter: Reporter | None = None, **options: Any
) -> EncodedFeatures:
    """Encode a catalogue's pictures and texts, or take them from the cache.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``encode(data="shop", encoder="demo-rn")``.
        reporter: where progress is shown; standard error by default.
        options: fields of `FeaturesConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, a file that can't be read, no pictures or texts at all.
        MemoryError: one picture or text is too much.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else FeaturesConfig(**options)
    reporter = reporter or Reporter()
    check_encoder_name(config.encoder)
    device = resolve_device(config.device)
    for name in config.modality_names:
        if name not in MODALITIES:
            raise unknown("modality to encode", name, MODALITIES)
    workspace = open_workspace(config.cache)
    catalogue = open_catalogue(config.data, workspace, reporter)
    encoder = load_encoder(config.encoder, device=device, dtype=config.dtype, reporter=reporter)
    notes: list[str] = []
    features = catalogue_features(
        catalogue,
        encoder,
        workspace.feature_store(),
        reporter,
        modalities=config.modality_names,
        notes=notes,
        batch=config.batch,
    )
    for note in notes:
        reporter.note(f"{config.data}: {note}")
    ids = catalogue.interactions.item_ids
    about = {}
    for name in features:
        missing = [
            item_id
            for item_id, content in zip(ids, content_hashes(catalogue, name), strict=True)
            if content is None
        ]
        about[name] = {
            **describe(encoder, name),
            "data": catalogue.name,
            "item_ids": hashlib.sha256("\n".join(ids).encode()).hexdigest(),
            "missing": len(missing),
            "missing_rows": "mean of the others",
            "missing_items": missing,
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }
    return EncodedFeatures(ids, features, about, tuple(notes))
