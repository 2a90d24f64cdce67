"""Click options made from the dataclasses that Python uses."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from becam.config import DataConfig

Command = TypeVar("Command", bound=Callable[..., Any])

quiet_option = click.option("--quiet", is_flag=True, help="No progress, no notes; errors only.")

tex_option = click.option(
    "--tex",
    is_flag=True,
    help="Also write NAME.tex, which includes the figure, with a caption that names data, model, "
    "encoder, layer, fill, weighting and seed.",
)


def cache_option(command: Command) -> Command:
    """Give a command ``--cache``, as in `becam.config.DataConfig`."""
    (entry,) = (entry for entry in dataclasses.fields(DataConfig) if entry.name == "cache")
    return _option(entry, str | Path | None)(command)


def path_option(flag: str, help: str, *, metavar: str = "FILE") -> Callable[[Command], Command]:
    """Give a command an option that is a path; None without."""
    return click.option(flag, type=click.Path(path_type=Path), metavar=metavar, help=help)


def out_option(help: str, *, metavar: str = "FILE") -> Callable[[Command], Command]:
    """Give a command ``--out``, the path that it writes."""
    return path_option("--out", help, metavar=metavar)


def json_option(help: str = "Print the figures as JSON.") -> Callable[[Command], Command]:
    """Give a command ``--json``, as its argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help=help)


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
    """Fields with a description: those without a default, a class's own, what is shared last."""
    described = [entry for entry in dataclasses.fields(config) if "option" in entry.metadata]

    def shared_by(entry: dataclasses.Field[Any]) -> int:
        """Count the bases that have the field too: the more, the more general it is."""
        bases = config.__mro__[1:-1]
        return sum(entry.name in {each.name for each in dataclasses.fields(of)} for of in bases)

    return sorted(
        described, key=lambda entry: (entry.default is not dataclasses.MISSING, shared_by(entry))
    )


def _option(entry: dataclasses.Field[Any], hint: Any) -> Callable[[Command], Command]:
    about = entry.metadata["option"]
    flag = about["flag"] or f"--{entry.name.replace('_', '-')}"
    required = entry.default is dataclasses.MISSING
    if hint in (bool, bool | None):
        default = entry.default
        return click.option(flag, entry.name, is_flag=True, default=default, help=about["help"])
    several = typing.get_origin(hint) is tuple
    kinds: dict[Any, Any] = {int: int, float: float, Path: click.Path(path_type=Path)}
    wanted = (hint, *typing.get_args(hint))  # the hint, or what `X | None` and tuples are made of
    kind = next((kinds[each] for each in wanted if each in kinds), str)
    presence: dict[str, Any] = {"required": True}
    if not required:
        presence = {"default": entry.default, "show_default": entry.default not in (None, ())}
    if several:
        presence["multiple"] = True
    return click.option(
        flag, entry.name, type=kind, metavar=about["metavar"], help=about["help"], **presence
    )
