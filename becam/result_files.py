"""Saving and loading results: maps as safetensors, provenance and figures as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from becam.attribution import Attribution
from becam.content_dependence import ContentDependence
from becam.explanation import Explanation, Side
from becam.fewer_passes.approximation import Approximation
from becam.geometry import Geometry
from becam.health import Health
from becam.metrics import MaskMetrics
from becam.provenance import Provenance
from becam.recognition import Recognition
from recsys.errors import InputError, shown
from recsys.files import write_bytes, write_text

SCHEMA = 1
ARRAYS = ("heatmap", "unweighted", "similarities", "weights", "picture")


def pair(path: Path) -> tuple[Path, Path]:
    """Return the two files of a result, whichever of them (or their common stem) is named."""
    if path.suffix in {".json", ".safetensors"}:
        path = path.with_suffix("")
    return path.with_name(path.name + ".safetensors"), path.with_name(path.name + ".json")


def write_pair(path: Path, arrays: dict[str, np.ndarray[Any, Any]], manifest: Any) -> Path:
    """Write arrays, then the manifest that carries their hash; return the manifest's path.

    A kill between the two leaves arrays without a fitting manifest, which `read_pair` refuses.
    """
    tensors_path, json_path = pair(path)
    data = safetensors.numpy.save({k: np.ascontiguousarray(v) for k, v in arrays.items()})
    whole = {"schema": SCHEMA, "sha256": hashlib.sha256(data).hexdigest(), **manifest}
    text = json.dumps(plain(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(tensors_path, data)
    write_text(json_path, text)
    return json_path


def read_pair(path: Path) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """Read what `write_pair` wrote.

    Raises:
        InputError: missing, truncated or foreign files.
    """
    tensors_path, json_path = pair(path)
    try:
        manifest = json.loads(json_path.read_text(encoding="utf-8"))
        data = tensors_path.read_bytes()
    except OSError as error:
        raise InputError(f"result {shown(path)}: {error.strerror}: {error.filename}") from None
    except ValueError as error:
        raise InputError(f"{json_path} is not a result of becam: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise InputError(f"{json_path} is not a result of this becam (schema {SCHEMA})")
    if manifest.get("sha256") != hashlib.sha256(data).hexdigest():
        raise InputError(f"{tensors_path} does not belong to {json_path} or is damaged")
    try:
        return safetensors.numpy.load(data), manifest
    except safetensors.SafetensorError as error:
        raise InputError(f"{tensors_path} is damaged: {error}") from None


def manifest_of(attribution: Attribution) -> dict[str, Any]:
    """Return what is not an array, as plain values."""
    return {
        "fill_similarity": attribution.fill_similarity,
        "content_similarity": attribution.content_similarity,
        "health": asdict(attribution.health),
        "geometry": asdict(attribution.geometry),
        "approximation": asdict(attribution.approximation) if attribution.approximation else None,
        "provenance": attribution.provenance.to_dict(),
    }


def attribution_from(arrays: dict[str, Any], values: dict[str, Any]) -> Attribution:
    """Rebuild an attribution from its arrays and `manifest_of`."""
    geometry, approximation = values["geometry"], values["approximation"]
    return Attribution(
        **{name: arrays[name] for name in ARRAYS},
        fill_similarity=values["fill_similarity"],
        content_similarity=values["content_similarity"],
        health=_health(values["health"]),
        geometry=Geometry(tuple(geometry["picture_size"]), tuple(geometry["box"])),
        provenance=Provenance.from_dict(values["provenance"]),
        approximation=approximation and Approximation(**nan_for_null(approximation)),
    )


def _health(values: dict[str, Any]) -> Health:
    # Results of before these were measured have none.
    content, recognised = values.get("content"), values.get("recognition")
    parts = ("content", "recognition")
    found = Health(**nan_for_null({k: v for k, v in values.items() if k not in parts}))
    return replace(
        found,
        content=content and ContentDependence(**nan_for_null(content)),
        recognition=recognised and Recognition(**nan_for_null(recognised)),
    )


def _metrics(values: dict[str, Any] | None) -> MaskMetrics | None:
    if not values:
        return None
    numbers = {name: value for name, value in values.items() if name != "undefined"}
    # Results of before the reason was kept have none.
    return MaskMetrics(**nan_for_null(numbers), undefined=values.get("undefined"))


def save_attribution(attribution: Attribution, path: Path) -> Path:
    """Save one attribution; return the path of its JSON."""
    arrays = {name: getattr(attribution, name) for name in ARRAYS}
    return write_pair(path, arrays, {"attribution": manifest_of(attribution)})


def load_attribution(path: Path) -> Attribution:
    """Load what `save_attribution` wrote.

    Raises:
        InputError: missing, truncated or foreign files.
    """
    arrays, manifest = read_pair(path)
    try:
        return attribution_from(arrays, manifest["attribution"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{shown(path)} is not an attribution of becam: {error}") from None


def save_explanation(explanation: Explanation, path: Path) -> Path:
    """Save an explanation's sides in one pair of files; return the path of the JSON."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    sides = []
    for side in explanation.sides:
        for name in ARRAYS:
            arrays[f"{side.role}/{name}"] = getattr(side.attribution, name)
        sides.append(
            {
                "role": side.role,
                "model": side.model,
                "attribution": manifest_of(side.attribution),
                "metrics": asdict(side.metrics) if side.metrics else None,
            }
        )
    if explanation.mask is not None:
        arrays["mask"] = explanation.mask.astype(np.uint8)
    values = {
        "item_id": explanation.item_id,
        "title": explanation.title,
        "data": explanation.data,
        "sides": sides,
        "notes": list(explanation.notes),
        "reused": list(explanation.reused),
        "computed": list(explanation.computed),
    }
    return write_pair(path, arrays, {"explanation": values})


def load_explanation(path: Path) -> Explanation:
    """Load what `save_explanation` wrote.

    Raises:
        InputError: missing, truncated or foreign files.
    """
    arrays, manifest = read_pair(path)
    try:
        values = manifest["explanation"]
        sides = []
        for side in values["sides"]:
            own = {name: arrays[f"{side['role']}/{name}"] for name in ARRAYS}
            made = attribution_from(own, side["attribution"])
            sides.append(Side(side["role"], side["model"], made, _metrics(side["metrics"])))
        return Explanation(
            item_id=values["item_id"],
            title=values["title"],
            sides=tuple(sides),
            mask=arrays["mask"].astype(bool) if "mask" in arrays else None,
            notes=tuple(values["notes"]),
            reused=tuple(values["reused"]),
            computed=tuple(values["computed"]),
            data=values.get("data", ""),  # results of before it was kept have none
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{shown(path)} is not an explanation of becam: {error}") from None


def nan_for_null(value: Any) -> Any:
    """Undo `plain`: null is NaN again."""
    if isinstance(value, dict):
        return {key: nan_for_null(entry) for key, entry in value.items()}
    return float("nan") if value is None else value


def plain(value: Any) -> Any:
    """Turn NaN into null: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
