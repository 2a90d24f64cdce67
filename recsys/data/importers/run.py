"""The import itself: read, merge repeated pairs, cut the core, split, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.core import counts, first_of_pairs, k_core, largest_core
from recsys.data.importers.formats import Format, detect_format, load_format
from recsys.data.importers.options import ImportOptions
from recsys.data.importers.publish import check_out, draft_for, publish
from recsys.data.importers.report import Counts, ImportReport
from recsys.data.importers.source import Progress, Reading, Source
from recsys.data.importers.write import write_catalogue, write_manifest
from recsys.data.interactions import Interactions
from recsys.data.splits import MIN_INTERACTIONS, check_sizes, parts_at_random, parts_by_time
from recsys.data.tables import display
from recsys.errors import InputError, encodable, shown

RAW_CORE = 10  # of raw releases, unless another is asked for


def import_catalogue(
    source: Path | str,
    out: Path | str,
    *,
    format: str = "auto",
    core: int | None = None,
    split: str = "keep",
    seed: int = 0,
    pictures: str = "link",
    actions: Sequence[str] = (),
    skip_columns: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import other people's data as a catalogue folder, with ``import.json`` beside the tables.

    A (user, item) pair that occurs again is merged: the earliest row counts, of equally early
    ones, and without timestamps, the first. Then the core is cut, to a fixed point. The folder
    ``out`` appears complete or not at all.

    Args:
        source: The folder with the source's files, or its ``.inter`` file.
        out: The folder to write; its parents are made.
        format: See `ImportOptions`, as for the rest.
        core: Fewest interactions of a user and of an item.
        split: The ``split`` column to write.
        seed: Of the split.
        pictures: How pictures get into the folder.
        actions: Kinds of rows that count as interactions.
        skip_columns: Leave out columns that the format does not have.
        force: Replace an earlier import in ``out``, if nothing else is in it.
        progress: Told what is done now, how far it is, and of how much (0: unknown).

    Returns:
        What was read, kept and dropped, and why.

    Raises:
        InputError: A bad option, a source that can't be used, nothing left after the core, a
            split with an empty part, or a folder ``out`` that is in the way.
        OSError: The disk is full or not writable.
    """
    options = ImportOptions(
        format=format,
        core=core,
        split=split,
        seed=seed,
        pictures=pictures,
        actions=tuple(actions),
        skip_columns=skip_columns,
        force=force,
    )
    folder, file = _folder_of(Path(source))
    out = _resolved(Path(out))
    check_out(out, folder, force=force)
    name = detect_format(folder) if format == "auto" else format
    if actions and name != "tmall":
        raise InputError(f"actions: the format {name} has none; only tmall has")
    kind = load_format(name)
    if options.core is None:
        options = replace(options, core=0 if kind.PREPARED else RAW_CORE)
    reading = Reading(options, progress or (lambda _what, _done, _total: None), file)
    return _import(kind, name, folder, out, reading)


def import_mmrec(source: Path | str, out: Path | str, **options: Any) -> ImportReport:
    """Import a folder in MMRec's format; see `import_catalogue`."""
    return import_catalogue(source, out, format="mmrec", **options)


def _import(kind: Format, name: str, folder: Path, out: Path, reading: Reading) -> ImportReport:
    source = kind.read(folder, reading)
    n_users, n_items = len(source.user_ids), len(source.items)
    if reading.options.split == "time" and source.log.times is None:
        raise InputError(f"{display(folder)}: a split by time needs timestamps, it has none")
    read = Counts(n_users, n_items, len(source.log) + reading.drops.count("interactions"))
    source = _merged(source, reading)
    source, items = _cut(source, reading, folder)
    users = counts(source.log.users, n_users)
    given = reading.options.split == "keep" and source.log.splits is not None
    few = int(((users > 0) & (users < MIN_INTERACTIONS)).sum())
    if few:
        where = "where the source's split has them" if given else "in train"
        reading.note(
            f"{few:,} {'user has' if few == 1 else 'users have'} fewer than {MIN_INTERACTIONS} "
            f"interactions, which stay {where}"
        )
    source = _with_split(source, items, reading)
    parts = None
    if source.log.splits is not None:
        train, valid, test = np.bincount(source.log.splits, minlength=3).tolist()
        parts = (train, valid, test)
        given_by = source.split_column if given else None
        check_sizes(int((users > 0).sum()), len(items), parts, given_by)

    with draft_for(out) as draft:
        written = write_catalogue(draft, source, items, reading)
        report = ImportReport(
            name=encodable(source.name),
            format=name,
            folder=out,
            options=reading.options.to_dict(),
            read=read,
            kept=Counts(int((users > 0).sum()), len(items), len(source.log)),
            parts=parts,
            pictures=written.pictures,
            texts=written.texts,
            modalities=written.modalities,
            dropped=reading.drops.listed(),
            notes=tuple(reading.notes),
            files=tuple(reading.files),
        )
        write_manifest(draft, report.to_dict())
        publish(draft, out, force=reading.options.force)
    return report


def _merged(source: Source, reading: Reading) -> Source:
    """Keep one row of each pair."""
    log = source.log
    reading.progress("merging repeated pairs", 0, 0)
    kept = first_of_pairs(log, len(source.user_ids), len(source.items))
    gone = len(log) - int(kept.sum())
    if gone:
        row = int((~kept).argmax())
        which = "earliest" if log.times is not None else "first"
        reading.drops.add(
            "interactions",
            f"the user has the item already (the {which} row counts)",
            gone,
            f"user {shown(source.user_ids[int(log.users[row])])}, item "
            f"{shown(source.items[int(log.items[row])].item_id)}",
        )
    return replace(source, log=log.where(kept))


def _cut(source: Source, reading: Reading, folder: Path) -> tuple[Source, npt.NDArray[np.int64]]:
    """Cut the core; return the source with its rows, and the indices of the items that stay."""
    log, k = source.log, reading.options.core or 0
    if k:
        reading.progress(f"{k}-core", 0, 0)
    before = counts(log.users, len(source.user_ids)) > 0
    core = k_core(log, len(source.user_ids), len(source.items), k)
    if not core.rows.any():
        raise InputError(
            f"{display(folder)}: nothing is left of {len(log):,} interactions by "
            f"{int(before.sum()):,} users with {len(source.items):,} items: no group of users and "
            f"items has {k} interactions each; the largest core that leaves something is "
            f"{largest_core(log, len(source.user_ids), len(source.items), k)}"
        )
    reason = f"fewer than {k} interactions left ({k}-core, after {core.rounds} rounds)"
    drops = reading.drops
    rowless = ~before
    if rowless.any():
        drops.add("users", "no interaction left", int(rowless.sum()), _user(source, rowless))
    users = before & ~core.users
    drops.add("users", reason, int(users.sum()), _user(source, users))
    items = ~core.items
    first = source.items[int(items.argmax())].item_id
    drops.add("items", reason, int(items.sum()), f"item {shown(first)}")
    gone = ~core.rows
    row = int(gone.argmax())
    drops.add(
        "interactions",
        f"of a user or an item outside the {k}-core",
        int(gone.sum()),
        f"user {shown(source.user_ids[int(log.users[row])])}, item "
        f"{shown(source.items[int(log.items[row])].item_id)}",
    )
    return replace(source, log=log.where(core.rows)), np.flatnonzero(core.items)


def _user(source: Source, which: npt.NDArray[np.bool_]) -> str:
    return f"user {shown(source.user_ids[int(which.argmax())])}"


def _with_split(source: Source, items: npt.NDArray[np.int64], reading: Reading) -> Source:
    """Give every row its part, as `recsys.data.splits` does for the folder that is written."""
    log, how = source.log, reading.options.split
    if how == "keep":
        return source
    if how == "none":
        return replace(source, log=replace(log, splits=None))
    reading.progress("splitting", 0, 0)
    # The order of users and items of the folder when it is loaded: users by id.
    present = np.flatnonzero(counts(log.users, len(source.user_ids)))
    names = np.array([source.user_ids[index] for index in present.tolist()], dtype=object)
    order = sorted(range(len(names)), key=names.__getitem__)
    user_at = np.zeros(len(source.user_ids), dtype=np.int64)
    user_at[present[order]] = np.arange(len(present))
    item_at = np.zeros(len(source.items), dtype=np.int64)
    item_at[items] = np.arange(len(items))
    rows = Interactions(
        user_ids=tuple(names[order]),
        item_ids=tuple(source.items[index].item_id for index in items.tolist()),
        users=user_at[log.users],
        items=item_at[log.items],
        timestamps=log.times,
    )
    cut = parts_by_time if how == "time" else parts_at_random
    return replace(source, log=replace(log, splits=cut(rows, seed=reading.options.seed)))


def _folder_of(source: Path) -> tuple[Path, Path | None]:
    """Return the source's folder: itself, or that of a ``.inter`` file, and that file."""
    path, file = _resolved(source), None
    if path.suffix == ".inter" and path.is_file():
        path, file = path.parent, path
    if not path.is_dir():
        problem = "is not a folder" if path.exists() else "does not exist"
        raise InputError(f"source {display(source)} {problem}; expected a folder")
    return path, file


def _resolved(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{display(path)}: {error}") from error
