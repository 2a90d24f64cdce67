"""`becam data import` and `becam data stats`, and the numbers behind them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from becam.cli.main import run
from recsys.data import load_catalogue
from recsys.data.summary import summarise
from tests import raw_releases as raw


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BECAM_CACHE", str(tmp_path / "cache"))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["data", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_import_says_what_it_did(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw.hm(workplace / "hm", [*raw.some_pairs(), (0, 20)])
    code, out, err = said(capsys, "import", "hm", "shop", "--core", "4", "--split", "time")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "format: hm"
    assert lines[1] == "read: 12 users, 9 items, 61 interactions"
    assert "dropped 1 items: fewer than 4 interactions left (4-core, after" in lines[2]
    assert lines[-3].startswith("kept: 12 users, 8 items, 60 interactions; 8 pictures, 8 texts")
    assert lines[-2] == "split: train 36, valid 12, test 12"
    assert lines[-1] == "wrote shop"
    assert "Traceback" not in err
    assert load_catalogue("shop").interactions.n == 60


def test_import_as_json(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw.tmall(workplace / "t")
    arguments = ["import", "t", "shop", "--core", "0", "--actions", "cart, alipay", "--json"]
    code, out, _ = said(capsys, *arguments)
    assert code == 0
    found = json.loads(out)
    assert found == json.loads((workplace / "shop" / "import.json").read_text())
    assert found["options"]["actions"] == ["cart", "alipay"]
    assert found["kept"]["interactions"] == 30


def test_quiet(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw.mmrec(workplace / "m")
    assert said(capsys, "import", "m", "shop", "--quiet") == (0, "", "")
    assert said(capsys, "import", "m", "shop", "--quiet", "--force") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "no", "shop"], "source no does not exist; expected a folder"),
        (["import", "m", "shop", "--format", "hnm"], "unknown format 'hnm'; did you mean hm"),
        (["import", "m", "shop", "--core", "99"], "the largest core that leaves something is 5"),
        (["import", "m", "shop", "--core", "x"], "'x' is not a valid int"),
        (["import", "m"], "Missing argument 'OUT'"),
        (["import", "m", "m"], "the source lies in it; name another folder"),
        (["import", "bad", "shop"], "audio.npy: holds Python objects"),
        (["stats", "bad"], "audio.npy: holds Python objects"),
        (["stats", "no"], "catalogue no does not exist"),
        (["stats", "m", "--json", "--csv"], "--json and --csv: expected one of them"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    raw.mmrec(workplace / "m")
    raw.mmrec(workplace / "bad")
    objects = np.array([{}] * 8, dtype=object)
    np.save(workplace / "bad" / "audio.npy", objects, allow_pickle=True)
    code, out, err = said(capsys, *arguments, *(["--quiet"] if len(arguments) > 2 else []))
    assert code == 2
    assert out == ""
    assert err.splitlines()[-1].startswith("becam: ")
    assert message in err
    assert not (workplace / "shop").exists()
    assert not any(path.name.startswith(".") for path in workplace.iterdir())


def test_stats_of_a_folder(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw.catalogue(workplace / "shop", [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)])
    code, out, err = said(capsys, "stats", "shop")
    assert code == 0
    found = dict(line.split("  ", 1) for line in out.splitlines())
    found = {label: value.strip() for label, value in found.items()}
    assert found == {
        "catalogue": "shop",
        "users": "2",
        "items": "4",
        "interactions": "7",
        "sparsity": "12.5000% (density 87.5000%)",
        "split": "train 3, valid 2, test 2 (8:1:1 per user)",
        "per user": "mean 3.50, median 3.5, from 3 to 4",
        "per item": "mean 1.75, median 2, from 1 to 2",
        "users with fewer than 3": "0",
        "items without interaction": "0",
        "items without picture": "1",
        "items without text": "1",
        "ready-made features": "audio (3)",
    }
    assert "1 of 4 items has no picture" in err


def test_stats_of_a_split_with_an_empty_part(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = raw.catalogue(workplace / "shop", [(0, 0), (0, 1), (1, 0)])
    (shop / "interactions.csv").write_text(
        "user_id,item_id,split\na,i0,train\na,i1,test\nb,i0,train\n"
    )
    code, out, _ = said(capsys, "stats", "shop")
    assert code == 0
    assert "train 2, valid 0, test 1 (by the split column)" in out


def test_stats_of_mmrec_as_json_and_csv(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw.mmrec(workplace / "baby")
    code, out, _ = said(capsys, "stats", "baby", "--json", "--quiet")
    assert code == 0
    found = json.loads(out)
    assert found["name"] == "baby"
    assert found["parts"] == {"train": 36, "valid": 12, "test": 12}
    assert found["split"] == "column"
    assert found["modalities"] == {"image": 2, "text": 3}
    assert found["density"] == pytest.approx(60 / 96)
    assert found["sparsity"] == pytest.approx(36 / 96)
    code, out, _ = said(capsys, "stats", "baby", "--csv", "--quiet")
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["users"] == "12"
    assert row["modalities"] == "image:2 text:3"
    assert float(row["sparsity"]) == pytest.approx(36 / 96)


def test_summary_of_odd_catalogues(workplace: Path) -> None:
    shop = workplace / "shop"
    shop.mkdir()
    (shop / "items.csv").write_text("item_id,image,title\n1,,\n2,,x\n3,,\n")
    (shop / "interactions.csv").write_text("user_id,item_id\n")
    empty = summarise(load_catalogue(shop))
    assert (empty.users, empty.interactions, empty.density, empty.parts) == (0, 0, 0.0, None)
    assert dict(empty.lines())["split"] == "too few for train, valid and test"
    assert (empty.cold_items, empty.without_picture, empty.without_text) == (3, 3, 2)
    assert empty.row()["train"] == ""
    (shop / "interactions.csv").write_text("user_id,item_id\na,1\na,2\nb,1\nb,2\nb,3\n")
    few = summarise(load_catalogue(shop))
    assert few.parts == (3, 1, 1)
    assert few.few_users == 1
    assert few.cold_items == 0


def test_commands_load_nothing_heavy() -> None:
    code = (
        "import sys; from becam.cli.main import run; run(['data', 'import', '--help']);"
        "run(['data', '--help']);"
        "heavy = {'torch', 'numpy', 'pyarrow', 'PIL', 'matplotlib'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "import recsys.data.importers.run, recsys.data.summary;"
        "heavy = {'torch', 'pyarrow', 'pandas', 'scipy', 'cv2', 'matplotlib'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("--format", "--core", "--split", "--pictures", "--seed", "--force", "--actions"):
        assert name in done.stdout
    for name in ("import", "stats", "show"):
        assert name in done.stdout


def test_looking_at_a_catalogue_needs_no_torch(workplace: Path) -> None:
    """Importing torch takes seconds, counting a folder does not."""
    raw.catalogue(workplace / "shop", [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (1, 3)])
    raw.mmrec(workplace / "baby")
    code = (
        "import sys; from becam.cli.main import run;"
        "codes = [run(['data', *words.split()]) for words in"
        " ('stats shop', 'stats baby --csv', 'show shop --out sheet.png')];"
        "assert codes == [0, 0, 0], codes;"
        "heavy = {'torch', 'open_clip', 'scipy', 'matplotlib'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (workplace / "sheet.png").is_file()
