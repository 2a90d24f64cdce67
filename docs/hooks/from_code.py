"""Writes reference tables into pages from the code itself: commands, and options in Python.

mkdocs calls ``on_page_markdown`` for every page. A page asks by a mark of its own line:
``<!-- commands -->``, or ``<!-- options of becam.NAME -->`` for a dataclass.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

import click

COMMANDS = "<!-- commands -->"
OPTIONS = re.compile(r"<!-- options of becam\.(\w+) -->")
HEAD = "| {} | what it does |\n|---|---|"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks of a page."""
    if COMMANDS in markdown:
        from becam.cli.main import cli

        root = click.Context(cli, info_name="becam")
        markdown = markdown.replace(COMMANDS, "\n".join(_described(cli, root, level=1)))
    return OPTIONS.sub(lambda found: _options_of(found[1]), markdown)


def _described(command: click.Command, context: click.Context, *, level: int) -> Iterator[str]:
    """Yield a command's Markdown, then its subcommands'."""
    if level > 1:
        yield f"{'#' * level} {context.command_path}\n"
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"```text\n{context.command_path} {usage}\n```\n"
        yield _plain(inspect.cleandoc(command.help or "").replace("\b", "")) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            inner = click.Context(child, info_name=name, parent=context)
            yield from _described(child, inner, level=level + 1)
    else:
        yield HEAD.format("option")
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and record[0] != "-h, --help":
                yield f"| `{record[0]}` | {_plain(' '.join(record[1].split()))} |"
        yield ""


def _options_of(name: str) -> str:
    """Make a table of what a dataclass takes, with the command line's descriptions."""
    import becam

    rows = [HEAD.format("option")]
    for entry in dataclasses.fields(getattr(becam, name)):
        about = entry.metadata["option"]["help"]
        required = entry.default is dataclasses.MISSING
        default = "" if required or entry.default in (None, ()) else f" [default: {entry.default}]"
        rows.append(f"| `{entry.name}` | {_plain(about)}{_plain(default)} |")
    return "\n".join(rows)


def _plain(text: str) -> str:
    """Escape what Markdown and HTML would take for their own."""
    return re.sub(r"([|<*_\\\[\]])", r"\\\1", text)
