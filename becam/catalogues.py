"""Opening a catalogue by name: a folder, MMRec's format, or the demo catalogue. Needs no torch."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from becam.progress import Reporter
from becam.workspace import Workspace
from recsys.data.catalogue import Catalogue, load_catalogue
from recsys.data.demo.names import demo_config, demo_name, is_demo
from recsys.data.tables import check_regular
from recsys.hashing import content_key, file_hash


def open_catalogue(data: str, workspace: Workspace, reporter: Reporter) -> Catalogue:
    """Open a catalogue folder, a folder in MMRec's format, or the demo catalogue.

    ``demo:correlation=0.9,interactions=20`` is the demo catalogue with other parameters, see
    `recsys.data.demo.names.demo_config`. Both are made, and MMRec's format imported, the first
    time.

    Raises:
        InputError: no such folder, files in it that can't be used, or a parameter that the demo
            catalogue does not have.
        OSError: the cache can't be written.
    """
    if is_demo(data):
        return _demo_catalogue(data, workspace, reporter)
    folder = Path(data)
    if is_mmrec(folder):
        catalogue = _imported(folder, workspace, reporter)
    else:
        catalogue = load_catalogue(folder)
    for note in catalogue.notes:
        reporter.note(f"{data}: {note}")
    return catalogue


def _demo_catalogue(name: str, workspace: Workspace, reporter: Reporter) -> Catalogue:
    from recsys.data.demo.config import GENERATOR

    demo = demo_config(name)
    key = content_key({"generator": GENERATOR, **asdict(demo)})
    folder = workspace.catalogues / f"demo-{key[:16]}"
    cached = folder.is_dir()
    if not cached:
        from recsys.data.demo.build import build_demo

        with reporter.bar("drawing the demo catalogue", demo.items, "picture") as step:
            # One process: others would run a user's unguarded script a second time.
            build_demo(folder, demo, progress=lambda done, _total: step(done, ""), workers=1)
    reporter.done("demo catalogue", cached=cached)
    return load_catalogue(folder, name=demo_name(demo))


def is_mmrec(folder: Path) -> bool:
    """Tell whether a folder is in MMRec's format: it has a ``.inter`` and no ``items.csv``."""
    try:
        return any(folder.glob("*.inter")) and not (folder / "items.csv").exists()
    except OSError:
        return False


def _imported(folder: Path, workspace: Workspace, reporter: Reporter) -> Catalogue:
    """Import a folder in MMRec's format once, under the content of its files.

    What the import dropped is among the catalogue's notes, also where it was made before.
    """
    from recsys.data.importers import import_mmrec
    from recsys.data.importers.report import read_losses

    files = sorted({*folder.glob("*.inter"), *folder.glob("*.npy")})
    for path in files:
        check_regular(path, "a file")
    about = {path.name: file_hash(path) for path in files}
    key = content_key({"what": "import of MMRec's format", "version": 1, "files": about})
    target = workspace.catalogues / f"mmrec-{key[:16]}"
    cached = target.is_dir()
    if not cached:
        target.parent.mkdir(parents=True, exist_ok=True)
        import_mmrec(folder, target)
    reporter.done("import", cached=cached)
    catalogue = load_catalogue(target, name=folder.resolve().name)
    return replace(catalogue, load_notes=(*read_losses(target), *catalogue.load_notes))
