"""What `becam.explain_many` returns: the heatmaps of several items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from becam.config import ExplainConfig, ExplainerConfig
from becam.explanation import Explanation, Side
from becam.file_names import safe_name
from becam.map_grid import AT_MOST, MapGrid
from becam.progress import Reporter

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from becam.notebook.bundles import Bundle


@dataclass(frozen=True, eq=False, repr=False)
class Explanations(Sequence[Explanation]):
    """Heatmaps of several items, before and after; shows itself in a notebook as a grid.

    A sequence: ``len(found)``, ``found[0]``, ``found[:4]``, ``for each in found``.

    Attributes:
        explanations: one an item, in the order asked for.
    """

    explanations: tuple[Explanation, ...]

    def __len__(self) -> int:
        return len(self.explanations)

    @overload
    def __getitem__(self, index: int) -> Explanation: ...

    @overload
    def __getitem__(self, index: slice) -> Explanations: ...

    def __getitem__(self, index: int | slice) -> Explanation | Explanations:
        if isinstance(index, slice):
            return Explanations(self.explanations[index])
        return self.explanations[index]

    def __repr__(self) -> str:
        return f"Explanations({', '.join(each.item_id for each in self.explanations[:AT_MOST])}" + (
            f", … {len(self):,} items)" if len(self) > AT_MOST else ")"
        )

    def to_records(self) -> list[dict[str, Any]]:
        """Return the numbers as tidy rows, one an item and side, as a data frame takes them.

        A figure that is not defined is None; metrics are None where the product's mask is not
        known.
        """
        return [_record(each, side) for each in self.explanations for side in each.sides]

    def figure(self, *, at_most: int = AT_MOST) -> Figure:
        """Draw the maps in a grid; all share one colour scale.

        Raises:
            InputError: there are none.
        """
        return MapGrid(self.explanations, at_most).figure()

    def save_figure(self, path: str | Path, *, at_most: int = AT_MOST, dpi: int = 150) -> Path:
        """Save the grid as PNG, PDF or SVG, by the ending.

        Raises:
            InputError: another ending, no items.
            OSError: the folder can't be written.
        """
        return MapGrid(self.explanations, at_most).save_figure(path, dpi=dpi)

    def save_figures(
        self, folder: str | Path, *, format: str = "png", dpi: int = 150
    ) -> list[Path]:
        """Save every item's own figure as ``item-ID.FORMAT`` in a folder.

        Args:
            folder: is made where it is missing.
            format: png, pdf or svg.
            dpi: of PNG.

        Returns:
            The files, in order.

        Raises:
            InputError: another format.
            OSError: the folder can't be written.
        """
        from becam.figures.formats import format_of

        paths = [
            Path(folder) / f"item-{safe_name(each.item_id)}.{format}" for each in self.explanations
        ]
        for path in paths:
            format_of(path)
        return [
            each.save_figure(path, dpi=dpi)
            for each, path in zip(self.explanations, paths, strict=True)
        ]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        if not self.explanations:
            return {"text/plain": repr(self)}, {}
        return MapGrid(self.explanations)._repr_mimebundle_()


def explain(
    config: ExplainConfig | None = None, /, *, reporter: Reporter | None = None, **options: Any
) -> Explanation:
    """Explain an item's picture, before and after the model's adapter.

    What is missing is computed and kept in the cache: the demo catalogue, content features,
    trained recommenders, masked features. The second item takes seconds. For many items,
    `Explainer` opens everything once.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``explain(item="123", model="bm3+befa")``.
        reporter: where progress is shown; standard error by default.
        options: fields of `ExplainConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, an unreadable file, a catalogue too small to train.
        OSError: the cache can't be written.
    """
    from becam.explainer import Explainer

    config = replace(config, **options) if config else ExplainConfig(**options)
    return Explainer(config, reporter=reporter).explain(config.item, config.model)


def explain_many(
    config: ExplainerConfig | None = None,
    /,
    *,
    items: Sequence[str],
    model: str = ExplainConfig.model,
    reporter: Reporter | None = None,
    **options: Any,
) -> Explanations:
    """Explain the pictures of several items, before and after the model's adapter.

    Args:
        config: all other options in one object; or give them by keyword.
        items: item ids of the catalogue.
        model: recommender, and adapter after a plus.
        reporter: where progress is shown; by default a bar on standard error, in a notebook
            below the cell.
        options: fields of `ExplainerConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, a picture that can't be read.
        OSError: the cache can't be written.
    """
    from becam.explainer import Explainer

    config = replace(config, **options) if config else ExplainerConfig(**options)
    return Explainer(config, reporter=reporter).explain_many(items, model)


def _record(explanation: Explanation, side: Side) -> dict[str, Any]:
    health, metrics = side.attribution.health, side.metrics
    facts = side.attribution.provenance
    numbers = {
        name: getattr(metrics, name, None)
        for name in ("drift", "omission", "auc", "centre_auc", "unweighted_auc")
    }
    numbers |= {
        "spread": health.spread,
        "effective_channels": health.effective_channels,
        "distance_from_unweighted": health.distance,
        "content_dependence": health.content.ratio if health.content else None,
    }
    return {
        "item": explanation.item_id,
        "title": explanation.title,
        "role": side.role,
        "model": side.model,
        "encoder": facts.encoder,
        "score": facts.score,
        "weighting": facts.weighting,
        "seed": facts.seed,
        **{k: None if v is None or math.isnan(v) else v for k, v in numbers.items()},
        "warning": side.attribution.warning,
    }
