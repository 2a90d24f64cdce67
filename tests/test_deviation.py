"""Deviation of content from behaviour: eq. 4-7 by hand, and the path from a catalogue."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import becam
from becam.cli.main import run
from becam.deviations.values import deviations
from recsys.errors import InputError
from tests.tiny_tables import QUIET, write_catalogue

B = torch.tensor([[2.0, 0.0]])
SHORT = {"modalities": ("visual,words",), "dim": 8, "max_epochs": 3, "lr": 0.01, "device": "cpu"}


def one(content: list[float], **options: float) -> tuple[float, float, float]:
    found = deviations(torch.tensor([content]), B, **options)
    return float(found.theta[0]), float(found.effective[0]), float(found.deviation[0])


def test_the_equations_on_angles_known_by_hand() -> None:
    assert one([3.0, 0.0]) == pytest.approx((0, 3, 0))
    assert one([1.0, 1.0]) == pytest.approx((math.pi / 4, 1, (1 - math.sqrt(0.5)) ** 2))
    assert one([0.0, 5.0]) == pytest.approx((math.pi / 2, 0, 1))
    assert one([-1.0, 0.0]) == pytest.approx((math.pi, -1, 4))
    assert one([0.0, 5.0], exponent=3) == pytest.approx((math.pi / 2, 0, 1))
    assert one([-1.0, 0.0], exponent=0.5)[2] == pytest.approx(math.sqrt(2))


def test_nearly_the_same_direction_keeps_its_digits() -> None:
    theta, _, deviation = one([1.0, 1e-6])  # in float32 the cosine is 1, and its arccos 0
    assert theta == pytest.approx(1e-6, rel=1e-4)
    assert deviation == pytest.approx((1e-12 / 2) ** 2, rel=1e-3)
    ones = torch.full((1, 64), 0.1)
    found = deviations(ones, 3 * ones)  # rounding puts such cosines above 1
    assert found.delta == 0
    assert found.mean_theta < 1e-7


def test_a_zero_vector_has_no_angle_and_is_left_out_of_the_means() -> None:
    content = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    found = deviations(content, torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    assert np.isnan([found.theta[0], found.effective[0], found.deviation[0]]).all()
    assert (found.n, found.delta) == (1, 1.0)
    assert math.isnan(deviations(content[:1], B).delta)


@pytest.mark.parametrize("exponent", [0.0, -1.0, math.nan, math.inf])
def test_an_exponent_that_is_none_is_refused(exponent: float) -> None:
    with pytest.raises(InputError, match="expected a number greater than 0"):
        one([1.0, 1.0], exponent=exponent)
    with pytest.raises(InputError, match="exponent"):
        becam.DeviationConfig(exponent=exponent)


def test_per_data_modality_model_and_adapter(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "shop")
    options = {**SHORT, "data": (str(catalogue),), "cache": tmp_path / "cache", "seeds": 2}
    model = "bm3+befa,bm3+identity-gate,vbpr"
    result = becam.deviation(model=model, reporter=QUIET, **options)
    found = {(str(s.model), s.modality, s.seed): s for s in result.sides}
    models = ("bm3", "bm3+befa", "bm3+identity-gate", "vbpr")
    wanted = {(m, modality, s) for m in models for modality in ("visual", "words") for s in (0, 1)}
    assert set(found) == wanted
    for (name, _, _), side in found.items():
        assert len(side.items) == len(side.values.theta) == side.values.n
        gate = name == "bm3+identity-gate"
        assert (side.values.delta == 0) == gate
        assert (side.content_dependence == 0) == gate
        assert (side.content_dependence == 1) == ("+" not in name)
        assert (side.shuffled.delta != side.values.delta) == (not gate)
    # The figures are those of the recommender's own content and embeddings.
    side = found["bm3", "visual", 0]
    table = {
        (row.title, c.quantity): cell
        for row in result.table.rows
        for c, cell in zip(result.table.columns, row.cells, strict=True)
    }
    mean = table["bm3", "visual Delta"]
    assert mean is not None
    deltas = [found["bm3", "visual", seed].values.delta for seed in (0, 1)]
    assert mean.estimate.mean == pytest.approx(np.mean(deltas))
    assert table["bm3+befa vs. bm3", "visual Delta"] is not None
    assert {row.label for row in result.table.rows if row.control} == {"bm3+identity-gate"}
    assert side.items == tuple(sorted(side.items, key=lambda i: int(i[1:])))


def test_the_command_writes_everything_alike_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = write_catalogue(tmp_path / "shop")
    command = ["deviation", "--data", str(catalogue), "--modalities", "visual", "--dim", "8"]
    command += ["--max-epochs", "2", "--device", "cpu", "--cache", str(tmp_path / "cache")]
    for folder in ("a", "b"):
        more = ["--out", str(tmp_path / folder), "--save-items", str(tmp_path / f"{folder}.csv")]
        assert run([*command, "--quiet", *more]) == 0
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [f"deviation.{e}" for e in ("csv", "json", "md", "pdf", "png", "tex")]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["adapter"] for row in rows} == {"", "befa"}
    document = json.loads((tmp_path / "a" / "deviation.json").read_text())
    assert [each["model"] for each in document["runs"]] == ["bm3", "bm3+befa"]
    assert run([*command, "--save-items", str(tmp_path / "a.parquet")]) == 0
    out = capsys.readouterr().out
    assert "| bm3+befa vs. bm3 |" in out
    stored = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert [repr(each["theta"]) for each in stored] == [row["theta"] for row in rows]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--model", "bm3+bfa"], "unknown adapter 'bfa'; did you mean befa"),
        (["--model", "lightgcn"], "model 'lightgcn' takes no content"),
        (["--exponent", "0"], "exponent '0.0'"),
        (["--out", "x.jpg"], "output 'x.jpg'"),
        (["--save-items", "x.json"], "expected an ending .csv or .parquet"),
        (["--set", "lattice.reg=0.1"], "serves none of the models 'bm3+befa'"),
    ],
)
def test_bad_input_is_one_line(
    changed: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["deviation", *changed]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
