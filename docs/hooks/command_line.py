"""Writes the reference of the command line into its page, from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import click

MARK = "<!-- the commands -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the mark by all commands; mkdocs calls this for every page."""
    if MARK not in markdown:
        return markdown
    from becam.cli.main import cli

    root = click.Context(cli, info_name="becam")
    return markdown.replace(MARK, "\n".join(_described(cli, root, level=1)))


def _described(command: click.Command, context: click.Context, *, level: int) -> Iterator[str]:
    """Yield a command's Markdown, then its subcommands'."""
    if level > 1:
        yield f"{'#' * level} {context.command_path}\n"
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"```text\n{context.command_path} {usage}\n```\n"
        yield _prose(command.help or "") + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            inner = click.Context(child, info_name=name, parent=context)
            yield from _described(child, inner, level=level + 1)
    elif rows := list(_options(command, context)):
        yield "| option | what it does |\n|---|---|"
        yield "\n".join(rows) + "\n"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and record[0] != "-h, --help":
            flags, about = (" ".join(part.split()) for part in record)
            yield f"| `{flags}` | {_cell(about)} |"


def _cell(text: str) -> str:
    """Escape what Markdown and HTML would take for their own."""
    return re.sub(r"([|<*_\\])", r"\\\1", text)


def _prose(text: str) -> str:
    return _cell(inspect.cleandoc(text.replace("\b", "")))
