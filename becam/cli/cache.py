"""`becam cache`: what the cache holds, how large it is, cleaning it up, checking it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from becam.cli.options import cache_option, json_option


@click.group("cache")
def command() -> None:
    """Look at the cache, clean it up, check it.

    The cache holds what can be computed again. With $BECAM_CACHE_LIMIT (as in 20GB) content
    features and masked features are kept below that size: what was used longest ago goes first,
    what was used in the last ten minutes stays.
    """


@command.command("list")
@json_option("Print JSON.")
@cache_option
def list_(as_json: bool, cache: Path | None) -> None:
    """List the kinds of entries: how many, how large, when they were used."""
    from dataclasses import asdict

    from becam.cache import summarise_cache
    from becam.sizes import show_age, show_size
    from becam.workspace import open_workspace

    workspace = open_workspace(cache)
    kinds = summarise_cache(workspace)
    if as_json:
        found = {"folder": str(workspace.root), "kinds": [asdict(kind) for kind in kinds]}
        click.echo(json.dumps(found, indent=2))
        return
    now = time.time()
    click.echo(f"{workspace.root}\n")
    click.echo("| kind | entries | size | last used | longest unused |\n|---|---:|---:|---:|---:|")
    for kind in kinds:
        ages = [
            "" if moment is None else f"{show_age(now - moment)} ago"
            for moment in (kind.newest, kind.oldest)
        ]
        cells = [kind.kind, str(kind.entries), show_size(kind.size), *ages]
        click.echo(f"| {' | '.join(cells)} |")


@command.command("size")
@json_option("Print JSON.")
@cache_option
def size(as_json: bool, cache: Path | None) -> None:
    """Print the size of the cache, and the limit."""
    from becam.cache import PRUNED, summarise_cache
    from becam.sizes import show_size
    from becam.workspace import cache_limit, open_workspace

    limit = cache_limit()
    kinds = summarise_cache(open_workspace(cache))
    total = sum(kind.size for kind in kinds)
    limited = sum(kind.size for kind in kinds if kind.kind in PRUNED)
    if as_json:
        click.echo(json.dumps({"bytes": total, "limited_bytes": limited, "limit": limit}))
        return
    click.echo(f"{show_size(total)}, of them {show_size(limited)} {' and '.join(PRUNED)}")
    click.echo(f"limit of these: {'none' if limit is None else show_size(limit)}")


@command.command("prune")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--to", metavar="SIZE", help="Until they take at most that, as in 20GB or 0.")
@click.option("--older-than", metavar="AGE", help="What was not used for that long, as in 30d.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@cache_option
def prune(
    kinds: tuple[str, ...],
    to: str | None,
    older_than: str | None,
    dry_run: bool,
    cache: Path | None,
) -> None:
    """Delete entries: those used longest ago first.

    KIND is masked-features, features, models, results, searches or catalogues; the first two
    without. Models, searches and catalogues count as used when they were written. What was used
    in the last ten minutes stays. Temporary files that killed processes left behind a day or
    more ago go as well.
    """
    from becam.cache import PRUNED, check_kinds
    from becam.cache import prune as prune_cache
    from becam.sizes import parse_age, parse_size, show_size
    from becam.workspace import open_workspace

    check_kinds(kinds)
    if to is None and older_than is None:
        raise click.UsageError("expected --to SIZE, --older-than AGE or both")
    gone = prune_cache(
        open_workspace(cache),
        kinds or PRUNED,
        to=None if to is None else parse_size(to, "--to"),
        older_than=None if older_than is None else parse_age(older_than, "--older-than"),
        dry_run=dry_run,
    )
    for entry in gone if dry_run else ():
        click.echo(f"would delete {entry.path} ({show_size(entry.size)})")
    done = "would delete" if dry_run else "deleted"
    total = show_size(sum(entry.size for entry in gone))
    click.echo(f"{done} {len(gone)} {'entry' if len(gone) == 1 else 'entries'}, {total}")


@command.command("verify")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--delete", "delete_damaged", is_flag=True, help="Delete what is damaged.")
@cache_option
def verify(kinds: tuple[str, ...], delete_damaged: bool, cache: Path | None) -> int:
    """Read entries and compare their checksums (catalogues have none).

    Every command computes a damaged entry again by itself; this finds them beforehand. Exit
    code 1 if a damaged entry is left, else 0.
    """
    from becam.cache import KINDS, damaged
    from becam.eviction import delete
    from becam.workspace import open_workspace

    checked = found = left = 0
    for entry in damaged(open_workspace(cache), kinds or tuple(KINDS)):
        checked += 1
        if entry is None:
            continue
        found += 1
        gone = delete_damaged and delete(entry)
        left += not gone
        click.echo(f"damaged{', deleted' if gone else ''}: {entry.path}")
    click.echo(f"{checked} checked, {found} damaged{f', {found - left} deleted' if found else ''}")
    return 1 if left else 0
