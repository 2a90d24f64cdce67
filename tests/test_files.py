"""Files and folders that are either whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from becam.cache import LEFTOVER
from recsys.errors import InputError
from recsys.files import check_folder, draft_folder, write_bytes, write_text


def test_folders_are_made_for_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_text(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    write_bytes(path, b"b")
    assert [entry.read_bytes() for entry in path.parent.iterdir()] == [b"b"]


def test_a_draft_is_gone_unless_it_was_renamed(tmp_path: Path) -> None:
    folder = tmp_path / "shops" / "one"
    with draft_folder(folder) as draft:
        (draft / "items.csv").write_text("item_id")
        draft.rename(folder)
    assert [entry.name for entry in folder.parent.iterdir()] == ["one"]

    def interrupted() -> None:
        with draft_folder(folder) as draft:
            # What a killed process leaves is found by its name.
            assert draft.name.startswith(".")
            assert draft.name.endswith(LEFTOVER)
            (draft / "items.csv").write_text("item")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [entry.name for entry in folder.parent.iterdir()] == ["one"]
    assert (folder / "items.csv").read_text() == "item_id"


def test_a_folder_that_can_be_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "new" / "deep"):
        check_folder(path)
    for path in (tmp_path / "file", tmp_path / "file" / "new"):
        with pytest.raises(InputError, match=r"cache '.*': expected a folder"):
            check_folder(path, "cache", to_write=False)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    check_folder(tmp_path, "cache", to_write=False)
    with pytest.raises(InputError, match="no permission to write to"):
        check_folder(tmp_path / "new")
