"""Click options made from the dataclasses that Python uses."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def options_of(config: type[Any]) -> Callable[[Command], Command]:
    """Give a command one option for each field of ``config`` that describes itself."""

    def decorate(command: Command) -> Command:
        hints = typing.get_type_hints(config)
        # Click lists options in reverse order of decoration.
        for entry in reversed(_ordered(config)):
            command = _option(entry, hints[entry.name])(command)
        return command

    return decorate


def _ordered(config: type[Any]) -> list[dataclasses.Field[Any]]:
    """Fields with a description, a class's own before the inherited ones."""
    described = [entry for entry in dataclasses.fields(config) if "option" in entry.metadata]
    inherited = {entry.name for base in config.__mro__[1:-1] for entry in dataclasses.fields(base)}
    return sorted(described, key=lambda entry: entry.name in inherited)


def _option(entry: dataclasses.Field[Any], hint: Any) -> Callable[[Command], Command]:
    about = entry.metadata["option"]
    flag = about["flag"] or f"--{entry.name.replace('_', '-')}"
    required = entry.default is dataclasses.MISSING
    if hint is bool:
        return click.option(flag, entry.name, is_flag=True, help=about["help"])
    kinds: dict[Any, Any] = {int: int, float: float, str: str}
    kind = kinds.get(hint, click.Path(path_type=Path) if Path in typing.get_args(hint) else str)
    presence: dict[str, Any] = {"required": True}
    if not required:
        presence = {"default": entry.default, "show_default": entry.default is not None}
    return click.option(
        flag, entry.name, type=kind, metavar=about["metavar"], help=about["help"], **presence
    )
