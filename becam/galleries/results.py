"""A finished table, with its figure if it has one, as a gallery's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from becam.galleries.kinds import Outcome, Spec
from becam.galleries.plain_page import plain_page
from becam.result_files import plain
from becam.tables.finished import Finished
from becam.tables.markdown import to_markdown
from recsys.files import write_text

SCHEMA = 1
TABLES = ("csv", "md", "tex", "json")


class Named(Spec, Protocol):
    """A spec with a title."""

    @property
    def title(self) -> str:
        """What the page is called."""


def write_result(
    finished: Finished, out: Path, *, spec: Named, more: tuple[Path, ...] = ()
) -> Outcome:
    """Write tables, figures, ``gallery.json`` and a page that shows them.

    Args:
        finished: the table and its figure.
        out: the gallery's folder.
        spec: what it was made of.
        more: files that stand in the folder already.

    Raises:
        OSError: it can't be written.
    """
    from becam import __version__

    stem = finished.table.name
    tables = [out / "tables" / f"{stem}.{ending}" for ending in TABLES]
    endings = () if finished.figure is None else ("pdf", "svg", "png")
    figures = [out / "figures" / f"{stem}.{ending}" for ending in endings]
    for path in (*tables, *figures):
        finished.save(path)
    files = {
        "figures": [path.relative_to(out).as_posix() for path in figures],
        "tables": [path.relative_to(out).as_posix() for path in (*tables, *more)],
    }
    about = {
        **{"schema": SCHEMA, "becam": __version__, "kind": spec.kind},
        **{"name": spec.name, "title": spec.title},
        "about": {
            **spec.identity(),
            "catalogues": finished.data,
            "simulated": any(each.get("simulated", False) for each in finished.data),
            "notes": list(finished.table.notes),
        },
        "runs": finished.runs,
        **files,
        "failures": [{"run": run, "message": why} for run, why in finished.failures.items()],
    }
    text = json.dumps(plain(about), indent=1, ensure_ascii=False, sort_keys=True)
    write_text(out / "gallery.json", text + "\n")
    page = out / "index.html"
    listed = [*files["figures"], *files["tables"], "gallery.json"]
    write_text(page, plain_page(finished, title=spec.title, files=listed, options=spec.identity()))
    return Outcome(
        written=(page, *figures, *tables, *more, out / "gallery.json"),
        failures=finished.failures,
        summary=to_markdown(finished.table),
    )
