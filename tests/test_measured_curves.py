"""The curves behind insertion, deletion and ROAD: of items, in files, on average, drawn."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import becam
from becam.figures.lines import MARKS, STROKES, Line, Panel, lines_figure
from becam.measuring.bands import band
from becam.measuring.config import MeasureConfig
from becam.measuring.curves import ObservedCurve, mean_curves
from becam.measuring.statistics import interval
from becam.metrics import MetricSettings
from becam.metrics.curves import CURVES, curve_names, curves_of
from becam.metrics.faithfulness import Curve
from becam.progress import Reporter
from recsys.errors import InputError
from tests.cases import blob, window_case

QUIET = Reporter(quiet=True)
FILES = [f"metrics-curves.{ending}" for ending in ("csv", "parquet", "pdf", "png")]
FILES += ["metrics-mean-curves.csv"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def measure(catalogue: Path, cache: Path, **options: Any) -> becam.Measurements:
    usual: dict[str, Any] = {
        **{"items": 2, "model": "bm3", "metrics": "insertion,deletion,road", "resamples": 100},
        **{"settings": ("metric.steps=5", "metric.road_shares=0.6,0.2"), "device": "cpu"},
    }
    return becam.measure(data=str(catalogue), cache=cache, reporter=QUIET, **usual | options)


@pytest.fixture(scope="module")
def result(catalogue: Path, cache: Path) -> becam.Measurements:
    return measure(catalogue, cache)


def test_a_metric_is_what_its_curve_is_worth(result: becam.Measurements) -> None:
    values = {(o.item, o.method, o.metric): o.value.value for o in result.observed}
    methods = result.about["methods"]
    assert len(result.curves) == 2 * len(methods) * len(CURVES)
    road: dict[tuple[str, str], dict[str, float]] = {}
    for each in result.curves:
        if each.metric.startswith("road"):
            assert each.curve.shares.tolist() == [0.2, 0.6]
            mean = float(each.curve.scores.mean())
            road.setdefault((each.item, each.method), {})[each.metric] = mean
        else:
            assert each.curve.shares[[0, -1]].tolist() == [0, 1]
            assert len(each.curve.shares) == 6
            assert values[each.item, each.method, each.metric] == pytest.approx(each.curve.area)
    for (item, method), of in road.items():
        worth = of["road-lerf"] - of["road-morf"]
        assert values[item, method, "road"] == pytest.approx(worth)


def test_the_tables_have_every_step_and_the_cache_keeps_it(
    result: becam.Measurements, catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    written = {path.name: path for path in result.save(tmp_path)}
    assert set(FILES) < set(written)
    assert all(written[name].stat().st_size > 100 for name in FILES)
    rows = list(csv.DictReader(io.StringIO(written["metrics-curves.csv"].read_text())))
    assert len(rows) == 2 * len(result.about["methods"]) * (6 + 6 + 2 + 2)
    own = [r for r in rows if (r["method"], r["metric"]) == ("becam", "insertion")][:6]
    assert [row["step"] for row in own] == list("012345")
    first = next(c for c in result.curves if (c.method, c.metric) == ("becam", "insertion"))
    assert own[0]["item"] == first.item
    assert [float(row["value"]) for row in own] == first.curve.scores.tolist()
    assert [float(row["share"]) for row in own] == first.curve.shares.tolist()
    assert {row["encoder"] for row in rows} == {"demo-vit"}
    table = pq.read_table(written["metrics-curves.parquet"]).to_pylist()
    assert [row["value"] for row in table] == [float(row["value"]) for row in rows]
    again = measure(catalogue, cache)
    assert (again.computed, again.reused) == (0, 2 * len(result.about["methods"]))
    assert again.curves_csv() == result.curves_csv()
    assert again.mean_curves_csv() == result.mean_curves_csv()
    again.save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == written[name].read_bytes(), name
    shutil.rmtree(tmp_path / "again")


def test_means_are_over_items_with_pointwise_intervals(result: becam.Measurements) -> None:
    mean = next(m for m in result.mean_curves if (m.method, m.metric) == ("other-item", "deletion"))
    of = [
        c.curve.scores for c in result.curves if (c.method, c.metric) == ("other-item", "deletion")
    ]
    assert mean.n == len(of) == 2
    # Pixels don't divide by 5: an item's shares are within a pixel of those of the mean.
    assert mean.mean == pytest.approx(np.mean(of, axis=0), abs=1e-3)
    assert mean.low is not None
    assert mean.high is not None
    assert (mean.low <= mean.mean + 1e-12).all()
    assert (mean.mean <= mean.high + 1e-12).all()
    rows = list(csv.DictReader(io.StringIO(result.mean_curves_csv())))
    found = [r for r in rows if (r["method"], r["metric"]) == ("other-item", "deletion")]
    assert [float(row["share"]) for row in found] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert [float(row["mean"]) for row in found] == mean.mean.tolist()
    assert {row["n"] for row in found} == {"2"}


def test_a_band_is_the_interval_of_every_step() -> None:
    values = np.random.default_rng(0).normal(size=(12, 5))
    values[:, 2] = 0.5
    given: dict[str, Any] = {"resamples": 300, "confidence": 0.9, "seed": 3}
    found = band(values, **given)
    assert found is not None
    for step, (low, high) in enumerate(zip(*found, strict=True)):
        one = interval(values[:, step], **given)
        assert (low, high) == pytest.approx((one.low, one.high))
    assert band(values[:1], **given) is None
    few = band(np.array([[0.0, 1.0], [0.0, 2.0]]), **given)
    assert few is not None
    assert np.isfinite(few).all()


def test_curves_of_pictures_of_other_sizes_meet_at_common_shares() -> None:
    which = ("before", "bm3", "becam", "becam", "deletion")
    straight = [
        ObservedCurve(str(count), *which, Curve(np.arange(count + 1) / count, np.ones(count + 1)))
        for count in (3, 4)
    ]
    for each in straight:
        each.curve.scores[:] = 1 - each.curve.shares
    (mean,) = mean_curves(straight, MeasureConfig(), MetricSettings(steps=2))
    assert mean.shares.tolist() == [0, 0.5, 1]
    assert mean.mean == pytest.approx([1, 0.5, 0])


def test_metrics_without_a_curve_write_none(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    plain = measure(catalogue, cache, metrics="auc", settings=())
    assert not any("curve" in path.name for path in plain.save(tmp_path))
    with pytest.raises(InputError, match="metrics 'auc': no curve was measured; expected insert"):
        plain.curves_figure()
    assert curve_names(["auc", "road"]) == ("road-morf", "road-lerf")
    assert curve_names(["road-lerf", "insertion"]) == ("insertion", "road-lerf")


def test_a_map_whose_metric_is_undefined_has_no_curve() -> None:
    assert set(curves_of(window_case(blob()), ["insertion", "auc"])) == {"insertion"}
    assert curves_of(window_case(np.zeros((4, 4), np.float32)), ["insertion"]) == {}


def test_a_panel_a_metric_and_a_line_a_method(result: becam.Measurements) -> None:
    figure = result.curves_figure()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "insertion (higher is better)",
        "deletion (lower is better)",
        "ROAD, hottest first (lower is better)",
        "ROAD, coldest first (higher is better)",
    ]
    for axes in figure.axes:
        assert len(axes.lines) == len(axes.collections) == len(result.about["methods"])
    drawn = next(line for line in figure.axes[1].lines if line.get_linewidth() > 1.5)
    own = next(m for m in result.mean_curves if (m.method, m.metric) == ("becam", "deletion"))
    assert np.asarray(drawn.get_ydata()).tolist() == own.mean.tolist()


def test_no_two_lines_look_alike_in_grey_either() -> None:
    names = [f"method {number}" for number in range(20)]
    lines = {name: Line(np.arange(3.0), np.arange(3.0)) for name in names}
    panel = Panel("a $title$", "x", "y", lines)
    drawn = lines_figure([("row", [panel])], names=names, title="t").axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in drawn}) == 20
    assert len(STROKES) * len(MARKS) == 20
