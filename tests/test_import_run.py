"""What every import does after reading: merge, cut, split, write; and what it refuses."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from recsys.data import import_catalogue, load_catalogue
from recsys.data.importers import ImportOptions, write
from recsys.data.splits import split_by_time, split_from_column, split_random
from recsys.errors import InputError
from tests import raw_releases as raw
from tests.raw_releases import MAKERS, everything, refusal, some_pairs


def test_repeated_pairs_the_earliest_counts(tmp_path: Path) -> None:
    source = tmp_path / "m"
    source.mkdir()
    (source / "m_pairs.csv").write_text("a,1,30\na,1,10\na,1,20\nb,1,5\nb,2,5\nb,2,5\n")
    report = import_catalogue(source, tmp_path / "out", core=0)
    text = (tmp_path / "out" / "interactions.csv").read_text()
    assert text == "user_id,item_id,timestamp\na,1,10\nb,1,5\nb,2,5\n"
    assert str(report.dropped[0]) == (
        "dropped 3 interactions: the user has the item already (the earliest row counts) (first: "
        "user 'a', item '1')"
    )
    assert report.read.interactions == 6
    (source / "m_pairs.csv").write_text("b,2\na,1\na,1\n")
    report = import_catalogue(source, tmp_path / "out2", core=0)
    assert (tmp_path / "out2" / "interactions.csv").read_text() == "user_id,item_id\nb,2\na,1\n"
    assert "the first row counts" in report.dropped[0].reason


def test_a_catalogue_s_repeated_pairs_too(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop", [(0, 0), (0, 1), (1, 0), (1, 1)])
    with (source / "interactions.csv").open("a") as file:
        file.write("u0,i1,7\nu0,i0,99\n")
    report = import_catalogue(source, tmp_path / "out")
    text = (tmp_path / "out" / "interactions.csv").read_text()
    assert text == "user_id,item_id,timestamp\nu0,i0,10\nu0,i1,7\nu1,i0,12\nu1,i1,13\n"
    assert report.read.interactions == 6
    assert "dropped 2 interactions: the user has the item already" in str(report.dropped[0])


def test_times_that_are_not_whole_stay_exact(tmp_path: Path) -> None:
    source = tmp_path / "m"
    source.mkdir()
    (source / "m_pairs.csv").write_text("a,1,0.1\na,2,1e300\nb,1,1583378629552.25\n")
    import_catalogue(source, tmp_path / "out", core=0)
    times = load_catalogue(tmp_path / "out").interactions.timestamps
    assert times.tolist() == [0.1, 1e300, 1583378629552.25]


def test_core_is_cut_to_a_fixed_point(tmp_path: Path) -> None:
    pairs = some_pairs(users=60, items=50, per_user=5)
    pairs += [(user, 60 + user) for user in range(60)]  # items of one user alone
    source = raw.microlens(tmp_path / "m", pairs)
    report = import_catalogue(source, tmp_path / "out", core=4)
    rows = load_catalogue(tmp_path / "out").interactions
    assert 0 < rows.n < 290
    users, items = Counter(rows.users.tolist()), Counter(rows.items.tolist())
    assert min(users.values()) >= 4
    assert min(items.values()) >= 4
    assert len(users) == rows.n_users == report.kept.users
    assert len(items) == rows.n_items == report.kept.items
    left = list(pairs)
    while True:
        of_user, of_item = (Counter(row[side] for row in left) for side in (0, 1))
        fewer = [row for row in left if of_user[row[0]] >= 4 and of_item[row[1]] >= 4]
        if fewer == left:
            break
        left = fewer
    assert rows.n == len(left)
    lost = {dropped.what: dropped.count for dropped in report.dropped}
    assert report.read.interactions - lost["interactions"] == report.kept.interactions
    assert report.read.items - lost["items"] == report.kept.items
    assert report.read.users - lost.get("users", 0) == report.kept.users
    assert "(4-core, after " in report.dropped[0].reason
    names = {path.name for path in (tmp_path / "out" / "images").iterdir()}
    assert names == {f"{item_id}.jpg" for item_id in rows.item_ids}


def test_default_core(tmp_path: Path) -> None:
    for name, make in MAKERS.items():
        source = make(tmp_path / name)
        if name in ("catalogue", "mmrec"):
            assert import_catalogue(source, tmp_path / f"out-{name}").options["core"] == 0
        else:
            message = refusal(source, tmp_path / "out")
            assert "nothing is left of 60 interactions by 12 users with 8 items" in message
            assert message.endswith("the largest core that leaves something is 5")


@pytest.mark.parametrize("how", ["random", "time"])
def test_split_is_that_of_the_written_catalogue(tmp_path: Path, how: str) -> None:
    """Users are in another order in the source; the parts must not depend on it."""
    pairs = some_pairs(users=30, items=20, per_user=12)[::-1]
    source = raw.tmall(tmp_path / "t", pairs, time="7")
    report = import_catalogue(source, tmp_path / "out", core=3, split=how, seed=5)
    rows = load_catalogue(tmp_path / "out").interactions
    cut = split_random if how == "random" else split_by_time
    assert split_from_column(rows).fingerprint() == cut(rows, seed=5).fingerprint()
    assert split_from_column(rows).fingerprint() != cut(rows, seed=6).fingerprint()
    assert report.parts == tuple(np.bincount(rows.splits).tolist()) == (300, 30, 30)


def test_the_source_s_split(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "a", [*some_pairs(), (99, 0)], features=())
    text = (source / "a.inter").read_text().replace("99\t0\t5.0\t1060\t2", "99\t0\t5.0\t1060\t0")
    (source / "a.inter").write_text(text)
    kept = import_catalogue(source, tmp_path / "kept")
    assert kept.parts == (37, 12, 12)
    assert kept.notes == (
        "1 user has fewer than 3 interactions, which stay where the source's split has them",
    )
    none = import_catalogue(source, tmp_path / "none", split="none")
    assert none.parts is None
    assert load_catalogue(tmp_path / "none").interactions.splits is None
    other = import_catalogue(source, tmp_path / "other", split="random")
    assert other.parts == (37, 12, 12)
    assert other.notes == ("1 user has fewer than 3 interactions, which stay in train",)
    (source / "a.inter").write_text(text.replace("\t1\n", "\t0\n"))
    message = refusal(source, tmp_path / "empty")
    assert message.startswith("no interaction is in valid by column 'x_label'; expected some in")
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("name", MAKERS)
def test_same_bytes_every_time(tmp_path: Path, name: str) -> None:
    source = MAKERS[name](tmp_path / "source")
    for out in ("a", "b"):
        import_catalogue(source, tmp_path / out, core=2, split="random", seed=1)
    assert everything(tmp_path / "a") == everything(tmp_path / "b")


def test_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = raw.catalogue(tmp_path / "shop")
    for how in ("link", "copy", "none"):
        import_catalogue(source, tmp_path / how, pictures=how)
    original = (source / "images" / "3.png").stat()
    assert (tmp_path / "link" / "images" / "3.png").stat().st_ino == original.st_ino
    assert (tmp_path / "copy" / "images" / "3.png").stat().st_ino != original.st_ino
    assert everything(tmp_path / "link" / "images") == everything(tmp_path / "copy" / "images")
    without = load_catalogue(tmp_path / "none")
    assert not without.has_pictures
    assert not (tmp_path / "none" / "images").exists()
    assert not (tmp_path / "none" / "labels.json").exists()

    def no_links(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_links)
    import_catalogue(source, tmp_path / "fallback")
    assert everything(tmp_path / "fallback") == everything(tmp_path / "link")


def test_nothing_half_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = raw.mmrec(tmp_path / "a")
    before = sorted(tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "write_features", full)
    with pytest.raises(OSError, match="No space left"):
        import_catalogue(source, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before
    monkeypatch.undo()
    import_catalogue(source, tmp_path / "out")
    kept = everything(tmp_path / "out")
    monkeypatch.setattr(write, "write_features", full)
    with pytest.raises(OSError, match="No space left"):
        import_catalogue(source, tmp_path / "out", force=True)
    assert everything(tmp_path / "out") == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "out"]


def test_two_imports_at_once(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "a")

    def the_other(**options: object) -> object:
        started = []

        def progress(what: str, _done: int, _total: int) -> None:
            if what == "writing interactions" and not started:
                started.append(what)
                import_catalogue(source, tmp_path / "out", **options)

        return progress

    report = import_catalogue(source, tmp_path / "out", progress=the_other())
    assert report.kept.interactions == 60
    kept = everything(tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "out"]
    shutil.rmtree(tmp_path / "out")
    message = refusal(source, tmp_path / "out", progress=the_other(), split="none")
    assert "was written by another process meanwhile" in message
    assert everything(tmp_path / "out") == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "out"]


def test_an_interrupted_import_leaves_nothing(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "a")
    code = (
        "import sys, time; from recsys.data import import_catalogue\n"
        "def progress(what, done, total):\n"
        "    if what == 'writing interactions':\n"
        "        print('now', flush=True); time.sleep(60)\n"
        "import_catalogue(sys.argv[1], sys.argv[2], progress=progress)\n"
    )
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "out")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        assert len(list(tmp_path.iterdir())) == 2  # the draft is there, under another name
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) != 0
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "mrec"}, "unknown format 'mrec'; did you mean mmrec"),
        ({"split": "rand"}, "unknown split 'rand'; did you mean random"),
        ({"pictures": "symlink"}, "unknown pictures option 'symlink'; did you mean link"),
        ({"core": -1}, "core '-1': expected a whole number from 0"),
        ({"seed": -1}, "seed '-1'"),
        ({"actions": ["buy"]}, "actions: the format mmrec has none"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict[str, object], message: str) -> None:
    source = raw.mmrec(tmp_path / "a")
    assert message in refusal(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_options_are_python_s_too() -> None:
    with pytest.raises(InputError, match="unknown split"):
        ImportOptions(split="x")


def test_unknown_action(tmp_path: Path) -> None:
    source = raw.tmall(tmp_path / "t")
    message = refusal(source, tmp_path / "out", core=0, actions=["clik"])
    assert "unknown action 'clik'; did you mean click" in message


def test_split_by_time_without_times(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "a", header="userID\titemID")
    assert "a split by time needs timestamps" in refusal(source, tmp_path / "o", split="time")


def test_sources_that_are_none(tmp_path: Path) -> None:
    assert "does not exist; expected a folder" in refusal(tmp_path / "no", tmp_path / "out")
    assert "is in no known format" in refusal(tmp_path, tmp_path / "new")
    source = raw.hm(tmp_path / "hm")
    (source / "transactions_train.csv").rename(source / "transactions_train.csv.zip")
    message = refusal(source, tmp_path / "new")
    assert "'transactions_train.csv.zip' meant to be transactions_train.csv?" in message
    assert "is not a folder" in refusal(source / "articles.csv", tmp_path / "new")
    both = raw.mmrec(tmp_path / "both")
    raw.microlens(both)
    message = refusal(both, tmp_path / "new")
    assert "may be in the formats mmrec and microlens; choose one with --format" in message
    assert import_catalogue(both, tmp_path / "new", format="mmrec").format == "mmrec"
    shutil.copy(both / "both.inter", both / "copy.inter")
    assert "2 files that may be the interactions file" in refusal(
        both, tmp_path / "new2", format="mmrec"
    )


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("other", MAKERS)
def test_a_source_of_another_format(tmp_path: Path, name: str, other: str) -> None:
    if name == other:
        return
    source = MAKERS[name](tmp_path / "source")
    refusal(source, tmp_path / "out", format=other)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]
