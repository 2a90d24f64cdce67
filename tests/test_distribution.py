"""Distributions: figures by hand, densities on the circle, and the path from a catalogue."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist

import becam
from becam.cli.main import run
from becam.distributions import config as config_module
from becam.distributions.config import DistributionConfig
from becam.distributions.density import (
    ANGLES,
    GRID,
    angle_density,
    covered,
    plane_density,
)
from becam.distributions.projections import on_circle, project
from becam.distributions.values import (
    BLOCK,
    alignment,
    alignment_of_any,
    alignment_within,
    together,
    uniformity,
)
from recsys.errors import InputError
from tests.tiny_tables import QUIET, write_catalogue

WIDTH = math.radians(10)
SHORT: dict[str, Any] = {
    **{"modalities": ("visual,words",), "dim": 8, "max_epochs": 3, "lr": 0.01, "device": "cpu"},
    **{"items": 20, "perplexity": 5, "seeds": 2},
}


def on_sphere(n: int, dim: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = np.random.default_rng(seed).normal(size=(n, dim))
    scaled: np.ndarray[Any, np.dtype[np.float64]] = found / np.linalg.norm(
        found, axis=1, keepdims=True
    )
    return scaled


def test_uniformity_by_hand() -> None:
    same, right, opposite = [[1.0, 0], [1, 0]], [[1.0, 0], [0, 1]], [[1.0, 0], [-1, 0]]
    found = [uniformity(np.array(each)) for each in (same, right, opposite)]
    assert found == pytest.approx([0, -4, -8])  # -t |x - y|^2 of the only pair
    assert uniformity(np.array(right), t=1) == pytest.approx(-2)
    assert math.isnan(uniformity(np.ones((1, 3))))
    spread = uniformity(on_sphere(2000, 64))
    assert spread == pytest.approx(-4 + 8 / 64, abs=0.01)


def test_uniformity_does_not_depend_on_blocks() -> None:
    features = on_sphere(BLOCK + 40, 4)
    expected = math.log(np.exp(-2 * pdist(features, "sqeuclidean")).mean())
    assert uniformity(features) == pytest.approx(expected, rel=1e-12)


def test_alignment_by_hand() -> None:
    x = np.array([[1.0, 0]])
    ys = ([[1.0, 0]], [[0, 1.0]], [[-1.0, 0]])
    assert [alignment(x, np.array(y)) for y in ys] == [0, 2, 4]
    assert math.isnan(alignment(np.ones((0, 2)), np.ones((0, 2))))


def test_co_interacted_pairs_are_those_of_every_user() -> None:
    rng = np.random.default_rng(0)
    items = np.array([1, 4, 5, 8])
    train = np.array([(user, item) for user in range(6) for item in rng.choice(10, 5, False)])
    features = on_sphere(4, 3)
    squares = [
        np.square(features[i] - features[j]).sum()
        for user in range(6)
        for i in range(4)
        for j in range(i)
        if {items[i], items[j]} <= set(train[train[:, 0] == user, 1].tolist())
    ]
    groups = together(train, items, 6)
    assert alignment_within(features, groups) == pytest.approx(np.mean(squares))
    assert alignment_of_any(features) == pytest.approx(pdist(features, "sqeuclidean").mean())
    assert math.isnan(alignment_within(features, csr_matrix(np.eye(4))))  # nobody has two


def test_the_density_over_the_angle_goes_around() -> None:
    angles = np.random.default_rng(1).uniform(-np.pi, np.pi, 50)
    step = ANGLES[1] - ANGLES[0]
    for width in (WIDTH, 3.0):
        density = angle_density(angles, width)
        assert density[:-1].sum() * step == pytest.approx(1)
        assert density[0] == pytest.approx(density[-1])
    seam = angle_density(np.array([np.pi]), WIDTH)
    assert seam == pytest.approx(seam[::-1])
    turned = np.angle(np.exp(1j * (angles + 90 * step)))
    again = angle_density(turned, WIDTH)[:-1]
    assert again == pytest.approx(np.roll(angle_density(angles, WIDTH)[:-1], 90), abs=1e-9)


def test_the_density_in_the_plane_lies_where_the_points_lie() -> None:
    density = plane_density(np.array([np.pi / 2]), WIDTH)
    row, column = np.unravel_index(density.argmax(), density.shape)
    assert GRID[row] == pytest.approx(1, abs=0.02)  # y
    assert GRID[column] == pytest.approx(0, abs=0.02)  # x
    everywhere = plane_density(np.linspace(-np.pi, np.pi, 60, endpoint=False), WIDTH)
    assert everywhere.sum() * (GRID[1] - GRID[0]) ** 2 == pytest.approx(1, abs=0.02)


def test_the_share_of_the_circle() -> None:
    uniform = np.full(361, 1 / (2 * np.pi))
    assert covered(uniform) == pytest.approx(1)
    half = np.where(ANGLES < 0, 1 / np.pi, 0.0)
    assert covered(half) == pytest.approx(0.5)
    one, two = (angle_density(np.array(at), 0.05) for at in ([0.0], [0.0, 2.0]))
    assert covered(two) == pytest.approx(2 * covered(one), rel=1e-6)


def test_projections_are_centred_and_repeat() -> None:
    features = on_sphere(40, 8)
    for options in ({"perplexity": 5}, {"projection": "pca"}):
        config = DistributionConfig(items=40, dim=8, **options)
        first, again = (project(features, config, seed=3) for _ in range(2))
        assert first.tobytes() == again.tobytes()
        assert first.mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    pca = DistributionConfig(projection="pca")
    flat = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0.5, 0], [0, -0.5, 0]])
    assert np.abs(project(flat, pca, seed=0)).max(axis=0) == pytest.approx([1, 0.5])


def test_features_that_are_alike_have_no_angle() -> None:
    points = project(np.tile([1.0, 0, 0], (5, 1)), DistributionConfig(), seed=0)
    assert not points.any()
    assert np.isnan(on_circle(points)).all()
    angles = on_circle(np.array([[0.0, 2], [-1, 0], [0, 0]]))
    assert angles[:2] == pytest.approx([np.pi / 2, np.pi])
    assert np.isnan(angles[2])


def test_per_data_modality_model_and_seed(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "shop")
    where: dict[str, Any] = {"data": (str(catalogue),), "cache": tmp_path / "cache"}
    model = "bm3+befa,bm3+identity-gate"
    result = becam.distribution(model=model, reporter=QUIET, **{**SHORT, **where, "items": 30})
    found = {(str(side.model), side.modality, side.seed): side for side in result.sides}
    names = ("bm3", "bm3+befa", "bm3+identity-gate")
    assert set(found) == {(n, m, s) for n in names for m in ("visual", "words") for s in (0, 1)}
    for (name, _, _), side in found.items():
        assert len(side.items) == len(side.points) == len(side.directions) == 30
        figures = side.figures
        gate = name == "bm3+identity-gate"
        assert (figures["alignment"] < 1e-12) == gate
        behaves = figures["uniformity"] == pytest.approx(figures["uniformity of behaviour"])
        assert behaves == gate
        assert (figures["alignment"] == pytest.approx(figures["alignment, shuffled"])) == gate
        assert 0 < figures["circle covered"] <= 1
    # The content is the one that deviations are about: |u - v|^2 = 2 - 2 cos theta.
    same = {key: value for key, value in SHORT.items() if key not in ("items", "perplexity")}
    deviations = becam.deviation(model="bm3+befa", reporter=QUIET, **{**same, **where})
    for other in deviations.sides:
        side = found[str(other.model), other.modality, other.seed]
        expected = np.mean(2 - 2 * np.cos(other.values.theta))
        assert side.items == other.items
        assert side.figures["alignment"] == pytest.approx(expected, abs=1e-6)
    rows = {(row.data, row.title) for row in result.table.rows}
    assert ("shop, visual", "bm3+befa vs. bm3") in rows
    assert {row.label for row in result.table.rows if row.control} == {"bm3+identity-gate"}


def test_one_training_for_several_projections(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "shop")
    options = {**SHORT, "modalities": ("visual",), "train_seed": 1, "projection": "pca"}
    options |= {"perplexity": None, "data": (str(catalogue),), "cache": tmp_path / "cache"}
    result = becam.distribution(reporter=QUIET, **options)
    keys = {(str(side.model), side.key) for side in result.sides}
    assert len(keys) == 2  # bm3 and bm3+befa, each trained once
    assert {side.training_seed for side in result.sides} == {1}
    plain = [side for side in result.sides if side.model.adapter is None]
    assert plain[0].items != plain[1].items
    changes = [cell for row in result.table.rows if row.against for cell in row.cells]
    assert changes
    assert all(cell is not None and cell.seeds is None for cell in changes)
    assert "all trained with seed 1" in result.table.caption


def test_the_command_writes_everything_alike_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = write_catalogue(tmp_path / "shop")
    command = ["distribution", "--data", str(catalogue), "--modalities", "visual", "--dim", "8"]
    command += ["--max-epochs", "2", "--device", "cpu", "--cache", str(tmp_path / "cache")]
    command += ["--items", "20", "--perplexity", "5", "--seeds", "2"]
    for folder in ("a", "b"):
        more = ["--out", str(tmp_path / folder), "--save-items", str(tmp_path / f"{folder}.csv")]
        assert run([*command, "--quiet", *more]) == 0
    assert capsys.readouterr().out == ""
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [f"distribution.{e}" for e in ("csv", "json", "md", "pdf", "png", "tex")]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20 * 2 * 2
    for row in rows:
        expected = math.atan2(float(row["y"]), float(row["x"]))
        assert float(row["angle"]) == pytest.approx(expected)
    document = json.loads((tmp_path / "a" / "distribution.json").read_text())
    assert [each["model"] for each in document["runs"]] == ["bm3", "bm3+befa"] * 2
    assert set(document["runs"][0]["figures"]) > {"uniformity", "alignment"}
    picture = tmp_path / "only.svg"
    assert run([*command, "--out", str(picture)]) == 0
    assert "visual, befa" in picture.read_text()  # text stays text


def test_the_figure_fits_a_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    catalogue = write_catalogue(tmp_path / "shop")
    command = ["distribution", "--data", str(catalogue), "--cache", str(tmp_path / "cache")]
    command += ["--modalities", "visual", "--dim", "8", "--max-epochs", "1", "--device", "cpu"]
    command += ["--items", "20", "--projection", "pca", "--seeds", "1", "--quiet"]
    looks = ["--venue", "acm", "--width", "column", "--dpi", "100", "--size", "7", "--tex"]
    assert run([*command, *looks, "--out", "out"]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"distribution-figure.tex"} | {
        f"distribution.{ending}" for ending in ("csv", "json", "md", "pdf", "png", "tex")
    }
    with Image.open(tmp_path / "out" / "distribution.png") as drawn:
        assert drawn.width == int(241.14749 / 72.27 * 100)  # acmart's column
    assert "tabular" in (tmp_path / "out" / "distribution.tex").read_text()
    latex = (tmp_path / "out" / "distribution-figure.tex").read_text()
    assert r"\includegraphics[width=\columnwidth]{\detokenize{distribution.pdf}}" in latex
    assert r"\Description{" in latex
    assert "Content features of 20 items of shop" in latex
    assert run([*command, "--width", "3in", "--tex", "--out", "alone.png"]) == 0
    assert "alone.png" in (tmp_path / "alone.tex").read_text()
    with Image.open(tmp_path / "alone.png") as drawn:
        assert drawn.width == 900
    assert run([*command, "--out", "table.csv"]) == 0
    assert sorted(path.name for path in tmp_path.glob("table.*")) == ["table.csv"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--model", "bm3+bfa"], "unknown adapter 'bfa'; did you mean befa"),
        (["--model", "lightgcn"], "model 'lightgcn' takes no content"),
        (["--projection", "tsen"], "unknown projection 'tsen'; did you mean tsne"),
        (["--items", "2"], "items '2': expected at least 3"),
        (
            ["--items", "30", "--perplexity", "30"],
            "perplexity 30: expected at least 1 and less",
        ),
        (["--perplexity", "0.5"], "perplexity 0.5: expected at least 1"),
        (["--perplexity", "nan"], "perplexity nan: expected at least 1"),
        (["--projection", "pca", "--perplexity", "9"], "perplexity '9' is an option of projection"),
        (["--neighbours", "9"], "neighbours '9' is an option of projection umap; this is tsne"),
        (["--bandwidth", "0"], "bandwidth '0.0': expected degrees above 0"),
        (["--bandwidth", "180"], "bandwidth '180.0'"),
        (["--dim", "1"], "dim '1': a projection to the plane needs at least 2"),
        (["--seed", str(2**32)], "projections take seeds up to 4294967295"),
        (["--train-seed", "-1"], "seed '-1': expected a whole number"),
        (["--out", "x.jpg"], "output 'x.jpg'"),
        (["--venue", "amc"], "unknown venue 'amc'; did you mean acm"),
        (["--width", "0.1in"], "width '0.1in': expected 1 to 40 inches"),
        (["--dpi", "3"], "dpi '3': expected 20 to 2400"),
        (["--tex", "--out", "x.svg"], "output 'x.svg': LaTeX does not include it"),
        (["--tex", "--out", "x.csv"], "output 'x.csv': LaTeX does not include it"),
        (["--save-items", "x.json"], "expected an ending .csv or .parquet"),
    ],
)
def test_bad_input_is_one_line(
    changed: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["distribution", *changed]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_more_items_than_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = write_catalogue(tmp_path / "shop")
    command = ["distribution", "--data", str(catalogue), "--cache", str(tmp_path / "cache")]
    assert run([*command, "--items", "31"]) == 2
    said = capsys.readouterr().err
    assert "items '31': 'shop' has 30 with a training interaction (seed 0)" in said
    assert "expected at most 30" in said


def test_umap_that_is_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_module, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"pip install 'becam\[umap\]'"):
        DistributionConfig(projection="umap")


@pytest.mark.slow
def test_umap_repeats() -> None:
    pytest.importorskip("umap")
    config = DistributionConfig(items=60, projection="umap", neighbours=10)
    features = on_sphere(60, 8)
    first, again = (project(features, config, seed=1) for _ in range(2))
    assert first.shape == (60, 2)
    assert first.tobytes() == again.tobytes()
    with pytest.raises(InputError, match="neighbours 60: expected at least 2 and less than"):
        DistributionConfig(items=60, projection="umap", neighbours=60)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from becam.cli.main import run; run(['distribution', '--help']);"
        "heavy = {'torch', 'numpy', 'scipy', 'matplotlib', 'sklearn'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("--items", "--projection", "--train-seed", "--model", "--save-items", "--venue"):
        assert name in done.stdout


def test_the_figure_keeps_its_width_and_its_text_inside() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from becam.figures.distribution import Panel, distribution_figure

    rng = np.random.default_rng(0)
    panels = [
        Panel(
            row="shop, bm3",
            modality=modality,
            adapter=adapter,
            directions=(rng.vonmises(0, 1, 30), np.zeros(0)),  # the second seed: all alike
            seeds=("seed 0", "seed 1"),
            note=("uniformity " + "9" * 40, "$x_1$"),
            bandwidth=WIDTH,
        )
        for modality in ("image", "text", "a modality with quite a long name")
        for adapter in ("no adapter", "befa")
    ]
    for width in (3.3, 7.0):
        figure = distribution_figure(panels, width=width)
        assert figure.get_size_inches()[0] == pytest.approx(width)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        inside = figure.bbox.padded(1)
        for text in figure.texts:
            box = text.get_window_extent(canvas.get_renderer())
            assert inside.x0 <= box.x0 <= box.x1 <= inside.x1, text.get_text()
            assert inside.y0 <= box.y0 <= box.y1 <= inside.y1, text.get_text()
        shown = [text.get_text() for text in figure.texts]
        assert "$x_1$" in shown
        said = [axes.texts[0].get_text() for axes in figure.axes if axes.texts]
        assert said == ["all alike"] * len(panels)
        # Before and after of one modality stand at the same height.
        tops = [text.get_position()[1] for text in figure.texts if ", " in text.get_text()][1:]
        assert [round(y, 6) for y in tops[::2]] == [round(y, 6) for y in tops[1::2]]
