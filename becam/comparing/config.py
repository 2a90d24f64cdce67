"""What `becam.compare` and `becam compare` need to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from becam.config import ExplainerConfig, check_explainable
from becam.figures.paper.names import PANELS
from becam.map_config import check_temperature, option
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName

# By the axis: the option of one value that it replaces.
AXES = {
    **{"encoders": "encoder", "layers": "layer", "fills": "fill", "weightings": "weighting"},
    "scores": "score",
}
COLUMNS = ("models", *AXES)
DEFAULT = "default"  # among several layers: the encoder's own


def _axis(help: str) -> Any:
    return field(default=None, metadata=option(help, metavar="NAMES"))


@dataclass(frozen=True, kw_only=True)
class CompareConfig(ExplainerConfig):
    """Everything that `becam.compare` and `becam compare` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    items: tuple[str, ...] = field(
        metadata=option("Item id in the catalogue; may be repeated.", metavar="ID", flag="--item")
    )
    models: str = field(
        default="bm3+befa",
        metadata=option(
            "Recommenders and adapters, comma-separated: bm3+lora,bm3+befa. Each recommender is "
            "also shown without an adapter, once.",
            metavar="NAMES",
        ),
    )
    encoders: str | None = _axis("Several encoders, comma-separated, in place of --encoder.")
    layers: str | None = _axis(
        f"Several layers, comma-separated; {DEFAULT!r} is the encoder's own."
    )
    fills: str | None = _axis("Several fills, comma-separated: mean,black,blur.")
    weightings: str | None = _axis("Several weightings, comma-separated: raw,contrast.")
    scores: str | None = _axis("Several scores, comma-separated: cosine,neighbours.")
    columns: str = field(
        default="models",
        metadata=option(
            f"What stands side by side: {', '.join(COLUMNS)}; the rest goes below each other.",
            metavar="NAME",
        ),
    )
    panels: str | None = field(
        default=None,
        metadata=option(
            f"Kinds of panels, comma-separated [default: {','.join(PANELS)}, the difference only "
            "where models are side by side].",
            metavar="NAMES",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.items, str):
            raise TypeError("items must be a tuple of texts, as in ('123',), not a text")
        _unique("items", self.items)
        if not self.items or "" in self.items:
            raise InputError("item '': expected an item id of the catalogue")
        if self.columns not in COLUMNS:
            raise unknown("columns", self.columns, COLUMNS)
        for axis, single in AXES.items():
            given = getattr(self, single) not in (
                None,
                type(self).__dataclass_fields__[single].default,
            )
            if getattr(self, axis) is not None and given:
                raise InputError(f"--{axis} and --{single} are both given; expected one of them")
        if self.columns in AXES and getattr(self, self.columns) is None:
            raise InputError(f"columns {self.columns!r}: expected several with --{self.columns}")
        _ = self.model_names, self.panel_names
        check_temperature(*(setting.config(self) for setting in self.settings()))

    @property
    def model_names(self) -> tuple[ModelName, ...]:
        """The recommenders, each first without an adapter and then with those that were named.

        Raises:
            InputError: an unknown name, a name twice, a recommender that takes no content.
        """
        names = [ModelName.parse(name) for name in _split("models", self.models)]
        for name in names:
            check_explainable(name)
        _unique("models", [str(name) for name in names])
        ordered = []
        for base in dict.fromkeys(name.without_adapter() for name in names):
            ordered += [base, *(n for n in names if n.adapter and n.without_adapter() == base)]
        return tuple(ordered)

    @property
    def panel_names(self) -> tuple[str, ...]:
        """The kinds of panels.

        Raises:
            InputError: an unknown kind, none, a difference of what is not side by side.
        """
        side_by_side = self.columns == "models"
        if self.panels is None:
            return PANELS if side_by_side else PANELS[:-1]
        names = _split("panels", self.panels)
        for name in names:
            if name not in PANELS:
                raise unknown("panel", name, PANELS)
        if "difference" in names and not side_by_side:
            raise InputError(
                "panels: a difference is of models side by side; expected --columns models with it"
            )
        if set(names) == {"picture"}:
            raise InputError(f"panels 'picture': expected others of {', '.join(PANELS)} too")
        return names

    def settings(self) -> Iterator[Setting]:
        """Every combination of encoder, layer, fill, weighting and score."""
        values = []
        for axis, single in AXES.items():
            given = getattr(self, axis)
            values.append((getattr(self, single),) if given is None else _split(axis, given))
        for encoder, layer, *others in product(*values):
            yield Setting(encoder, None if layer == DEFAULT else layer, *others)

    @property
    def varied(self) -> tuple[str, ...]:
        """The axes with more than one value."""
        several = {axis: len(_split(axis, getattr(self, axis) or "-")) > 1 for axis in AXES}
        return tuple(axis for axis, more in several.items() if more)


@dataclass(frozen=True)
class Setting:
    """One way to make maps; None is the default, as in `MapConfig`."""

    encoder: str
    layer: str | None
    fill: str | None
    weighting: str | None
    score: str | None

    def config(self, base: ExplainerConfig) -> ExplainerConfig:
        """Return ``base`` with this setting."""
        names = ExplainerConfig.__dataclass_fields__
        shared = {name: getattr(base, name) for name in names}
        return replace(ExplainerConfig(**shared), encoder=self.encoder, **self.maps())

    def maps(self) -> dict[str, Any]:
        """The part that is about maps."""
        return {axis: getattr(self, axis) for axis in AXES.values() if axis != "encoder"}


def _split(what: str, text: str) -> tuple[str, ...]:
    """Split a list of names; a text without names is an error, as is a name twice."""
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a text with commas between names, as in 'a,b'")
    names = tuple(name.strip() for name in text.split(","))
    if "" in names:
        raise InputError(
            f"{what} {shown(text)}: expected names with commas between them, as in 'a,b'"
        )
    _unique(what, names)
    return names


def _unique(what: str, names: tuple[str, ...] | list[str]) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InputError(f"{what}: {shown(name)} is given twice")
