"""What a user can choose for a table. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from adapters.registry import config_class as adapter_config_class
from becam.config import DataConfig, TrainOptions
from becam.map_config import option
from becam.tables.variants import BEFA, Lineup, Variant, fine_tuned, widths, with_and_without
from recsys.configs import Features, ModelConfig, parse_metric
from recsys.data.demo.names import is_demo
from recsys.errors import InputError, shown, unknown
from recsys.models.names import RECOMMENDERS
from recsys.models.registry import uses_content
from recsys.settings import ADAPTER, Setting, model_config, parse_settings

USER_TESTS = ("t", "wilcoxon")
METRICS = "recall@10,recall@20,ndcg@10,ndcg@20"


def able() -> tuple[str, ...]:
    """Return the recommenders that take content, and so adapters."""
    return tuple(name for name in RECOMMENDERS if uses_content(name))


def _about(config: type[Any], name: str) -> Mapping[str, Any]:
    """Return how another dataclass describes a field."""
    return next(entry.metadata for entry in fields(config) if entry.name == name)


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """What every table needs: recommenders, data, and where to compute."""

    models: str | None = field(
        default=None,
        metadata=option(
            "Recommenders, comma-separated, without adapters [default: all that take content].",
            metavar="NAMES",
        ),
    )
    data: tuple[str, ...] = field(
        default=("demo",),
        metadata=option(
            "'demo', a catalogue folder or a folder in MMRec's format; may be repeated."
        ),
    )
    encoder: str = field(default=DataConfig.encoder, metadata=_about(DataConfig, "encoder"))
    modalities: tuple[str, ...] = field(
        default=("image,text",),
        metadata=option(
            "Content features, comma-separated, as in becam train; once, or once for each --data "
            "in the same order.",
            metavar="NAMES",
        ),
    )
    adapter: str = field(
        default="befa",
        metadata=option(
            "Which BeFA: befa (the paper's equations) or befa-reference (the authors' code).",
            metavar="NAME",
        ),
    )
    device: str = field(default=DataConfig.device, metadata=_about(DataConfig, "device"))
    dtype: str = field(default=DataConfig.dtype, metadata=_about(DataConfig, "dtype"))
    threads: int = field(
        default=1,
        metadata=option(
            "Threads of a run on a CPU. Other numbers of threads round otherwise.",
            metavar="NUMBER",
        ),
    )
    cache: str | Path | None = field(default=DataConfig.cache, metadata=_about(DataConfig, "cache"))

    def _check(self) -> None:
        if isinstance(self.data, str) or isinstance(self.modalities, str):
            raise TypeError("data and modalities must be tuples of texts")
        _ = self.recommenders, self.data_configs()
        if self.adapter not in BEFA:
            raise unknown("adapter of a table", self.adapter, BEFA)
        if self.threads < 1:
            raise InputError(f"threads {shown(self.threads)}: expected at least 1")

    @property
    def recommenders(self) -> tuple[str, ...]:
        """The recommenders, in the order given."""
        if self.models is None:
            return able()
        names = tuple(name.strip().lower() for name in self.models.split(","))
        for place, name in enumerate(names):
            base, plus, _ = name.partition("+")
            if plus and base in able():
                raise InputError(
                    f"model {shown(name)}: a table adds the adapters itself; expected {base!r}"
                )
            if name not in able():
                raise unknown("model of a table", name, able())
            if name in names[:place]:
                raise InputError(f"models {shown(self.models)}: {name!r} is given twice")
        return names

    def data_configs(self) -> tuple[DataConfig, ...]:
        """Return what to open, one a data set."""
        if not self.data:
            raise InputError("data: expected at least one catalogue, as in 'demo'")
        if len(self.modalities) not in (1, len(self.data)):
            raise InputError(
                f"modalities are given {len(self.modalities)} times for {len(self.data)} data "
                "sets; expected them once, or once for each"
            )
        found = []
        homes: dict[object, str] = {}
        for place, data in enumerate(self.data):
            first = homes.setdefault(data if is_demo(data) else Path(data).resolve(), data)
            if data in self.data[:place]:
                raise InputError(f"data {shown(data)} is given twice")
            if first != data:
                raise InputError(f"data {shown(data)} is the same as {shown(first)}")
            modalities = self.modalities[place if len(self.modalities) > 1 else 0]
            config = DataConfig(
                data=data,
                encoder=self.encoder,
                modalities=modalities,
                device=self.device,
                dtype=self.dtype,
                cache=self.cache,
            )
            if not config.modality_names:
                raise InputError(
                    f"modalities {shown(modalities)}: a table needs at least one; the "
                    "recommenders without any are among its controls anyway"
                )
            found.append(config)
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class StatisticsConfig:
    """Options of Table 1: data sets in numbers.

    Raises:
        InputError: No data set, or one twice.
    """

    data: tuple[str, ...] = field(default=TableOptions.data, metadata=_about(TableOptions, "data"))
    cache: str | Path | None = field(
        default=TableOptions.cache, metadata=_about(TableOptions, "cache")
    )

    def __post_init__(self) -> None:
        TableOptions(data=self.data).data_configs()


@dataclass(frozen=True, kw_only=True)
class QualityConfig(TrainOptions, TableOptions):
    """A table of trained recommenders: which metrics, how they are tested.

    Raises:
        InputError: A value outside its range or a name that does not exist.
    """

    seeds: int = field(default=5, metadata=_about(TrainOptions, "seeds"))
    metrics: str = field(
        default=METRICS,
        metadata=option("Metrics on the test split, comma-separated.", metavar="NAMES"),
    )
    user_test: str = field(
        default="t",
        metadata=option("Paired test over users: t or wilcoxon (signed ranks).", metavar="NAME"),
    )
    workers: int = field(
        default=1,
        metadata=option("Processes that train at once; the result is the same.", metavar="NUMBER"),
    )

    def __post_init__(self) -> None:
        TrainOptions.__post_init__(self)
        self._check()
        if self.seeds < 2:
            raise InputError(f"seeds {shown(self.seeds)}: a test over seeds needs at least 2")
        if self.user_test not in USER_TESTS:
            raise unknown("test over users", self.user_test, USER_TESTS)
        if self.workers < 1:
            raise InputError(f"workers {shown(self.workers)}: expected at least 1")
        _ = self.metric_names

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics, in the order given."""
        names = tuple(name.strip() for name in self.metrics.split(","))
        for place, name in enumerate(names):
            parse_metric(name)
            if name in names[:place]:
                raise InputError(f"metrics {shown(self.metrics)}: {name!r} is given twice")
        return names


@dataclass(frozen=True, kw_only=True)
class AdaptersConfig(QualityConfig):
    """Options of Table 2: recommenders with and without BeFA."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self, self.lineups())

    def lineups(self) -> tuple[Lineup, ...]:
        """Return the rows, one line-up a recommender."""
        return tuple(with_and_without(name, self.adapter) for name in self.recommenders)


@dataclass(frozen=True, kw_only=True)
class PeftConfig(QualityConfig):
    """Options of Table 3: BeFA beside LoRA and the soft prompt."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self, self.lineups())

    def lineups(self) -> tuple[Lineup, ...]:
        """Return the rows, one line-up a recommender."""
        return tuple(fine_tuned(name, self.adapter) for name in self.recommenders)


@dataclass(frozen=True, kw_only=True)
class SensitivityConfig(QualityConfig):
    """Options of Fig. 10: BeFA in several widths."""

    ks: str = field(
        default="0.125,0.25,0.5,1,2,4,8",
        metadata=option(
            "BeFA's hidden widths as multiples of the dimension, comma-separated.",
            metavar="NUMBERS",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self, self.lineups())
        if any(setting.name == f"{ADAPTER}.k" for setting in parse_settings(self.settings)):
            raise InputError("setting 'adapter.k': this table varies k itself; expected --ks")

    @property
    def widths(self) -> tuple[float, ...]:
        """The widths, ascending.

        Raises:
            InputError: Not two or more different positive numbers.
        """
        try:
            found = tuple(sorted(float(text) for text in self.ks.split(",")))
        except ValueError:
            found = ()
        if len(set(found)) < 2 or len(set(found)) != len(found) or not found[0] > 0:
            raise InputError(
                f"ks {shown(self.ks)}: expected two or more different positive numbers with "
                "commas between them, as in '0.5,1,2'"
            )
        return found

    def lineups(self) -> tuple[Lineup, ...]:
        """Return the rows, one line-up a recommender."""
        return tuple(widths(name, self.adapter, self.widths) for name in self.recommenders)


@dataclass(frozen=True, kw_only=True)
class CostConfig(TableOptions):
    """Options of Table 4: parameters, time and memory.

    Raises:
        InputError: A value outside its range or a name that does not exist.
    """

    features: str = field(default=TrainOptions.features, metadata=_about(TrainOptions, "features"))
    seeds: int = field(
        default=5,
        metadata=option(
            "How often each is measured, all of them in turns; each time with the next seed.",
            metavar="NUMBER",
        ),
    )
    seed: int = field(default=TrainOptions.seed, metadata=_about(TrainOptions, "seed"))
    dim: int = field(default=TrainOptions.dim, metadata=_about(TrainOptions, "dim"))
    batch: int = field(default=TrainOptions.batch, metadata=_about(TrainOptions, "batch"))
    precision: str = field(
        default=TrainOptions.precision, metadata=_about(TrainOptions, "precision")
    )
    settings: tuple[str, ...] = field(
        default=TrainOptions.settings, metadata=_about(TrainOptions, "settings")
    )
    epochs: int = field(
        default=3,
        metadata=option(
            "Epochs timed each time, after one that is not; their median counts.",
            metavar="NUMBER",
        ),
    )

    def __post_init__(self) -> None:
        self._check()
        check_settings(self, self.lineups())
        if self.seeds < 2:
            raise InputError(
                f"seeds {shown(self.seeds)}: a test over measurements needs at least 2"
            )
        _ = self.training  # checks the options of training
        if self.epochs < 1:
            raise InputError(f"epochs {shown(self.epochs)}: expected at least 1")

    @property
    def training(self) -> TrainOptions:
        """The options of training among these."""
        return TrainOptions(
            features=self.features,
            seeds=self.seeds,
            seed=self.seed,
            dim=self.dim,
            batch=self.batch,
            precision=self.precision,
            settings=self.settings,
        )

    def lineups(self) -> tuple[Lineup, ...]:
        """Return the rows, one line-up a recommender."""
        return tuple(fine_tuned(name, self.adapter) for name in self.recommenders)


def model_config_of(options: TrainOptions | CostConfig, variant: Variant) -> ModelConfig:
    """Return what is built for ``variant``; an adapter's settings go to those that have them."""
    training = options if isinstance(options, TrainOptions) else options.training
    settings = [s for s in parse_settings(training.settings) if _fits(s, variant)]
    if variant.k is not None:
        settings.append(Setting(ADAPTER, "k", variant.k))
    features = cast(Features, training.features)
    return model_config(variant.name, settings, dim=training.dim, features=features)


def check_settings(options: QualityConfig | CostConfig, lineups: Iterable[Lineup]) -> None:
    """Raise InputError for a setting that fits nothing in the table, or has no such value."""
    variants = [variant for lineup in lineups for variant in lineup.variants]
    for setting in parse_settings(options.settings):
        if not any(_fits(setting, variant) for variant in variants):
            raise _misfit(setting, variants)
    for variant in variants:
        config = model_config_of(options, variant)
        if config.adapter is not None:
            try:
                config.adapter.check(config.dim)
            except ValueError as error:
                raise InputError(f"adapter {variant.adapter}: {error}") from None


def _fits(setting: Setting, variant: Variant) -> bool:
    if setting.scope == ADAPTER:
        return variant.adapter is not None and setting.key in _keys(variant.adapter)
    return setting.scope in ("", variant.recommender)


def _misfit(setting: Setting, variants: Iterable[Variant]) -> InputError:
    if setting.scope == ADAPTER:
        keys = {key for each in variants if each.adapter for key in _keys(each.adapter)}
        return unknown(
            "setting of the adapters", setting.name, [f"adapter.{k}" for k in sorted(keys)]
        )
    known = dict.fromkeys(each.recommender for each in variants)
    return InputError(
        f"setting {shown(setting)}: {setting.scope} is not in the table; "
        f"expected one of {', '.join(known)}"
    )


def _keys(adapter: str) -> list[str]:
    return [entry.name for entry in fields(adapter_config_class(adapter))]
