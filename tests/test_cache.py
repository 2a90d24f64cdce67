"""The cache's size limit, and `becam cache`."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from becam.cache import LEFTOVER_AGE, damaged, prune, summarise_cache
from becam.cli.cache import command
from becam.cli.main import run
from becam.eviction import Entry, SizeLimit, delete, evict, stored_entries
from becam.sizes import parse_age, parse_size, show_age, show_size
from becam.store import TensorStore
from becam.workspace import Workspace, cache_limit
from recsys.errors import InputError
from recsys.hashing import content_key

HOUR = 3600.0


def keys(count: int) -> list[str]:
    return [content_key({"entry": index}) for index in range(count)]


def fill(store: TensorStore, count: int, *, age: float = 10 * HOUR) -> list[str]:
    """Store entries of about 4 KB; the first was used longest ago."""
    made = keys(count)
    for index, key in enumerate(made):
        store.put(key, {"a": torch.full((1000,), float(index))}, {})
        moment = time.time() - age + index
        os.utime(store.path(key), (moment, moment))
    return made


def size_of(store: TensorStore) -> int:
    return sum(entry.size for entry in stored_entries((store.folder,)))


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    plain = TensorStore(tmp_path)
    old = fill(plain, 10)
    assert plain.get(old[0]) is not None  # used now: it stays
    each = size_of(plain) // 10
    store = TensorStore(tmp_path, limit=SizeLimit((tmp_path,), 8 * each))
    new = content_key({"entry": "new"})
    store.put(new, {"a": torch.zeros(1000)}, {})
    assert size_of(store) <= 8 * each
    left = [key for key in [*old, new] if store.path(key).exists()]
    assert left[0] == old[0]
    assert left[-1] == new
    assert left[1:-1] == old[-len(left[1:-1]) :]


def test_the_limit_holds_over_many_writes_and_spares_what_is_in_use(tmp_path: Path) -> None:
    folders = (tmp_path / "a", tmp_path / "b")
    limit = SizeLimit(folders, 60_000, grace=0)
    stores = [TensorStore(folder, limit=limit) for folder in folders]
    for index in range(60):
        stores[index % 2].put(content_key({"n": index}), {"a": torch.zeros(1000)}, {})
        assert sum(size_of(store) for store in stores) <= 60_000
    last = stores[1].get(content_key({"n": 59}))
    assert last is not None
    fresh = TensorStore(tmp_path / "c", limit=SizeLimit((tmp_path / "c",), 5_000))
    for key in keys(5):
        fresh.put(key, {"a": torch.zeros(1000)}, {})
    assert all(fresh.get(key) is not None for key in keys(5))  # used within the grace


def test_an_entry_used_since_it_was_listed_stays(tmp_path: Path) -> None:
    store = TensorStore(tmp_path)
    (key,) = fill(store, 1)
    (listed,) = stored_entries((tmp_path,))
    assert store.get(key) is not None
    assert not delete(listed)
    assert store.path(key).exists()
    (again,) = stored_entries((tmp_path,))
    assert delete(again)
    assert delete(again)  # gone already, by whoever
    assert evict([Entry(tmp_path / "none", 10, 0.0)], to=0, dry_run=True) != []


def _write_under_a_limit(folder: Path, start: int) -> None:
    store = TensorStore(folder, limit=SizeLimit((folder,), 50_000, grace=0))
    for index in range(start, start + 40):
        store.put(content_key({"n": index}), {"a": torch.full((1000,), float(index))}, {})


def test_two_processes_evict_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=_write_under_a_limit, args=(tmp_path, start)) for start in (0, 1000)
    ]
    for writer in writers:
        writer.start()
    store = TensorStore(tmp_path)
    while any(writer.is_alive() for writer in writers):
        for index in (0, 39, 1000, 1039):
            found = store.get(content_key({"n": index}))
            assert found is None or bool((found["a"] == index).all())
        time.sleep(0.01)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert 0 < size_of(store) <= 2 * 50_000
    assert all(store.get(entry.path.stem) is not None for entry in stored_entries((tmp_path,)))


def test_the_limit_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    monkeypatch.delenv("BECAM_CACHE_LIMIT", raising=False)
    assert cache_limit() is None
    assert workspace.feature_store().limit is None
    monkeypatch.setenv("BECAM_CACHE_LIMIT", "1.5 GB")
    limit = workspace.masked_feature_store().limit
    assert limit is not None
    assert limit.limit == 1_500_000_000
    assert limit.folders == (workspace.features, workspace.masked_features)
    monkeypatch.setenv("BECAM_CACHE_LIMIT", "much")
    with pytest.raises(InputError, match="BECAM_CACHE_LIMIT 'much': expected a size, as in 20GB"):
        workspace.feature_store()


def test_sizes_and_ages() -> None:
    assert [parse_size(text) for text in ("0", "7", "2kb", "1.5MB", "3 GB")] == [
        *(0, 7, 2000, 1_500_000, 3_000_000_000),
    ]
    assert [parse_age(text) for text in ("10s", "2m", "1.5h", "1d", "2w")] == [
        *(10, 120, 5400, 86400, 1209600),
    ]
    assert (show_size(999), show_size(1500), show_size(2e12)) == ("999 B", "1.5 KB", "2.0 TB")
    assert (show_age(5), show_age(125), show_age(7300), show_age(2e5)) == (
        *("5 s", "2 min", "2 h", "2 d"),
    )
    for wrong in ("", "-1", "x", "3 XB", "1e3"):
        with pytest.raises(InputError, match="expected a size"):
            parse_size(wrong)
    for wrong in ("", "3", "d", "3y"):
        with pytest.raises(InputError, match="expected an age"):
            parse_age(wrong)


def filled(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    fill(TensorStore(workspace.masked_features), 4)
    fill(TensorStore(workspace.features), 2, age=100 * HOUR)
    fill(TensorStore(workspace.results), 1)
    workspace.searches.mkdir()
    (workspace.searches / "bm3.json").write_text("{}")
    (workspace.catalogues / "demo-1" / "images").mkdir(parents=True)
    (workspace.catalogues / "demo-1" / "images" / "1.png").write_bytes(b"12345")
    return workspace


def becam_cache(workspace: Workspace, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(
        command, [*arguments, "--cache", str(workspace.root)], standalone_mode=False
    )
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.output


def test_list_and_size(tmp_path: Path) -> None:
    workspace = filled(tmp_path)
    counts = {kind.kind: kind.entries for kind in summarise_cache(workspace)}
    assert counts == {
        "masked-features": 4,
        "features": 2,
        "models": 0,
        "results": 1,
        "searches": 1,
        "catalogues": 1,
    }
    _, text = becam_cache(workspace, "list")
    assert "| masked-features | 4 | 1" in text
    assert "| features | 2 | " in text
    assert "4 d ago |" in text
    assert "| catalogues | 1 | 5 B |" in text
    _, text = becam_cache(workspace, "list", "--json")
    assert {kind["kind"] for kind in json.loads(text)["kinds"]} == set(counts)
    _, text = becam_cache(workspace, "size", "--json")
    found = json.loads(text)
    assert found["bytes"] > found["limited_bytes"] > 0
    empty = Workspace(tmp_path / "none")
    assert "| models | 0 | 0 B |" in becam_cache(empty, "list")[1]
    assert not empty.root.exists()


def test_prune_by_age_size_and_kind(tmp_path: Path) -> None:
    workspace = filled(tmp_path)
    store = TensorStore(workspace.masked_features)
    each = size_of(store) // 4
    _, text = becam_cache(workspace, "prune", "--older-than", "2d", "--dry-run")
    assert text.count("would delete") == 3
    assert len(list(stored_entries((workspace.features,)))) == 2
    _, text = becam_cache(workspace, "prune", "--older-than", "2d")
    assert "deleted 2 entries" in text
    assert not list(stored_entries((workspace.features,)))
    assert size_of(store) == 4 * each
    becam_cache(workspace, "prune", "--to", f"{2 * each}")
    assert [store.path(key).exists() for key in keys(4)] == [False, False, True, True]
    becam_cache(workspace, "prune", "results", "--to", "0")
    assert not list(stored_entries((workspace.results,)))
    assert (workspace.searches / "bm3.json").exists()
    moment = time.time() - HOUR
    os.utime(workspace.catalogues / "demo-1", (moment, moment))
    becam_cache(workspace, "prune", "catalogues", "--to", "0")
    assert list(workspace.catalogues.iterdir()) == []
    assert store.get(keys(4)[2]) is not None  # used now
    becam_cache(workspace, "prune", "--to", "0")
    assert [store.path(key).exists() for key in keys(4)] == [False, False, True, False]


def test_prune_takes_away_what_killed_processes_left(tmp_path: Path) -> None:
    workspace = filled(tmp_path)
    shard = next(workspace.masked_features.iterdir())
    old, new = shard / ".x.1-ab.part", shard / ".y.2-cd.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * LEFTOVER_AGE,) * 2)
    assert [entry.path for entry in prune(workspace, to=10**9)] == [old]
    assert (old.exists(), new.exists()) == (False, True)


def test_verify_finds_and_deletes_the_damaged(tmp_path: Path) -> None:
    workspace = filled(tmp_path)
    assert becam_cache(workspace, "verify") == (0, "8 checked, 0 damaged\n")
    store = TensorStore(workspace.masked_features)
    used = {key: store.path(key).stat().st_mtime for key in keys(4)}
    path = store.path(keys(4)[1])
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    (workspace.searches / "bm3.json").write_text("{")
    (workspace.models / "bm3-0123").mkdir(parents=True)
    (workspace.models / "bm3-0123" / "manifest.json").write_text("{}")
    code, text = becam_cache(workspace, "verify")
    assert (code, text.count("damaged: ")) == (1, 3)
    assert "9 checked, 3 damaged, 0 deleted" in text
    code, text = becam_cache(workspace, "verify", "masked-features", "--delete")
    assert code == 0
    assert f"damaged, deleted: {path}" in text
    assert not path.exists()
    assert store.path(keys(4)[0]).stat().st_mtime == used[keys(4)[0]]  # looking is not using
    assert sum(entry is not None for entry in damaged(workspace)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prune"], "expected --to SIZE, --older-than AGE or both"),
        (["prune", "mask-features", "--to", "0"], "unknown kind 'mask-features'; did you mean"),
        (["prune", "--to", "x"], "--to 'x': expected a size"),
        (["prune", "--older-than", "3"], "--older-than '3': expected an age"),
        (["verify", "model"], "unknown kind 'model'; did you mean models"),
        (["lits"], "lits"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [] if arguments == ["lits"] else ["--cache", str(tmp_path)]
    assert run(["cache", *arguments, *where]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
