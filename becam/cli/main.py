"""Entry point: one-line errors, exit codes, commands loaded when they are called.

Exit codes: 0 done; 1 the work failed (a full disk, say); 2 wrong usage or bad input;
130 interrupted.
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import signal
import sys
from typing import NoReturn

import click

from becam.cli.interrupts import wait_for_imports
from recsys.errors import InputError, nearest

COMMANDS = {
    "render": ("becam.cli.render", "Draw an item's heatmap before and after the adapter."),
    "compare": ("becam.cli.compare", "Draw heatmaps side by side: models, layers, fills, ..."),
    "features": ("becam.cli.features", "Encode a catalogue's pictures and texts."),
    "train": ("becam.cli.train", "Train a recommender over seeds and evaluate it."),
    "search": ("becam.cli.search", "Search a recommender's options on validation data."),
    "table": ("becam.cli.table", "Compare recommenders and adapters over seeds, with tests."),
    "metrics": ("becam.cli.metrics", "Measure the heatmaps of many items, beside controls."),
    "sanity": ("becam.cli.sanity", "Check heatmaps: do they change where things are random?"),
    "gallery": ("becam.cli.gallery", "Render many heatmaps, or a figure or table, from a spec."),
    "deviation": ("becam.cli.deviation", "How far content deviates from behaviour."),
    "distribution": ("becam.cli.distribution", "How content lies on the sphere."),
    "data": ("becam.cli.data", "Look at catalogues."),
    "cache": ("becam.cli.cache", "Look at the cache, clean it up, check it."),
}


class _LazyGroup(click.Group):
    """Commands by name; a command's module is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS) or list(COMMANDS)
            raise click.UsageError(f"no such command {args[0]!r}; did you mean {', '.join(close)}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from becam import __version__

        click.echo(f"becam {__version__}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
def cli() -> None:
    """becam: which part of a picture does a recommender's behavioural knowledge agree with?"""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    # Before torch is imported: on a busy machine its idle threads spin away the others' time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Imports make a million objects that stay; looking for cycles among them costs half a second.
    gc.set_threshold(100_000)
    wait_for_imports()
    code = run(arguments)
    # The work is over: a Ctrl-C while Python takes itself down must not change how it went.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A Ctrl-C inside an `exec` leaves a mark by which `python -m becam` would end as if killed,
    # whatever its exit code, though it is handled here; this takes it away.
    exec("")
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every failure is one line."""
    try:
        result = cli.main(args=arguments, prog_name="becam", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        return _fail(" ".join(error.format_message().split()), 2)
    except InputError as error:
        return _fail(str(error), 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted; what was finished is kept, the next run goes on from there", 130)
    except BrokenPipeError:
        # The reader went away (`becam ... | head`): not an error of ours to report.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}", 1)
    except (MemoryError, RuntimeError) as error:
        from becam.chunks import is_out_of_memory  # torch, which is loaded where this happens

        if not is_out_of_memory(error):
            raise
        return _fail(_out_of_memory(error), 1)


def _out_of_memory(error: BaseException) -> str:
    """Say what ran out of memory, without the allocator's own advice, and what helps."""
    said = " ".join(str(error).split())
    if type(error) is MemoryError:  # ours: it says what was too much
        return f"out of memory{said and f': {said}'}"
    size = re.search(r"(tried|unable) to allocate [\d.]+ \w+", said, re.IGNORECASE)
    what = said.partition(". ")[0]
    if size:
        what = size.group()[0].lower() + size.group()[1:]
    return f"out of memory: {what}; a smaller --batch, or another --device, may help"


def _fail(message: str, code: int) -> int:
    if os.environ.get("BECAM_DEBUG"):
        raise
    click.echo(f"becam: {message}", err=True)
    return code
