"""Tensors stored under a content key, computed once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from becam.eviction import SizeLimit, touch
from recsys.files import write_bytes

SCHEMA = 2
_ENTRY = "becam"  # one entry: safetensors writes several in any order


class TensorStore:
    """A folder of safetensors files, one an entry, named by content key.

    Writes are atomic, so two processes may write the same entry at once and a kill leaves no
    half entry. An entry that can't be read back whole (truncated, corrupted, another schema)
    counts as absent and is computed again. What an entry is read for marks it as used, by its
    modification time; with a limit, what was used longest ago goes when it is passed.
    """

    def __init__(self, folder: Path, *, limit: SizeLimit | None = None) -> None:
        """Name the folder; it is made on the first write.

        Args:
            folder: where the entries lie.
            limit: how much it may hold, with other folders perhaps; anything without.
        """
        self.folder = folder
        self.limit = limit

    def path(self, key: str) -> Path:
        """Return where the entry of ``key`` lies."""
        return self.folder / key[:2] / f"{key}.safetensors"

    def get(self, key: str) -> dict[str, Tensor] | None:
        """Return the tensors of ``key`` by name, sorted, or None if they are absent or damaged."""
        path = self.path(key)
        found = read_entry(path)
        if found is not None:
            touch(path)
        return found

    def put(self, key: str, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
        """Store tensors under ``key`` with a description of what they are.

        Raises:
            OSError: the folder can't be written.
        """
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        body = safetensors.torch.save(plain)
        payload = body[8 + int.from_bytes(body[:8], "little") :]
        metadata = {
            "schema": SCHEMA,
            "key": key,
            "sha256": hashlib.sha256(payload).hexdigest(),
            "about": dict(about),
        }
        header = {_ENTRY: json.dumps(metadata, sort_keys=True)}
        data = safetensors.torch.save(plain, metadata=header)
        write_bytes(self.path(key), data)
        if self.limit:
            self.limit.added(len(data))

    def about(self, key: str) -> dict[str, Any] | None:
        """Return the description of ``key``'s entry, or None if it can't be read."""
        try:
            with safetensors.safe_open(self.path(key), framework="pt") as file:
                found: dict[str, Any] = json.loads((file.metadata() or {})[_ENTRY])["about"]
            return found
        except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError):
            return None

    def discard(self, key: str) -> None:
        """Delete the entry of ``key``, if it is there and can be deleted."""
        with contextlib.suppress(OSError):
            self.path(key).unlink(missing_ok=True)


def read_entry(path: Path) -> dict[str, Tensor] | None:
    """Return an entry's tensors by name, sorted, or None if the file is absent or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        metadata = json.loads(header["__metadata__"][_ENTRY])
        digest = hashlib.sha256(data[8 + size :]).hexdigest()
        if (metadata["schema"], metadata["key"], metadata["sha256"]) != (
            SCHEMA,
            path.stem,
            digest,
        ):
            return None
        # safetensors gives them in any order, another one in each process, and unaligned in
        # memory, where matrix products round otherwise: a clone computes like the original.
        found = safetensors.torch.load(data)
        return {name: found[name].clone() for name in sorted(found)}
    except (ValueError, KeyError, TypeError, safetensors.SafetensorError):
        return None


def tensor_hash(tensor: Tensor) -> str:
    """SHA-256 of a tensor's dtype, shape and values, hex."""
    plain = tensor.detach().cpu().contiguous()
    digest = hashlib.sha256(f"{plain.dtype} {tuple(plain.shape)}".encode())
    digest.update(plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b"")
    return digest.hexdigest()
