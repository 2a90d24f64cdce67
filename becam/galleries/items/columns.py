"""The columns of a gallery: encoders times recommenders, before and after. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.models.names import ModelName


@dataclass(frozen=True)
class Column:
    """One heatmap of every item.

    Attributes:
        encoder: its name.
        model: the recommender's, as in ``bm3+befa``.
        role: ``before`` (without an adapter) or ``after``.
        before: for ``after``: the column that it is compared with.
    """

    encoder: str
    model: str
    role: str
    before: int | None


def models_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the models to show: before each adapted one the same without, each once."""
    found: dict[str, None] = {}
    for text in names:
        found |= dict.fromkeys(map(str, ModelName.parse(text).before_and_after))
    return tuple(found)


def panels_shown(panels: Sequence[str], models: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of panels that recommenders have a map for, of those that are wanted.

    Args:
        panels: ``before``, ``after``, ``difference``, or others, which none has.
        models: the recommenders that are shown.
    """
    names = [ModelName.parse(model) for model in models]
    alone = {name.recommender for name in names if name.adapter is None}
    adapted = {name.recommender for name in names if name.adapter is not None}
    shown = {"before": alone, "after": adapted, "difference": alone & adapted}
    return tuple(panel for panel in panels if shown.get(panel))


def columns_of(encoders: Sequence[str], models: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns: for each encoder, for each of ``models`` (of `models_of`)."""
    columns: list[Column] = []
    for encoder in encoders:
        start = len(columns)
        for model in models:
            name = ModelName.parse(model)
            before = start + models.index(name.recommender) if name.adapter else None
            columns.append(Column(encoder, model, name.role, before))
    return tuple(columns)
