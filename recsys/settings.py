"""Options of recommenders and adapters as a user types them: ``reg=0.01``, ``adapter.k=4``.

Needs no torch. A setting is checked against the configuration dataclasses, which stay the only
place that knows what a recommender or an adapter can be told.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters import registry as adapter_registry
from recsys.configs import Features, ModelConfig
from recsys.errors import InputError, nearest, shown, unknown
from recsys.models.names import RECOMMENDERS, ModelName
from recsys.models.registry import config_class

ADAPTER = "adapter"


@dataclass(frozen=True)
class Setting:
    """One option and its value.

    Attributes:
        scope: ``"adapter"``, the name of the recommender it is for, or ``""`` for whichever
            recommender is built.
        key: The option's name.
        value: Its value as it was typed, or a value of the option's own type.
    """

    scope: str
    key: str
    value: Any

    @property
    def name(self) -> str:
        """What stands before the equals sign."""
        return f"{self.scope}.{self.key}" if self.scope else self.key

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


SCOPES = ("", ADAPTER, *RECOMMENDERS)


def parse_settings(
    texts: Iterable[str], scopes: Sequence[str] = SCOPES, example: str = "reg=0.01"
) -> tuple[Setting, ...]:
    """Read ``KEY=VALUE``, ``adapter.KEY=VALUE`` and ``RECOMMENDER.KEY=VALUE``.

    Args:
        texts: as they were typed.
        scopes: what may stand before the dot; ``""`` where a key may stand without.
        example: of a setting, for the message.

    Raises:
        InputError: Another form, an unknown scope, or a key twice.
    """
    found: dict[str, Setting] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise InputError(f"setting {shown(text)}: expected KEY=VALUE, as in {example!r}")
        if name in found:
            raise InputError(f"setting {shown(name)} is given twice; expected it once")
        found[name] = Setting(*split_name(name, scopes), value)
    return tuple(found.values())


def split_name(name: str, scopes: Sequence[str] = SCOPES) -> tuple[str, str]:
    """Return the scope (``""`` without one) and the key of a setting's name.

    Raises:
        InputError: An unknown scope, or none where one is needed.
    """
    scope, _, key = name.rpartition(".")
    if scope in scopes:
        return scope, key
    named = [each for each in scopes if each]
    if not scope:
        hint = " or ".join(f"{each}.{key}" for each in named)
        raise InputError(f"setting {shown(name)} has no scope; expected {hint}")
    raise unknown("scope of a setting", scope, named)


def check_scopes(name: ModelName, settings: Iterable[Setting]) -> None:
    """Raise InputError where a setting is for another recommender than that of ``name``."""
    for setting in settings:
        if setting.scope not in ("", ADAPTER, name.recommender):
            raise InputError(
                f"setting {shown(setting)} is not for model {shown(name)}; "
                f"expected {setting.key}=... or {name.recommender}.{setting.key}=..."
            )


def model_config(
    name: ModelName,
    settings: Iterable[Setting] = (),
    *,
    dim: int = 64,
    features: Features = "trainable",
) -> ModelConfig:
    """Return what is built for ``name`` with these settings, the rest by default.

    A setting with the recommender's own scope counts before one without, and else a later one
    before an earlier one. Settings with the scope of another recommender are left out, so that
    one list serves several recommenders.

    Raises:
        InputError: A key that the recommender or adapter does not have, a value of another type
            or outside its range, an adapter's setting for a model without adapter.
    """
    recommender = config_class(name.recommender)
    adapter = None if name.adapter is None else adapter_registry.config_class(name.adapter)
    own: dict[str, Any] = {}
    its: dict[str, Any] = {}
    for setting in sorted(settings, key=lambda setting: setting.scope == name.recommender):
        if setting.scope in ("", ADAPTER, name.recommender):
            target = its if setting.scope == ADAPTER else own
            target[setting.key] = read_setting(name, setting)
    try:
        config = ModelConfig(
            dim=dim,
            features=features,
            recommender=recommender(**own),
            adapter=None if adapter is None else adapter(**its),
        )
        if config.adapter is not None:
            config.adapter.check(dim)
        return config
    except ValueError as error:  # adapters know nothing of InputError
        raise InputError(str(error)) from None


def read_setting(name: ModelName, setting: Setting) -> Any:
    """Return the setting's value in the type of the option of ``name`` that it is for.

    Raises:
        InputError: An option that there is not, or a value of another type.
    """
    if setting.scope != ADAPTER:
        recommender = setting.scope or name.recommender
        return read_field(config_class(recommender), setting, recommender, "")
    if name.adapter is None:
        raise InputError(
            f"setting {shown(setting)}: model {shown(name)} has no adapter; "
            f"expected one, as in '{name}+befa'"
        )
    config = adapter_registry.config_class(name.adapter)
    return read_field(config, setting, name.adapter, f"{ADAPTER}.")


def read_field(config: type[Any], setting: Setting, owner: str, prefix: str) -> Any:
    """Return the setting's value in the type that a dataclass has for its key.

    Args:
        config: the dataclass.
        setting: the option and its value.
        owner: whose option it is, for the message.
        prefix: what stands before the key where it is typed.

    Raises:
        InputError: An option that there is not, or a value of another type.
    """
    fields = [entry.name for entry in dataclasses.fields(config)]
    if setting.key not in fields:
        if not fields:
            raise InputError(f"setting {shown(setting)}: {owner} has no options")
        close = nearest(setting.key, fields)
        hint = ", ".join(f"{prefix}{field}" for field in close or fields)
        raise InputError(
            f"unknown setting {shown(prefix + setting.key)} of {owner}; "
            + (f"did you mean {hint}?" if close else f"available: {hint}")
        )
    if not isinstance(setting.value, str):
        return setting.value
    kind = typing.get_type_hints(config)[setting.key]
    try:
        return _converted(setting.value, kind)
    except ValueError:
        raise InputError(
            f"setting {shown(setting)}: expected {_described(kind)} for {prefix}{setting.key}"
        ) from None


def _converted(text: str, kind: Any) -> Any:
    """Turn a text into ``kind``; ``ValueError`` where it is none."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if text not in inner:
            raise ValueError(text)
        return text
    if origin in (typing.Union, types.UnionType):
        if type(None) in inner and text == "none":
            return None
        return _converted(text, next(part for part in inner if part is not type(None)))
    if origin is tuple:
        return tuple(_converted(part.strip(), inner[0]) for part in text.split(","))
    if kind is bool:
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    if "_" in text and kind in (int, float):
        raise ValueError(text)  # Python would read 1_000
    return kind(text)


def _described(kind: Any) -> str:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return " or ".join(map(str, inner))
    if origin in (typing.Union, types.UnionType):
        return " or ".join("'none'" if part is type(None) else _described(part) for part in inner)
    if origin is tuple:
        return f"{_described(inner[0])}, or several with commas between them"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return names.get(kind, str(kind))
