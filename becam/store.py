"""Tensors stored under a content key, computed once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from io import FileIO
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
_PART = 1 << 18  # bytes read at once
_DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16},
    **{"I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8},
    **{"U8": torch.uint8, "BOOL": torch.bool},
}


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
    """Return an entry's tensors by name, sorted, or None if the file is absent or damaged.

    One pass: the bytes are read where they stay, and hashed there. safetensors would copy them
    several times, and give tensors that lie unaligned in memory, where matrix products round
    otherwise: these compute like the original.
    """
    try:
        with path.open("rb", buffering=0) as file:
            rest = os.fstat(file.fileno()).st_size - 8
            size = int.from_bytes(file.read(8), "little")
            if not 0 < size <= rest:
                return None
            header = json.loads(file.read(size))
            metadata = json.loads(header.pop("__metadata__")[_ENTRY])
            if (metadata["schema"], metadata["key"]) != (SCHEMA, path.stem):
                return None
            found, digest = _payload(file, header, rest - size)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None
    if metadata["sha256"] != digest:
        return None
    return {name: found[name] for name in sorted(found)}


def _payload(file: FileIO, header: Mapping[str, Any], size: int) -> tuple[dict[str, Tensor], str]:
    """Read tensors in the order of their bytes; return them and the hash of all.

    Raises:
        ValueError, KeyError, TypeError, RuntimeError: they are not what the header says.
    """
    digest, done, found = hashlib.sha256(), 0, {}
    for name, entry in sorted(header.items(), key=lambda each: each[1]["data_offsets"]):
        start, stop = entry["data_offsets"]
        if start != done or not start <= stop <= size:
            raise ValueError(f"{name} lies outside the file")
        tensor = torch.empty(entry["shape"], dtype=_DTYPES[entry["dtype"]])
        if tensor.numel() * tensor.element_size() != stop - start:
            raise ValueError(f"{name} has another size than its shape")
        content = memoryview(tensor.reshape(-1).view(torch.uint8).numpy().data)
        while start < stop:
            # Hashed while it is in the processor's cache.
            part = content[start - done : start - done + _PART]
            count = file.readinto(part)
            if not count:
                raise ValueError("the file is cut off")
            digest.update(part[:count])
            start += count
        found[name], done = tensor, stop
    if done != size:
        raise ValueError("the file has more than its header says")
    return found, digest.hexdigest()


def tensor_hash(tensor: Tensor) -> str:
    """SHA-256 of a tensor's dtype, shape and values, hex."""
    plain = tensor.detach().cpu().contiguous()
    digest = hashlib.sha256(f"{plain.dtype} {tuple(plain.shape)}".encode())
    digest.update(plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b"")
    return digest.hexdigest()
