"""Galleries from their specs: the path of `becam gallery`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.galleries.document import Section, read_spec
from becam.galleries.folder import alone, claim
from becam.galleries.kinds import COMMON, Outcome, Overrides, Spec, kinds, parse
from recsys.errors import InputError, shown, unknown

if TYPE_CHECKING:
    from becam.progress import Reporter


def load_spec(file: str | Path, overrides: Overrides | None = None) -> Spec:
    """Read and check a spec; nothing is computed.

    Args:
        file: TOML, see docs/how-to/gallery.md.
        overrides: what replaces the spec's own values.

    Raises:
        InputError: no such file, or what it says can't be used; names file, line and key.
    """
    section = read_spec(Path(file))
    kind = section.get("kind", str, "items")
    if kind not in kinds():
        raise section.error("kind", str(unknown("kind of gallery", kind, kinds())))
    for key in COMMON:
        section.get(key, str)
    _check_name(section)
    return parse(kind, section, overrides or Overrides())


def name_of(section: Section) -> str:
    """Return a gallery's name: the spec's own, else that of its file."""
    name: str = section.get("name", str, section.stem)
    return name


def _check_name(section: Section) -> None:
    """Raise InputError unless the name can be part of file names."""
    name = name_of(section)
    if not name or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in name.strip(".")):
        where = "name" if "name" in section.values else None
        raise section.error(
            where, f"name {shown(name)}: expected letters, digits, '-', '_' and '.' alone"
        )


def gallery(
    spec: str | Path | Spec,
    out: str | Path | None = None,
    *,
    workers: int = 1,
    force: bool = False,
    reporter: Reporter | None = None,
    **overrides: Any,
) -> Outcome:
    """Make a gallery from its spec, as `becam gallery` does.

    A gallery that was interrupted goes on where it stopped. What fails for one item is named in
    the result's ``failures``, and the rest goes on.

    Args:
        spec: a TOML file, see docs/how-to/gallery.md, or what `load_spec` made of one.
        out: folder; ``becam-gallery-NAME`` by default.
        workers: processes at once; the result is the same. More than one needs a guard
            (``if __name__ == "__main__"``) in the script that calls this.
        force: take over a folder that holds another gallery or other files.
        reporter: where progress is shown; standard error by default.
        overrides: fields of `becam.galleries.kinds.Overrides`, as in ``data=("demo",)``.

    Raises:
        InputError: a spec, data or a folder that can't be used; another gallery is writing there.
        OSError: the folder or the cache can't be written.
        TypeError: overrides for a spec that is loaded already.
    """
    if workers < 1:
        raise InputError(f"workers {shown(workers)}: expected at least 1")
    if isinstance(spec, str | Path):
        spec = load_spec(spec, replace(Overrides(), **overrides))
    elif overrides:
        raise TypeError("give overrides to load_spec, where the spec is checked with them")
    spec.check_workers(workers)
    folder = Path(out) if out is not None else Path(f"becam-gallery-{spec.name}")
    if reporter is None:
        from becam.progress import Reporter

        reporter = Reporter()
    with alone(folder):
        claim(folder, {**spec.identity(), "kind": spec.kind, "name": spec.name}, force=force)
        return spec.run(folder, workers=workers, reporter=reporter)
