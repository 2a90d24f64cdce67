"""What a user can choose, as dataclasses that Python and the command line share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from becam.map_config import DTYPES, MapConfig, check_temperature, option
from recsys.configs import FEATURES, MASKS, Features, Mask, ModelConfig, Precision, TrainingConfig
from recsys.errors import InputError, shown, unknown
from recsys.models.names import RECOMMENDERS, ModelName
from recsys.models.registry import uses_content
from recsys.search_spaces import LR, Space, parse_grid, search_space
from recsys.settings import check_scopes, model_config, parse_settings

DEVICES = ("auto", "cpu", "cuda", "mps")
MOST_ENCODED = 64  # items of a catalogue at once: what is stored together


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which data, which content features, and where to compute.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    data: str = field(
        default="demo",
        metadata=option(
            "'demo' (or with parameters, 'demo:correlation=0.9,interactions=20'), a catalogue "
            "folder (items.csv, interactions.csv, images/) or a folder in MMRec's format "
            "(NAME.inter, *.npy)."
        ),
    )
    encoder: str = field(
        default="demo-vit",
        metadata=option(
            "Encoder: demo-vit, demo-rn, clip:NAME/PRETRAINED, clip:NAME@FILE, hf-hub:ORG/NAME, "
            "imagebind or imagebind@FILE.",
            metavar="NAME",
        ),
    )
    modalities: str = field(
        default="image,text",
        metadata=option(
            "Content features of the items, comma-separated: image, text (by the encoder), or "
            "NAME of a ready-made features/NAME.npy; 'none' for behaviour alone.",
            metavar="NAMES",
        ),
    )
    device: str = field(
        default="auto",
        metadata=option(f"Where to compute: {', '.join(DEVICES)} or cuda:N.", metavar="NAME"),
    )
    dtype: str = field(
        default="float32",
        metadata=option(f"Precision of the encoder: {', '.join(DTYPES)}.", metavar="NAME"),
    )
    cache: str | Path | None = field(
        default=None,
        metadata=option(
            "Folder for what is computed once [default: $BECAM_CACHE or the user's cache folder].",
            metavar="DIR",
        ),
    )

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise unknown("dtype", self.dtype, DTYPES)
        if self.device.partition(":")[0] not in DEVICES:
            raise unknown("device", self.device, DEVICES)
        _ = self.modality_names

    @property
    def modality_names(self) -> tuple[str, ...]:
        """The modalities in the order given; none for ``none`` or an empty text.

        Raises:
            InputError: an empty name among others, or a name twice.
        """
        names = tuple(name.strip() for name in self.modalities.split(","))
        if names in (("",), ("none",)):
            return ()
        for place, name in enumerate(names):
            if not name or name == "none" or name in names[:place]:
                what = f"{shown(name)} twice" if name in names[:place] else shown(name)
                raise InputError(
                    f"modalities {shown(self.modalities)} have {what}; expected different names "
                    "with commas between them, as in 'image,text', or 'none'"
                )
        return names


@dataclass(frozen=True, kw_only=True)
class FeaturesConfig(DataConfig):
    """Everything that `becam.encode` and `becam features` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    modalities: str = field(
        default="image,text",
        metadata=option("What is encoded, comma-separated: image, text.", metavar="NAMES"),
    )
    batch: int = field(
        default=MOST_ENCODED,
        metadata=option(
            f"Pictures or texts encoded at once, 1 to {MOST_ENCODED}; halved where memory runs "
            "out.",
            metavar="NUMBER",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.batch <= MOST_ENCODED:
            raise InputError(f"batch {shown(self.batch)}: expected 1 to {MOST_ENCODED}")
        if not self.modality_names:
            raise InputError(
                f"modalities {shown(self.modalities)}: expected image, text or image,text"
            )


FEATURES_OPTION: dict[str, Any] = option(
    "Content features inside the recommender: frozen (the projection is trained on what "
    "the encoder gives, as the masked pictures are) or trainable (as published).",
    metavar="NAME",
)


@dataclass(frozen=True, kw_only=True)
class ExplainerConfig(MapConfig, DataConfig):
    """Everything that `becam.Explainer` needs to know: how maps are made, of which data.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    features: str = field(default="frozen", metadata=FEATURES_OPTION)
    seed: int = field(
        default=0, metadata=option("Seed of the split and of the training.", metavar="NUMBER")
    )

    def __post_init__(self) -> None:
        MapConfig.__post_init__(self)
        DataConfig.__post_init__(self)
        if self.features not in FEATURES:
            raise unknown("features option", self.features, FEATURES)
        check_seed(self.seed)
        if "image" not in self.modality_names:
            raise InputError(
                f"modalities {shown(self.modalities)}: expected 'image' among them, "
                "since a heatmap explains the picture"
            )


@dataclass(frozen=True, kw_only=True)
class ExplainConfig(ExplainerConfig):
    """Everything that `becam.explain` and `becam render` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    item: str = field(metadata=option("Item id in the catalogue.", metavar="ID"))
    model: str = field(
        default="bm3+befa",
        metadata=option(
            "Recommender, and adapter after a plus: bm3, bm3+befa, ...", metavar="MODEL"
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_explainable(ModelName.parse(self.model))
        if not self.item:
            raise InputError("item '': expected an item id of the catalogue")
        check_temperature(self)


def check_explainable(name: ModelName) -> None:
    """Raise InputError where a model takes no content, so that no picture explains it."""
    if not uses_content(name.recommender):
        able = [each for each in RECOMMENDERS if uses_content(each)]
        raise InputError(
            f"model {shown(name)} takes no content: there is nothing in a picture to explain; "
            f"expected one of {', '.join(able)}"
        )


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How recommenders are trained; with defaults, the paper's protocol.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    features: str = field(default="frozen", metadata=FEATURES_OPTION)
    seeds: int = field(
        default=1, metadata=option("How many seeds, from --seed on.", metavar="NUMBER")
    )
    seed: int = field(
        default=0,
        metadata=option(
            "First seed. A seed decides initial weights, batches, dropout and, where the data "
            "has no split of its own, the split.",
            metavar="NUMBER",
        ),
    )
    dim: int = field(
        default=64, metadata=option("Dimension of the behavioural space.", metavar="NUMBER")
    )
    lr: float | None = field(
        default=None,
        metadata=option(f"Learning rate [default: {TrainingConfig.lr:g}].", metavar="NUMBER"),
    )
    lr_decay: float | None = field(
        default=None,
        metadata=option(
            "Factor on the learning rate over 50 epochs [default: the recommender's own].",
            metavar="NUMBER",
        ),
    )
    batch: int = field(default=2048, metadata=option("Interactions in a batch.", metavar="NUMBER"))
    patience: int = field(
        default=10,
        metadata=option(
            "Epochs without a better validation metric before it stops.", metavar="NUMBER"
        ),
    )
    max_epochs: int = field(default=1000, metadata=option("Epochs at most.", metavar="NUMBER"))
    precision: str = field(
        default="full",
        metadata=option(
            "Precision of large linear layers in training: full, or bfloat16 (weights and "
            "evaluation stay in float32), faster on CPUs with AMX or AVX512-BF16 and on GPUs.",
            metavar="NAME",
        ),
    )
    metric: str = field(
        default="recall@20",
        metadata=option("Validation metric that decides, as in recall@20.", metavar="NAME@K"),
    )
    mask: str = field(
        default="train+valid",
        metadata=option(
            f"What is taken out when test items are ranked: {' or '.join(MASKS)} (as published "
            "toolkits do).",
            metavar="NAME",
        ),
    )
    settings: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Option of the recommender or its adapter, may be repeated: reg=0.01, layers=2, "
            "adapter.k=4.",
            metavar="KEY=VALUE",
            flag="--set",
        ),
    )

    def __post_init__(self) -> None:
        if isinstance(self.settings, str):
            raise TypeError("settings must be a tuple of texts, as in ('reg=0.01',), not a text")
        check_seed(self.seed)
        if self.seeds < 1:
            raise InputError(f"seeds {shown(self.seeds)}: expected at least 1")
        self.training_config(self.seed)
        parse_settings(self.settings)
        ModelConfig(dim=self.dim, features=cast(Features, self.features))

    def seed_list(self) -> tuple[int, ...]:
        """All seeds, the first one first."""
        return tuple(range(self.seed, self.seed + self.seeds))

    def training_config(self, seed: int) -> TrainingConfig:
        """Return how a recommender is trained with ``seed``."""
        return TrainingConfig(
            lr=TrainingConfig.lr if self.lr is None else self.lr,
            batch=self.batch,
            patience=self.patience,
            max_epochs=self.max_epochs,
            metric=self.metric,
            mask=cast(Mask, self.mask),
            seed=seed,
            lr_decay=self.lr_decay,
            precision=cast(Precision, self.precision),
        )

    def model_config(self, name: ModelName) -> ModelConfig:
        """Return what is built for ``name``.

        Raises:
            InputError: a setting that this recommender or adapter does not have.
        """
        settings = parse_settings(self.settings)
        return model_config(name, settings, dim=self.dim, features=cast(Features, self.features))


@dataclass(frozen=True, kw_only=True)
class TrainConfig(DataConfig, TrainOptions):
    """Everything that `becam.train` and `becam train` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    model: str = field(
        metadata=option(
            "Recommender, and adapter after a plus: bm3, lattice+befa, ...", metavar="MODEL"
        )
    )

    def __post_init__(self) -> None:
        DataConfig.__post_init__(self)
        TrainOptions.__post_init__(self)
        name = ModelName.parse(self.model)
        check_scopes(name, parse_settings(self.settings))
        self.model_config(name)


SAMPLERS = ("tpe", "grid")


@dataclass(frozen=True, kw_only=True)
class SearchConfig(TrainConfig):
    """Everything that `becam.search` and `becam search` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    trials: int = field(
        default=20,
        metadata=option("Trials in all, those of earlier runs included.", metavar="NUMBER"),
    )
    sampler: str = field(
        default="tpe",
        metadata=option(
            "tpe (what has done well is tried more; extra 'search') or grid (in random order).",
            metavar="NAME",
        ),
    )
    grid: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Values to try instead of the published ones, may be repeated: reg=0.1,0.01, "
            "adapter.k=1,4, lr=0.001,0.0005.",
            metavar="KEY=VALUES",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.grid, str):
            raise TypeError("grid must be a tuple of texts, as in ('reg=0.1,0.01',), not a text")
        if self.trials < 1:
            raise InputError(f"trials {shown(self.trials)}: expected at least 1")
        if self.sampler not in SAMPLERS:
            raise unknown("sampler", self.sampler, SAMPLERS)
        if not self.space():
            raise InputError(
                f"model {shown(self.model)} has nothing to search; expected values, "
                "as in --grid lr=0.001,0.0005"
            )

    def space(self) -> Space:
        """Return what is searched: published grids, replaced by ``grid``, less ``settings``.

        Raises:
            InputError: an option that there is not, a value that it can't have, an option that
                is both set and searched.
        """
        name = ModelName.parse(self.model)
        space = search_space(name, self.dim)
        given = parse_grid(name, self.grid, self.dim)
        fixed = {
            setting.name.removeprefix(f"{name.recommender}.")
            for setting in parse_settings(self.settings)
        }
        fixed |= set() if self.lr is None else {LR}
        for key in given:
            if key in fixed:
                raise InputError(f"option {shown(key)} is both set and searched; expected one")
        return {key: values for key, values in (space | given).items() if key not in fixed}


def check_seed(seed: int) -> None:
    """Raise InputError unless ``seed`` is one that every generator takes."""
    if not 0 <= seed < 2**63:
        raise InputError(f"seed {shown(seed)}: expected a whole number from 0 to 2^63-1")
