"""What training leaves on disk: the state of a run, and finished models. No pickle.

The state of a run is one safetensors file with its metadata in the header. A finished model is a
folder that appears in one step: ``weights.safetensors`` (the best epoch's), ``last.safetensors``
(the last epoch's), ``history.csv`` and ``manifest.json``. Both carry checksums, and what does not
match them counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from recsys.files import beside, draft_folder, write_atomic
from recsys.hashing import content_key, file_hash

# Raise it when a stored file or a configuration means something else, or trains to something else.
SCHEMA = 3

WEIGHTS = "weights.safetensors"
LAST = "last.safetensors"
MANIFEST = "manifest.json"
HISTORY = "history.csv"

# What reading a truncated or foreign file can raise.
_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    safetensors.SafetensorError,
)


@dataclass(frozen=True)
class StateFile:
    """The state of a run that has not finished.

    Attributes:
        path: The file.
        key: The key of the run; a state with another key is not loaded.
    """

    path: Path
    key: str

    def save(self, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
        """Write the state in one step.

        Args:
            tensors: Tensors by name, on the CPU.
            about: Everything else, as JSON can hold it.

        Raises:
            OSError: It cannot be written; the last state is still there.
        """
        contents = {name: tensor.contiguous() for name, tensor in tensors.items()}
        header = {
            "schema": str(SCHEMA),
            "key": self.key,
            "about": json.dumps(about),
            "sha256": _digest(contents, self.key),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(
            self.path,
            lambda path: _as_os_error(safetensors.torch.save_file, contents, path, header),
        )

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return tensors and metadata, or ``None`` where there is no whole state of this run."""
        try:
            with safetensors.safe_open(self.path, framework="pt") as file:
                header = file.metadata() or {}
                if header.get("schema") != str(SCHEMA) or header.get("key") != self.key:
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
            if header["sha256"] != _digest(tensors, self.key):
                return None
            about: dict[str, Any] = json.loads(header["about"])
        except _UNREADABLE:
            return None
        return tensors, about

    def discard(self) -> None:
        """Delete the state, if it can be deleted."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def save_model(
    folder: Path,
    weights: Mapping[str, Tensor],
    last: Mapping[str, Tensor],
    manifest: Mapping[str, Any],
    history: str,
) -> None:
    """Store a finished model as ``folder``, in one step.

    A whole model of the same key that is there already is kept; anything else is replaced.

    Args:
        folder: Where to; its parent is created.
        weights: Tensors of the best epoch, by name.
        last: Tensors of the last epoch, by name.
        manifest: What the model is, with its ``key``; schema and checksums are added to it.
        history: The learning curve as CSV.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    with draft_folder(folder) as temporary:
        for file, tensors in ((WEIGHTS, weights), (LAST, last)):
            contents = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
            _as_os_error(safetensors.torch.save_file, contents, temporary / file, None)
        (temporary / HISTORY).write_text(history, encoding="utf-8")
        sums = {name: file_hash(temporary / name) for name in (WEIGHTS, LAST, HISTORY)}
        manifest = {"schema": SCHEMA, **manifest, "sha256": sums}
        manifest["sha256"][MANIFEST] = content_key(manifest)
        text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
        (temporary / MANIFEST).write_text(text + "\n", encoding="utf-8")
        _replace_folder(temporary, folder, manifest["key"])


@dataclass(frozen=True, eq=False)
class StoredModel:
    """A finished model as it was stored: its best weights, manifest and learning curve (CSV)."""

    weights: dict[str, Tensor]
    manifest: dict[str, Any]
    history: str


def load_model(folder: Path, key: str) -> StoredModel | None:
    """Return the finished model in ``folder``, or ``None`` where there is no whole one of ``key``.

    ``manifest`` comes back as it was given to ``save_model``.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        own = manifest["sha256"].pop(MANIFEST)
        if own != content_key(manifest):
            return None
        if manifest.pop("schema") != SCHEMA or manifest["key"] != key:
            return None
        for name, expected in manifest.pop("sha256").items():
            if file_hash(folder / name) != expected:
                return None
        weights = safetensors.torch.load_file(folder / WEIGHTS)
        return StoredModel(weights, manifest, (folder / HISTORY).read_text(encoding="utf-8"))
    except _UNREADABLE:
        return None


def load_last(folder: Path) -> dict[str, Tensor]:
    """Return the weights of the last epoch of a model that `load_model` has found whole.

    Raises:
        OSError: They cannot be read.
    """
    try:
        return safetensors.torch.load_file(folder / LAST)
    except safetensors.SafetensorError as error:
        raise OSError(f"cannot read {folder / LAST}: {error}") from error


def _replace_folder(temporary: Path, folder: Path, key: str) -> None:
    """Rename ``temporary`` to ``folder``, unless another process has stored the same model."""
    for _ in range(10):
        try:
            temporary.rename(folder)  # fails where folder exists and is not empty
            return
        except OSError:
            if not folder.is_dir():
                raise
            if load_model(folder, key) is not None:
                return
            # A folder cannot be replaced in one step; moving it away first keeps readers safe.
            old = beside(folder)
            with contextlib.suppress(FileNotFoundError):
                folder.rename(old)
            shutil.rmtree(old, ignore_errors=True)
    raise OSError(f"cannot replace {folder}: other processes keep writing it")


def _as_os_error(
    save: Any, contents: Mapping[str, Tensor], path: Path, header: dict[str, str] | None
) -> None:
    """Call ``save``; safetensors reports a full disk with an error class of its own."""
    try:
        save(dict(contents), path, metadata=header)
    except safetensors.SafetensorError as error:
        raise OSError(f"cannot write {path.name}: {error}") from error


def _digest(tensors: Mapping[str, Tensor], key: str) -> str:
    sha = hashlib.sha256(key.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        sha.update(f"{name};{tensor.dtype};{tuple(tensor.shape)};".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()
