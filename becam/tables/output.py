"""Where a table is written: a folder for everything, or one file by its ending."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recsys.errors import InputError, shown
from recsys.files import check_folder

if TYPE_CHECKING:
    from becam.tables.finished import Finished

ENDINGS = ("csv", "md", "tex", "json")
FIGURES = ("pdf", "png", "svg")


def check_out(out: Path, *, figure: bool) -> None:
    """Raise InputError unless ``out`` is a folder or a file of a known ending.

    Args:
        out: What has no ending, or is a folder already, is a folder.
        figure: Whether the table comes with a figure.
    """
    ending = out.suffix.removeprefix(".").lower()
    known = (*ENDINGS, *FIGURES) if figure else ENDINGS
    if ending and ending not in known and not out.is_dir():
        endings = ", ".join(f".{each}" for each in known[:-1])
        raise InputError(
            f"output {shown(out)}: expected a folder, or an ending {endings} or .{known[-1]}"
        )
    check_folder(out.parent if ending and not out.is_dir() else out)


def write(finished: Finished, out: Path) -> list[Path]:
    """Write a table; a folder gets every format, with the figure as PDF and PNG.

    Raises:
        InputError: An unknown ending.
        OSError: It can't be written.
    """
    check_out(out, figure=finished.figure is not None)
    if out.suffix and not out.is_dir():
        _write(finished, out)
        return [out]
    endings = [*ENDINGS, *(FIGURES[:2] if finished.figure is not None else ())]
    paths = [out / f"{finished.table.name}.{ending}" for ending in endings]
    for path in paths:
        _write(finished, path)
    return paths


def _write(finished: Finished, path: Path) -> None:
    from becam.tables.csv_writer import to_csv
    from becam.tables.latex import to_latex
    from becam.tables.manifest import to_json
    from becam.tables.markdown import to_markdown
    from recsys.files import write_text

    ending = path.suffix.removeprefix(".").lower()
    if ending in FIGURES:
        from becam.figures.files import save_figure

        assert finished.figure is not None  # `check_out` has been asked
        save_figure(finished.figure, path, dpi=200)
    elif ending == "json":
        write_text(path, to_json(finished))
    else:
        writers = {"csv": to_csv, "md": to_markdown, "tex": to_latex}
        write_text(path, writers[ending](finished.table))
