"""Kind ``items``: the heatmaps of many items by many recommenders, a page, figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.catalogues import is_mmrec
from becam.config import ExplainerConfig, check_explainable
from becam.encoders.names import EncoderName
from becam.figures.paper.names import PANELS
from becam.galleries.document import Section
from becam.galleries.items.columns import Column, columns_of, models_of, panels_shown
from becam.galleries.items.figure_options import FigureOptions
from becam.galleries.items.selection import Selection
from becam.galleries.kinds import Outcome, Overrides
from becam.galleries.run import name_of
from becam.map_config import check_temperature
from recsys.data.demo.names import is_demo
from recsys.data.folder import find_folder
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName

if TYPE_CHECKING:
    from becam.progress import Reporter

LIMIT = 3.0  # standard deviations: about one cell in a hundred lies beyond
OWN = ("data", "encoder", "encoders", "models", "limit", "threads", "items", "figure")
LISTS = ("modalities",)


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How the maps of a gallery are drawn and computed.

    Attributes:
        limit: of the colour scale, in standard deviations from a map's mean; one for all maps,
            whatever items there are.
        threads: of torch; they decide the last bits of what it computes.

    Raises:
        InputError: a value out of range.
    """

    limit: float = LIMIT
    threads: int = 1

    def __post_init__(self) -> None:
        if not 0.1 <= self.limit <= 100:
            raise InputError(f"limit {shown(self.limit)}: expected 0.1 to 100")
        if self.threads < 1:
            raise InputError(f"threads {shown(self.threads)}: expected at least 1")


@dataclass(frozen=True, kw_only=True)
class ItemsSpec:
    """A checked spec of this kind; see `becam.galleries.kinds.Spec`.

    Attributes:
        section: the spec as it was read, for errors that come up later.
        name, title: of the gallery.
        data, encoders: catalogues and encoders, each combined with each.
        models: recommenders, those without adapter before theirs with one.
        config: all else about data, maps and training; its ``data`` and ``encoder`` are the
            first ones.
        looks: colours and threads.
        selection: which items, of each catalogue.
        cut: at most so many items of each catalogue.
        figure: how the figure for a paper looks, if there is to be one.
    """

    section: Section
    name: str
    title: str
    data: tuple[str, ...]
    encoders: tuple[str, ...]
    models: tuple[str, ...]
    config: ExplainerConfig
    looks: Looks
    selection: Selection
    cut: int | None
    figure: FigureOptions | None

    kind = "items"

    @property
    def columns(self) -> tuple[Column, ...]:
        """One heatmap of every item each."""
        return columns_of(self.encoders, self.models)

    def config_of(self, data: str, encoder: str) -> ExplainerConfig:
        """Return the options for one catalogue and encoder."""
        return replace(self.config, data=data, encoder=encoder)

    def identity(self) -> dict[str, Any]:
        """Return what decides the maps and the items."""
        without = {"cache", "device", "batch", "data", "encoder"}
        made = {name: value for name, value in asdict(self.config).items() if name not in without}
        chosen = {**asdict(self.selection), "ids": self.selection.listed(), "file": None}
        return {
            **made,
            "data": list(self.data),
            "encoders": list(self.encoders),
            "models": list(self.models),
            "limit": self.looks.limit,
            "threads": self.looks.threads,
            "items": chosen,  # without the cut: the rest of a gallery may come later
        }

    def check(self) -> None:
        """Check the layer, where one is named; see `becam.galleries.kinds.Spec.check`."""
        if self.config.layer is not None:
            from becam.galleries.items.layer import check_layer

            check_layer(self)

    def check_workers(self, workers: int) -> None:
        """Any number will do."""

    def run(self, out: Path, *, workers: int, reporter: Reporter) -> Outcome:
        """Make the gallery; see `becam.galleries.kinds.Spec.run`."""
        from becam.galleries.items.run import make

        return make(self, out, workers=workers, reporter=reporter)


def parse(section: Section, overrides: Overrides) -> ItemsSpec:
    """Read a spec of this kind.

    Raises:
        InputError: what it says can't be used; names file, line and key.
    """
    given = overrides.given()
    if "encoder" in section.values and "encoders" in section.values:
        raise section.error("encoders", "'encoder' is given too; expected one of them")
    key = "encoder" if "encoder" in section.values else "encoders"
    several = tuple[str, ...]
    data = overrides.data or section.get("data", several, (ExplainerConfig.data,))
    encoders = overrides.encoders or section.get(key, several, (ExplainerConfig.encoder,))
    models = section.get("models", several, ("bm3+befa",))
    _check_each(section, "data", data, _check_data, told=not overrides.data)
    _check_each(section, key, encoders, EncoderName.parse, told=not overrides.encoders)
    _check_each(section, "models", models, _check_model, told=True)
    fixed = {"data": data[0], "encoder": encoders[0]}
    fixed |= {name: given[name] for name in ("device", "cache") if name in given}
    if overrides.items is not None and overrides.items < 1:
        raise InputError(f"items {shown(overrides.items)}: expected at least 1")
    shown_models = models_of(models)
    config = section.without(*OWN).into(ExplainerConfig, fixed=fixed, lists=LISTS, also=OWN)
    try:
        check_temperature(config)
    except InputError as error:  # only a spec can give a temperature
        raise section.error("temperature", str(error)) from error
    return ItemsSpec(
        section=section,
        name=name_of(section),
        title=section.get("title", str, name_of(section)),
        data=data,
        encoders=encoders,
        models=shown_models,
        config=config,
        looks=section.only("limit", "threads").into(Looks),
        selection=_selection(section.table("items"), shown_models),
        cut=overrides.items,
        figure=_figure(section.table("figure"), shown_models)
        if "figure" in section.values
        else None,
    )


def _selection(section: Section, models: Sequence[str]) -> Selection:
    """Read ``[items]``; a pick that these recommenders can't serve is refused."""
    selection = section.into(Selection)
    problems = {}
    if len(models) < 2:
        problems["disagreement"] = "needs several recommenders"
    if not any(ModelName.parse(model).adapter for model in models):
        problems["improvement"] = "needs a model with an adapter"
    for place, way in enumerate(selection.pick):
        if way in problems:
            problem = f"pick {way!r} {problems[way]}; models are {', '.join(models)}"
            raise section.error("pick", problem, place)
    return selection


def _figure(section: Section, models: Sequence[str]) -> FigureOptions:
    """Read ``[figure]``; what would show nothing of these recommenders is refused."""
    figure = section.into(FigureOptions)
    for place, model in enumerate(figure.models):
        if model not in models:
            raise section.error(
                "models", str(unknown("model of this gallery", model, models)), place
            )
    shown_models = [model for model in models if not figure.models or model in figure.models]
    if not panels_shown(figure.panels, shown_models):
        key = "panels" if "panels" in section.values else "models"
        others = panels_shown(PANELS, shown_models)
        raise section.error(
            key,
            f"panels {', '.join(figure.panels)}: nothing to show of {', '.join(shown_models)}; "
            f"expected {' or '.join(others)} too",
        )
    return figure


def _check_each(
    section: Section, key: str, values: Sequence[str], check: Callable[[str], object], *, told: bool
) -> None:
    """Check names that the spec, or else (not ``told``) the command line gives."""
    if not values:
        raise section.error(key, "an empty list; expected at least one name")
    for place, value in enumerate(values):
        try:
            if value in values[:place]:
                raise InputError(f"{shown(value)} is given twice; expected it once")
            check(value)
        except InputError as error:
            if told and key in section.values:
                raise section.error(key, str(error), place) from error
            raise


def _check_model(name: str) -> None:
    """Raise InputError unless there is such a recommender, and its maps say something."""
    check_explainable(ModelName.parse(name))


def _check_data(name: str) -> None:
    """Raise InputError unless there is such a catalogue."""
    if not is_demo(name) and not is_mmrec(Path(name)):
        find_folder(Path(name))
