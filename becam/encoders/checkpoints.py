"""Weights' files: read without running anything in them, compared with what a model needs."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from recsys.errors import InputError, shown

_WRAPPERS = ("state_dict", "model_state_dict", "model", "module")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_FORMS = "expected tensors alone, as safetensors or as a checkpoint of a state dict"


def read_state(path: Path) -> dict[str, Tensor]:
    """Read tensors by name from a safetensors file or a checkpoint; nothing is unpickled.

    The kind is told by the content. Wrappers (``state_dict``, ``model``, ...) and prefixes that
    all names share (``module.``, ``_orig_mod.``, ``model.``) are taken off.

    Raises:
        InputError: a file that can't be read, is damaged, holds other things than tensors, or
            carries code.
    """
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise InputError(f"weights {shown(path)}: {error.strerror or error}") from None
    if head[8:9] == b"{":  # a safetensors file: eight bytes of length, then JSON
        return without_prefixes(_read_safetensors(path))
    return without_prefixes(_unwrapped(_read_checkpoint(path), path))


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    except (OSError, SafetensorError) as error:
        raise InputError(f"weights {shown(path)}: damaged safetensors file ({error})") from None


def _read_checkpoint(path: Path) -> Any:
    try:
        # Mapped into memory where the format allows it: nothing is read twice.
        mapped = zipfile.is_zipfile(path)
        with warnings.catch_warnings():  # torch's advice on odd files: our error says it
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        what = f"it names {named[1]}" if named else "it holds more than tensors"
        raise InputError(
            f"weights {shown(path)} refused, since loading them could run code ({what}); {_FORMS}"
        ) from None
    except Exception as error:  # torch raises many kinds for what is no checkpoint
        if "TorchScript" in str(error):
            raise InputError(
                f"weights {shown(path)} refused: a TorchScript archive carries code; {_FORMS}"
            ) from None
        raise InputError(f"weights {shown(path)}: damaged, or no weights; {_FORMS}") from None


def _unwrapped(found: Any, path: Path) -> dict[str, Tensor]:
    while isinstance(found, Mapping):
        tensors = {
            name: value
            for name, value in found.items()
            if isinstance(name, str) and isinstance(value, Tensor)
        }
        inner = next((found[key] for key in _WRAPPERS if isinstance(found.get(key), Mapping)), None)
        if inner is None and tensors:
            return tensors
        found = inner
    raise InputError(f"weights {shown(path)}: no tensors by name in it; {_FORMS}")


def without_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off the prefixes that all names share, as parallel and compiled modules put them on."""
    names = dict(state)
    while names and any(all(n.startswith(p) for n in names) for p in _PREFIXES):
        names = {name.partition(".")[2]: value for name, value in names.items()}
    return names


def check_fits(
    state: Mapping[str, Tensor],
    needed: Mapping[str, Tensor],
    *,
    file: Path,
    model: str,
    hint: str = "",
    optional: Collection[str] = (),
) -> None:
    """Check that weights are those of a model.

    Args:
        state: what the file has.
        needed: the model's own state.
        file: named in the message.
        model: the architecture's name.
        hint: what else the message says, the nearest architecture for example.
        optional: names that the file may lack.

    Raises:
        InputError: the first tensor of another shape, that is missing, of integers instead of
            floating-point numbers (quantised weights), or too many.
    """
    other = [name for name in needed if name in state and state[name].shape != needed[name].shape]
    missing = [name for name in needed if name not in state and name not in optional]
    extra = [name for name in state if name not in needed]
    whole = [
        name
        for name in needed
        if needed[name].is_floating_point()
        and name in state
        and not state[name].is_floating_point()
    ]
    if other:
        name = other[0]
        problem = f"tensor {shown(name)} is {_sizes(state[name])}, expected {_sizes(needed[name])}"
    elif missing:
        problem = f"no tensor {shown(missing[0])} of {_sizes(needed[missing[0]])}"
    elif whole:
        name = whole[0]
        problem = f"tensor {shown(name)} is {_dtype(state[name])}, expected {_dtype(needed[name])}"
    elif extra:
        problem = f"tensor {shown(extra[0])} of {_sizes(state[extra[0]])} is none of its"
    else:
        return
    raise InputError(f"weights {shown(file)} are not those of {model}: {problem}{hint}")


def check_finite(state: Mapping[str, Tensor], name: str, *, skip: Collection[str] = ()) -> None:
    """Check that weights are numbers.

    Args:
        state: tensors by name.
        name: of the weights, for the message.
        skip: names of tensors that may be infinite (attention masks).

    Raises:
        InputError: the first tensor with NaN or infinity.
    """
    for key, value in state.items():
        if key in skip or not value.is_floating_point() or not value.numel():
            continue
        extremes = torch.stack(value.detach().aminmax())  # one pass without a copy; NaN shows in it
        if not bool(extremes.isfinite().all()):
            what = "NaN" if bool(extremes.isnan().any()) else "infinity"
            raise InputError(
                f"weights {name} have {what} in tensor {shown(key)}; expected finite numbers"
            )


def state_hash(state: Mapping[str, Tensor], about: Mapping[str, Any]) -> str:
    """SHA-256 of weights and of what the architecture is called with, hex.

    The same weights give the same hash from any file format.
    """
    digest = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode())
    for name in sorted(state):
        plain = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        if plain.numel():
            values: Any = plain.reshape(-1).view(torch.uint8).numpy()
            digest.update(values)  # hashed where it lies, without a copy
    return digest.hexdigest()


def _sizes(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))})"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
