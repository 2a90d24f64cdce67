"""Galleries that are one figure or table: distribution, sensitivity, table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from becam.cli.main import run
from becam.figures.distribution import Panel, distribution_figure
from becam.figures.sensitivity import Curve, sensitivity_figure
from becam.galleries.kinds import Overrides
from becam.galleries.kinds.table import TableSpec
from becam.galleries.run import gallery, load_spec
from recsys.errors import InputError
from recsys.statistics import Estimate
from tests.tiny_tables import QUIET, write_catalogue

SPECS = Path(__file__).parent.parent / "gallery"
TINY = """
modalities = "visual,words"
dim = 8
max_epochs = 2
lr = 0.01
device = "cpu"
seeds = 2
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("data") / "shop")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def spec(folder: Path, text: str) -> Path:
    file = folder / "spec.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("name", "kind", "table"),
    [
        ("fig9", "distribution", None),
        ("fig10", "sensitivity", "sensitivity"),
        ("table1", "table", "data"),
        ("table2", "table", "adapters"),
        ("table3", "table", "peft"),
        ("table4", "table", "cost"),
    ],
)
def test_the_specs_of_the_paper_are_valid(name: str, kind: str, table: str | None) -> None:
    loaded = load_spec(SPECS / f"{name}.toml")
    assert (loaded.kind, loaded.name) == (kind, name)
    if isinstance(loaded, TableSpec):
        assert loaded.table == table
    with_other = load_spec(SPECS / f"{name}.toml", Overrides(data=("shop",)))
    assert "shop" in with_other.identity()["data"]


def test_a_distribution_gallery_twice(shop: Path, cache: Path, tmp_path: Path) -> None:
    title = 'title = "before <script>alert(1)</script>"\n'
    keys = 'kind = "distribution"\nmodel = ["bm3+befa"]\nitems = 500\nperplexity = 5\n'
    file = spec(tmp_path, title + keys + TINY)
    command = ["gallery", str(file), "--data", str(shop), "--cache", str(cache), "--items", "20"]
    for out in ("a", "b"):
        assert run([*command, "--quiet", "--out", str(tmp_path / out)]) == 0
    written = {p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()}
    wanted = {f"figures/distribution.{ending}" for ending in ("pdf", "svg", "png", "tex")}
    wanted |= {f"tables/distribution.{ending}" for ending in ("csv", "md", "tex", "json")}
    wanted |= {"tables/distribution-items.csv", "gallery.json", "index.html", "becam-gallery.json"}
    assert {path.as_posix() for path in written} == wanted
    for path in written:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    about = json.loads((tmp_path / "a" / "gallery.json").read_text())
    assert (about["kind"], about["name"], about["failures"]) == ("distribution", "spec", [])
    assert about["about"]["items"] == 20
    assert {each["model"] for each in about["runs"]} == {"bm3", "bm3+befa"}
    assert all((tmp_path / "a" / path).is_file() for path in about["figures"] + about["tables"])
    page = (tmp_path / "a" / "index.html").read_text()
    assert "<script" not in page
    assert "before &lt;script&gt;" in page
    assert all(link.startswith("data:image/png") for link in re.findall(r'src="([^"]*)"', page))
    assert not re.findall(r"https?://", page)
    for link in re.findall(r'href="([^"]*)"', page):
        assert (tmp_path / "a" / link).is_file()


def test_a_sensitivity_gallery_with_workers(shop: Path, cache: Path, tmp_path: Path) -> None:
    keys = 'kind = "sensitivity"\nmodels = ["bm3"]\nks = "0.5,1"\nmetrics = ["recall@20"]\n'
    loaded = load_spec(spec(tmp_path, keys + TINY), Overrides(data=(str(shop),), cache=cache))
    done = gallery(loaded, tmp_path / "out", reporter=QUIET)
    assert done.failures == {}
    assert done.written[0] == tmp_path / "out" / "index.html"
    assert "| bm3+befa, k 0.5 |" in done.summary.replace("k=", "k ").replace("k = ", "k ")
    looks = spec(tmp_path, keys + TINY + '[figure]\nformats = "svg"\nwidth = "column"\n')
    again = load_spec(looks, Overrides(data=(str(shop),), cache=cache))
    gallery(again, tmp_path / "out", reporter=QUIET)  # other looks are no other gallery
    figures = sorted(path.name for path in (tmp_path / "out" / "figures").iterdir())
    assert figures == ["sensitivity.svg"], "no LaTeX: it could not include it"
    formats = '[figure]\nformats = ["png", "svg", "pdf"]\n'
    every = load_spec(
        spec(tmp_path, keys + TINY + formats), Overrides(data=(str(shop),), cache=cache)
    )
    gallery(every, tmp_path / "out", reporter=QUIET)
    tex = (tmp_path / "out" / "figures" / "sensitivity.tex").read_text()
    assert r"\detokenize{sensitivity.pdf}" in tex, "the vector file, wherever it is named"
    gallery(again, tmp_path / "out", reporter=QUIET)
    assert 'width="252' in (tmp_path / "out" / "figures" / "sensitivity.svg").read_text()[:600]
    page = (tmp_path / "out" / "index.html").read_text()
    assert "(control)" in page
    assert "data:image/png" in page


def test_table_1_of_two_data_sets(shop: Path, cache: Path, tmp_path: Path) -> None:
    other = write_catalogue(tmp_path / "other")
    keys = f'kind = "table"\ntable = "data"\ndata = ["{shop}", "{other}"]\n'
    loaded = load_spec(spec(tmp_path, keys), Overrides(cache=cache))
    done = gallery(loaded, tmp_path / "out", reporter=QUIET)
    assert "| shop | all | 40 | 30 | 320 | 73.33 | 8.00 | 10.67 |" in done.summary
    assert "| other | all | 40 | 30 | 320 |" in done.summary
    assert not (tmp_path / "out" / "figures").exists()


def test_panels_have_letters_where_there_are_several() -> None:
    curve = {
        "data": "shop",
        "recommender": "bm3",
        "widths": {1.0: Estimate(0.1, None, 1)},
        "references": {},
    }
    curves = [Curve(metric=metric, **curve) for metric in ("Recall@20", "NDCG@20")]
    drawn = sensitivity_figure(curves, "BeFA")
    assert [axes.get_title("left") for axes in drawn.axes] == ["(a) bm3, shop", "(b)"]
    alone = sensitivity_figure(curves[:1], "BeFA").axes[0]
    assert (alone.get_title("left"), alone.get_title()) == ("", "bm3, shop")
    panel = {"row": "shop, bm3", "modality": "image", "seeds": ("seed 0",), "note": ()}
    panel |= {"directions": (np.linspace(-3, 3, 30),), "bandwidth": 0.2}
    panels = [Panel(adapter=adapter, **panel) for adapter in ("no adapter", "BeFA")]
    titles = [text.get_text() for text in distribution_figure(panels).texts]
    assert {"(a) image, no adapter", "(b) image, BeFA"} <= set(titles)
    titles = [text.get_text() for text in distribution_figure(panels[:1]).texts]
    assert "image, no adapter" in titles


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ('kind = "distribution"\nitms = 5', [], "line 2, key 'itms': unknown key; did you mean it"),
        ('kind = "distribution"\nitems = "5"', [], "line 2, key 'items': expected a whole number"),
        ('kind = "distribution"\nseed = 1\nmodel = "bm4"', [], "line 3, key 'model': unknown mode"),
        ('kind = "distribution"\nworkers = 2', [], "key 'workers': expected on the command line"),
        ('kind = "distribution"', ["--workers", "2"], "workers '2': a gallery of kind"),
        (
            'kind = "table"\ntable = "data"',
            ["--workers", "2", "--check"],
            "workers '2': a gallery of kind 'table data' is made in one process",
        ),
        (
            'kind = "distribution"',
            ["--encoder", "demo-rn", "--encoder", "demo-vit"],
            "expected one",
        ),
        ('kind = "table"', [], "missing key 'table'; expected one of data, adapters, peft"),
        (
            'kind = "table"\ntable = "peff"',
            [],
            "line 2, key 'table': unknown table 'peff'; did you",
        ),
        ('kind = "table"\ntable = "data"\nmodels = "bm3"', [], "key 'models': unknown key"),
        (
            'kind = "table"\ntable = "data"',
            ["--encoder", "demo-rn"],
            "--encoder: a gallery of kind",
        ),
        ('kind = "table"\ntable = "peft"', ["--items", "5"], "--items: a gallery of kind 'table'"),
        ('kind = "sensitivity"\nks = "1"', [], "line 2, key 'ks': ks '1': expected two or more"),
        ('kind = "distribution"\n[figure]\nvenu = "acm"', [], "line 3, key 'figure.venu'"),
        (
            'kind = "distribution"\n[figure]\nfont = "nope.ttf"',
            ["--check"],
            "line 3, key 'figure.font': font 'nope.ttf': no such file",
        ),
        (
            'kind = "table"\ntable = "peft"\n[figure]',
            [],
            "key 'figure': table 'peft' has no figure",
        ),
    ],
)
def test_bad_specs_name_line_and_key(
    text: str,
    options: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BECAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert run(["gallery", str(spec(tmp_path, text)), *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]


def test_overrides_meet_the_checks_of_the_options(tmp_path: Path) -> None:
    file = spec(tmp_path, 'kind = "distribution"\nperplexity = 30\nitems = 500\n')
    with pytest.raises(InputError, match="less than the number of items, 10"):
        load_spec(file, Overrides(items=10))
    identity: dict[str, Any] = load_spec(file, Overrides(items=900)).identity()
    assert identity["items"] == 500  # at most so many
