"""Exact label maps of pictures: the product's parts and the distractors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import check_array
from recsys.data.pictures import decode_labels, read_bytes
from recsys.data.tables import display
from recsys.errors import InputError, shown

SCHEMA = 1
KINDS = ("product", "distractor")

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Annotation:
    """What each pixel of a picture shows.

    ``labels`` is (H, W) uint8; ``legend`` names its values as ``product/<part>`` or
    ``distractor/<kind>``; a value without a name (0) is the scene.
    """

    labels: npt.NDArray[np.uint8]
    legend: dict[int, str]

    def __post_init__(self) -> None:
        check_array("labels", self.labels, np.uint8, 2)

    def product(self) -> BoolArray:
        """Return the mask of the whole product, (H, W) bool."""
        return self._where([code for code, name in self.legend.items() if _kind(name) == "product"])

    def parts(self) -> dict[str, BoolArray]:
        """Return the mask of each product part that the picture shows, by its name."""
        return self._masks("product")

    def distractors(self) -> dict[str, BoolArray]:
        """Return the mask of each kind of distractor that the picture shows, by its name."""
        return self._masks("distractor")

    def _masks(self, kind: str) -> dict[str, BoolArray]:
        present = set(np.unique(self.labels).tolist())
        codes: dict[str, list[int]] = {}
        for code, name in sorted(self.legend.items()):
            if code in present and _kind(name) == kind:
                codes.setdefault(name.partition("/")[2], []).append(code)
        return {name: self._where(of_name) for name, of_name in codes.items()}

    def _where(self, codes: list[int]) -> BoolArray:
        table = np.zeros(256, dtype=np.bool_)
        table[codes] = True
        return table[self.labels]


def _kind(name: str) -> str:
    return name.partition("/")[0]


def read_legend(path: Path) -> dict[int, str]:
    """Read ``labels.json``: ``{"schema": 1, "legend": {"1": "product/body", ...}}``.

    Raises InputError that names the file for anything else.
    """
    try:
        document = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{display(path)}: not JSON ({error})") from error
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise InputError(f"{display(path)}: expected an object with 'schema' {SCHEMA}")
    legend = document.get("legend")
    if not isinstance(legend, Mapping) or not legend:
        raise InputError(f"{display(path)}: expected a 'legend' of label values and names")
    result: dict[int, str] = {}
    for code, name in legend.items():
        if not (code.isascii() and code.isdigit() and len(code) <= 3 and 1 <= int(code) <= 255):
            raise InputError(f"{display(path)}: label {shown(code)}, expected 1 to 255")
        if not isinstance(name, str) or _kind(name) not in KINDS or not name.partition("/")[2]:
            raise InputError(
                f"{display(path)}: label {code} is {shown(name)}, expected product/<part> or "
                "distractor/<kind>"
            )
        result[int(code)] = name
    return result


def read_annotation(path: Path, legend: dict[int, str], size: tuple[int, int]) -> Annotation:
    """Read a label map for a picture of ``size`` (width, height).

    Raises InputError that names the file where it is no 8-bit grey or palette picture, has
    another size, or holds a value that the legend does not name.
    """
    name = display(path)
    labels = decode_labels(read_bytes(path), name)
    if labels.shape != (size[1], size[0]):
        raise InputError(
            f"{name}: {labels.shape[1]} x {labels.shape[0]} pixels, "
            f"but its picture has {size[0]} x {size[1]}"
        )
    strange = sorted(set(np.unique(labels).tolist()) - set(legend) - {0})
    if strange:
        raise InputError(f"{name}: label {strange[0]} is not in labels.json")
    return Annotation(labels, legend)
