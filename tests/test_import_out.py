"""Where an import goes: what is in the way stays, and folders that are there are filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.data import import_catalogue
from recsys.data.importers import publish
from tests import raw_releases as raw
from tests.raw_releases import everything, refusal


def test_what_is_in_the_way_is_not_touched(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "a")
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work")
    for force in (False, True):
        assert "exists and is no import" in refusal(source, home, force=force)
    assert (home / "thesis.tex").read_text() == "years of work"
    assert "exists and is no import" in refusal(source, home / "thesis.tex", force=True)
    assert "the source lies in it" in refusal(source, tmp_path, force=True)
    assert "the source lies in it" in refusal(source, source, force=True)
    import_catalogue(source, tmp_path / "new" / "deep" / "out")
    assert (tmp_path / "new" / "deep" / "out" / "items.csv").exists()


@pytest.mark.parametrize("below", ["x", "x/y"])
def test_a_folder_below_a_file_is_refused_before_the_work(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    message = refusal(raw.mmrec(tmp_path / "a"), tmp_path / "file" / below)
    assert message.endswith(f"expected a folder, {str(tmp_path / 'file')!r} is a file")


def test_an_empty_folder_is_filled_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = raw.catalogue(tmp_path / "shop")
    import_catalogue(source, tmp_path / "expected")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / ".import.1-abc.part").mkdir()  # of one that was killed
    inode = empty.stat().st_ino
    monkeypatch.chdir(empty)
    import_catalogue(source, ".")
    assert [path.name for path in empty.iterdir() if path.name.startswith(".")] == [
        ".import.1-abc.part"
    ]
    assert empty.stat().st_ino == inode
    assert everything(empty) == everything(tmp_path / "expected")
    message = refusal(source, empty, force=True)
    assert "is the current folder, which --force cannot replace" in message


def test_filling_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = raw.catalogue(tmp_path / "shop")
    empty = tmp_path / "empty"
    empty.mkdir()
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if target == empty / publish.MANIFEST:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        import_catalogue(source, empty)
    assert not list(empty.iterdir())


def test_only_what_an_import_wrote_is_replaced(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop")
    out = tmp_path / "out"
    import_catalogue(source, out)
    assert "--force replaces the import in it" in refusal(source, out)
    import_catalogue(source, out, force=True, split="random")
    before = everything(out)
    for name in ("notes.txt", "features/clip.npy", "images/mine.png"):
        (out / name).write_text("mine")
        message = refusal(source, out, force=True)
        assert f"has a file that the import in it did not write: {name};" in message
        (out / name).unlink()
    assert everything(out) == before
    import_catalogue(source, out, force=True, split="none")
    assert "split" not in (out / "interactions.csv").read_text()
