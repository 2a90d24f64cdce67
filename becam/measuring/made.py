"""What all heatmaps of a run were made with: the same in its columns, its caption and its label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from becam.measuring.config import MeasureConfig
from becam.presets import PAPER, PRESETS, Recipe

COLUMNS: Mapping[str, type[str] | type[int] | type[float]] = {
    **{"encoder": str, "layer": str, "fill": str, "weighting": str, "temperature": float},
    **{"rectify": str, "preset": str, "passes": int, "channels": str, "half": str},
}
"""Of the tables that are written: with them, tables of several runs can be joined."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """The options that tell one run's heatmaps from another's, with nothing left open.

    Attributes:
        encoder: its name; of a weights' file without its folder.
        layer: the target layer, by name.
        chosen_layer: whether it is another than the encoder's own.
        recipe: how BeCAM's maps are made; a method that does not use a part of it leaves it aside.
        half: of the catalogue's items that they are drawn from; None for the whole.
        model, seed, mask: as in `MeasureConfig`.
    """

    encoder: str
    layer: str
    chosen_layer: bool
    recipe: Recipe
    half: str | None
    model: str
    seed: int
    mask: str

    @classmethod
    def by(cls, config: MeasureConfig, encoder: str, layer: str) -> Made:
        """Put the options together with the names of the opened encoder and its layer."""
        return cls(
            encoder=encoder,
            layer=layer,
            chosen_layer=config.layer is not None,
            recipe=config.recipe,
            half=config.half,
            model=config.model,
            seed=config.seed,
            mask=config.mask,
        )

    def columns(self) -> dict[str, Any]:
        """Return the values of `COLUMNS`, by name."""
        recipe = self.recipe
        return {
            "encoder": self.encoder,
            "layer": self.layer,
            "fill": recipe.fill,
            "weighting": recipe.weighting,
            "temperature": recipe.temperature,
            "rectify": "yes" if recipe.rectify else "no",
            "preset": recipe.preset or "",
            "passes": recipe.passes,
            "channels": recipe.channels or "",
            "half": self.half or "",
        }

    def words(self) -> str:
        """Say it in a caption."""
        recipe = self.recipe
        said = [
            f"encoder {self.encoder}",
            f"layer {self.layer}",
            f"preset {recipe.preset}" if recipe.preset else "",
            f"fill {recipe.fill}",
            f"weighting {recipe.weighting}",
            f"temperature {recipe.temperature:g}" if recipe.weighting == "softmax" else "",
            "rectified" if recipe.rectify else "",
            f"at most {recipe.passes} passes, channels {recipe.channels}" if recipe.passes else "",
            f"seed {self.seed}",
        ]
        return ", ".join(each for each in said if each)

    def label(self) -> str:
        """Name it in a LaTeX label: model and encoder, and what is not the default."""
        recipe = self.recipe
        base = PRESETS[recipe.preset] if recipe.preset else PAPER
        heat = recipe.temperature
        parts = [
            self.model,
            self.encoder,
            self.layer if self.chosen_layer else "",
            recipe.preset or "",
            recipe.fill if recipe.fill != base.fill else "",
            recipe.weighting if recipe.weighting != base.weighting else "",
            f"temperature {heat:g}" if heat != base.temperature else "",
            "rectified" if recipe.rectify != base.rectify else "",
            f"{recipe.passes} passes" if recipe.passes != base.passes else "",
            f"{recipe.channels}" if recipe.channels != base.channels else "",
            self.half or "",
            f"seed {self.seed}" if self.seed else "",
            self.mask if self.mask != "catalogue" else "",
        ]
        return "-".join(re.sub("[^A-Za-z0-9]+", "-", each).strip("-") for each in parts if each)
