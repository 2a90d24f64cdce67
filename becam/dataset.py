"""A catalogue with its content features: what every training, map and table starts from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from becam.catalogues import open_catalogue
from becam.config import DataConfig
from becam.device import resolve_device
from becam.encoders.base import Encoder
from becam.encoders.registry import check_encoder_name, load_encoder
from becam.features import MODALITIES, catalogue_features
from becam.progress import Reporter
from becam.workspace import Workspace, open_workspace
from recsys.data.catalogue import Catalogue
from recsys.data.splits import MIN_INTERACTIONS, Split, split_from_column, split_random
from recsys.errors import InputError, nearest, shown


@dataclass(frozen=True, eq=False)
class Dataset:
    """A catalogue and the content features that recommenders are trained on.

    Attributes:
        name: of the catalogue.
        catalogue: items and interactions.
        features: by modality, (items, D) float32 on the CPU, in the catalogue's order; the order
            of the modalities is the one asked for.
        sources: by modality, where its features come from: an encoder's name and weights, or a
            file.
        notes: what was left out or filled in, one line each.
        device: where recommenders are trained on them.
    """

    name: str
    catalogue: Catalogue
    features: dict[str, Tensor]
    sources: dict[str, str]
    notes: tuple[str, ...]
    device: str

    def split(self, seed: int) -> Split:
        """Split by the catalogue's own `split` column, else 8:1:1 per user at random.

        A catalogue's own split is the same for every seed.

        Raises:
            InputError: too few interactions to train and to validate.
        """
        return make_split(self.catalogue, seed)


def open_dataset(
    config: DataConfig,
    *,
    workspace: Workspace | None = None,
    reporter: Reporter | None = None,
    catalogue: Catalogue | None = None,
    encoder: Encoder | None = None,
    always_encode: Collection[str] = (),
    skip_unreadable: bool = False,
) -> Dataset:
    """Open the data that ``config`` names, and compute or read its content features.

    A modality is the catalogue's own ``features/NAME.npy`` where there is one; else ``image``
    and ``text`` are the pictures and titles through the encoder, which is loaded only then.

    Args:
        config: data, modalities, encoder, device.
        workspace: where what is computed is kept, by default in ``config.cache``.
        reporter: told about progress, the notes, and what came from the cache; by default it
            writes to standard error.
        catalogue: the catalogue, where it is open already.
        encoder: the encoder, where it is loaded already.
        always_encode: modalities that the encoder gives even where the catalogue has a file.
        skip_unreadable: see `becam.features.catalogue_features`.

    Raises:
        InputError: an unknown catalogue, modality, encoder or device; a file that can't be
            used; pictures or titles that are missing altogether.
        OSError: the cache can't be written.
    """
    workspace = workspace or open_workspace(config.cache)
    reporter = reporter or Reporter()
    if encoder is None:
        check_encoder_name(config.encoder)
    device = resolve_device(config.device)
    if catalogue is None:
        catalogue = open_catalogue(config.data, workspace, reporter)
    names = config.modality_names
    stored = [name for name in names if name in catalogue.modality_files]
    notes = list(catalogue.notes)
    told = len(notes)
    notes += split_notes(catalogue)
    for name in names:
        _check_modality(name, catalogue)
    for name in set(stored) & set(always_encode):
        stored.remove(name)
        file = catalogue.modality_files[name].name
        notes.append(f"{file} is not used: {name!r} is what encoder {config.encoder!r} gives")

    found: dict[str, Tensor] = {}
    sources: dict[str, str] = {}
    for name in stored:
        path = catalogue.modality_files[name]
        found[name] = torch.from_numpy(catalogue.stored_features(name))
        sources[name] = f"{path.parent.name}/{path.name}"
    encoded = [name for name in names if name not in stored]
    if encoded:
        encoder = encoder or load_encoder(
            config.encoder, device=device, dtype=config.dtype, reporter=reporter
        )
        computed = catalogue_features(
            catalogue,
            encoder,
            workspace.feature_store(),
            reporter,
            modalities=encoded,
            notes=notes,
            skip_unreadable=skip_unreadable,
        )
        found.update(computed)
        sources.update(dict.fromkeys(encoded, f"{encoder.name} {encoder.weights_hash[:16]}"))
    for note in notes[told:]:
        reporter.note(f"{config.data}: {note}")
    return Dataset(
        name=catalogue.name,
        catalogue=catalogue,
        features={name: found[name] for name in names},
        sources={name: sources[name] for name in names},
        notes=tuple(notes),
        device=str(device),
    )


def _check_modality(name: str, catalogue: Catalogue) -> None:
    """Raise InputError unless the catalogue can give this modality."""
    can = list(catalogue.modality_files)
    can += ["image"] if catalogue.has_pictures and "image" not in can else []
    can += ["text"] if catalogue.has_texts and "text" not in can else []
    if name in can:
        return
    close = nearest(name, can)
    hint = f"did you mean {', '.join(close)}?" if close else f"available: {', '.join(can) or '-'}"
    hint += " (or 'none' for behaviour alone)"
    if name in MODALITIES:
        what = "pictures" if name == "image" else "texts"
        raise InputError(
            f"modality {shown(name)}: catalogue {shown(catalogue.name)} has no {what}; {hint}"
        )
    raise InputError(f"unknown modality {shown(name)} of catalogue {shown(catalogue.name)}; {hint}")


def split_notes(catalogue: Catalogue) -> list[str]:
    """Say which users an 8:1:1 split leaves out of validation and test, if any."""
    interactions = catalogue.interactions
    if interactions.splits is not None:
        return []
    counts = np.bincount(interactions.users, minlength=interactions.n_users)
    few = int((counts < MIN_INTERACTIONS).sum())
    if not few:
        return []
    have = "has" if few == 1 else "have"
    return [
        f"{few:,} of {interactions.n_users:,} users {have} fewer than {MIN_INTERACTIONS} "
        "interactions: all of theirs are in train, none in valid and test"
    ]


def make_split(catalogue: Catalogue, seed: int) -> Split:
    """Split by the catalogue's own `split` column, else 8:1:1 per user at random.

    Raises:
        InputError: too few interactions to train and to validate.
    """
    if catalogue.interactions.splits is not None:
        return split_from_column(catalogue.interactions)
    return split_random(catalogue.interactions, seed=seed)
