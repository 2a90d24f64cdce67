"""`becam.table`: the same tables as the command's, as values."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import becam
from becam.cli.main import run
from becam.tables.config import CostConfig, PeftConfig
from becam.tables.kinds import KINDS, table
from recsys.errors import InputError
from tests.tiny_tables import QUIET, SHORT, write_catalogue

OPTIONS: dict[str, Any] = {**SHORT, "max_epochs": 1, "metrics": "recall@20"}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("data") / "tiny")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def finished(catalogue: Path, cache: Path) -> becam.Finished:
    where: dict[str, Any] = {"data": (str(catalogue),), "cache": cache}
    return becam.table("peft", reporter=QUIET, **OPTIONS, **where)


def test_it_is_the_table_of_the_command(
    finished: becam.Finished, catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    written = finished.save(tmp_path / "python")
    words = "--models bm3 --modalities visual,words --seeds 2 --dim 8 --device cpu --max-epochs 1"
    where = ["--data", str(catalogue), "--cache", str(cache), "--out", str(tmp_path / "shell")]
    arguments = [*words.split(), "--lr", "0.01", "--metrics", "recall@20", "--quiet", *where]
    assert run(["table", "peft", *arguments]) == 0
    assert [path.name for path in written] == ["peft.csv", "peft.md", "peft.tex", "peft.json"]
    for path in written:
        assert path.read_bytes() == (tmp_path / "shell" / path.name).read_bytes()


def test_options_as_an_object_and_by_keyword(
    finished: becam.Finished, catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    config = PeftConfig(**{**OPTIONS, "seeds": 3}, data=(str(catalogue),), cache=cache)
    again = becam.table("peft", config, reporter=QUIET, seeds=2)
    assert again.table == finished.table
    assert again.options == finished.options
    assert finished.save(tmp_path / "one.md") == [tmp_path / "one.md"]
    with pytest.raises(InputError, match=r"\.csv, \.md, \.tex or \.json"):
        finished.save(tmp_path / "one.xlsx")
    with pytest.raises(TypeError, match="takes PeftConfig, not CostConfig"):
        becam.table("peft", CostConfig())


def test_it_shows_itself_in_a_notebook(
    finished: becam.Finished, catalogue: Path, cache: Path
) -> None:
    shown = finished._repr_markdown_()
    assert "| tiny | bm3, no modality (control) |" in shown
    assert "data:image" not in shown
    curves = becam.table(
        "sensitivity", reporter=QUIET, ks="0.5,1", data=(str(catalogue),), cache=cache, **OPTIONS
    )
    shown = curves._repr_markdown_()
    assert "bm3+befa" in shown
    found = re.search(r"!\[sensitivity\]\(data:image/jpeg;base64,([^)]+)\)", shown)
    assert found is not None
    assert base64.b64decode(found[1]).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("pfet", {}, "unknown table 'pfet'; did you mean peft?"),
        ("5", {}, "unknown table '5'; available: data, adapters, peft, cost, sensitivity"),
        ("peft", {"seed_s": 5}, "unknown option of table peft 'seed_s'; did you mean seed"),
        ("peft", {"ks": "1,2"}, "unknown option of table peft 'ks'; available: "),
        ("cost", {"metrics": "ndcg@5"}, "unknown option of table cost 'metrics'; did you mean "),
        ("adapters", {"seeds": 1}, "seeds '1': a test over seeds needs at least 2"),
        ("adapters", {"models": "bm4"}, "unknown model of a table 'bm4'; did you mean bm3"),
    ],
)
def test_bad_input_is_one_line(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        becam.table(kind, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_kind_is_there_and_its_name_costs_no_torch() -> None:
    for kind in KINDS:
        assert callable(
            getattr(__import__(f"becam.tables.{kind}", fromlist=[kind]), f"{kind}_table")
        )
    assert becam.table is table
    code = "import sys, becam; becam.table; becam.Finished; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
