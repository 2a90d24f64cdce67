"""What a user can choose where recommenders are compared before and after adapters."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import cast

from becam.config import DataConfig, TrainOptions
from becam.map_config import option
from becam.tables.config import TableOptions
from recsys.configs import Features, ModelConfig
from recsys.errors import InputError, shown
from recsys.models.names import RECOMMENDERS, ModelName
from recsys.models.registry import uses_content
from recsys.settings import ADAPTER, Setting, model_config, parse_settings

_DATA = {entry.name: entry.metadata for entry in fields(TableOptions)}


@dataclass(frozen=True, kw_only=True)
class BeforeAfterConfig(TrainOptions):
    """Recommenders without and with their adapters, on one or more data sets.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    model: str = field(
        default="bm3+befa",
        metadata=option(
            "Recommenders, comma-separated, each with its adapter after a plus; measured before "
            "(without it) and after.",
            metavar="MODELS",
        ),
    )
    data: tuple[str, ...] = field(default=("demo",), metadata=_DATA["data"])
    encoder: str = field(default=DataConfig.encoder, metadata=_DATA["encoder"])
    modalities: tuple[str, ...] = field(default=("image,text",), metadata=_DATA["modalities"])
    device: str = field(default=DataConfig.device, metadata=_DATA["device"])
    dtype: str = field(default=DataConfig.dtype, metadata=_DATA["dtype"])
    cache: str | Path | None = field(default=DataConfig.cache, metadata=_DATA["cache"])

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.data_configs()
        for name in self.names:
            if not uses_content(name.recommender):
                able = [each for each in RECOMMENDERS if uses_content(each)]
                raise InputError(
                    f"model {shown(name)} takes no content, so there is nothing to compare; "
                    f"expected one of {', '.join(able)}"
                )
            self.model_config(name)
        for setting in parse_settings(self.settings):
            if not any(_serves(setting, name) for name in self.names):
                raise InputError(
                    f"setting {shown(setting)} serves none of the models {shown(self.model)}"
                )

    def model_config(self, name: ModelName) -> ModelConfig:
        """Return what is built for ``name``; the adapter's settings are for those that have one.

        Raises:
            InputError: a setting that this recommender or adapter does not have.
        """
        settings = [each for each in parse_settings(self.settings) if _serves(each, name)]
        features = cast(Features, self.features)
        return model_config(name, settings, dim=self.dim, features=features)

    @property
    def names(self) -> tuple[ModelName, ...]:
        """What is trained: by recommender, without its adapter first."""
        asked = [ModelName.parse(text) for text in self.model.split(",")]
        found: dict[ModelName, None] = {}
        for first in asked:
            same = [name for name in asked if name.recommender == first.recommender]
            found |= dict.fromkeys([first.without_adapter(), *same])
        return tuple(found)

    def data_configs(self) -> tuple[DataConfig, ...]:
        """Return what to open, one a data set."""
        options = TableOptions(
            data=self.data,
            encoder=self.encoder,
            modalities=self.modalities,
            device=self.device,
            dtype=self.dtype,
            cache=self.cache,
        )
        return options.data_configs()


def _serves(setting: Setting, name: ModelName) -> bool:
    if setting.scope == ADAPTER:
        return name.adapter is not None
    return setting.scope in ("", name.recommender)
