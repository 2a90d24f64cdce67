"""Many heatmaps: a sequence of explanations, and the grid that a list of maps shows."""

from __future__ import annotations

import base64
import io
import math
import shutil
from pathlib import Path

import pytest
from PIL import Image

import becam
from becam.explainer import Explainer
from becam.explanations import Explanations
from becam.map_grid import MapGrid, grid
from recsys.errors import InputError
from tests.shops import make_shop
from tests.small import SmallEncoder

ITEMS = ["i3", "i7", "i1", "i12"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop") / "shop")


@pytest.fixture
def explainer(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Explainer:
    encoder = SmallEncoder()
    monkeypatch.setattr("becam.explainer.load_encoder", lambda *_, **__: encoder)
    return Explainer(data=str(shop), cache=shop.parent / "cache")


@pytest.fixture
def found(explainer: Explainer) -> Explanations:
    return explainer.explain_many(ITEMS, "bm3+lora")


def picture_of(shown: Explanations | MapGrid) -> Image.Image:
    data, _ = shown._repr_mimebundle_()
    return Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"])))


def test_it_is_a_sequence_in_the_order_asked_for(found: Explanations) -> None:
    assert len(found) == len(ITEMS)
    assert [each.item_id for each in found] == ITEMS
    assert found[-1].item_id == "i12"
    assert isinstance(found[1:3], Explanations)
    assert [each.item_id for each in found[1:3]] == ["i7", "i1"]
    assert repr(found) == "Explanations(i3, i7, i1, i12)"
    with pytest.raises(AttributeError):
        found.explanations = ()


def test_it_is_what_explain_gives_one_by_one(found: Explanations, explainer: Explainer) -> None:
    one = explainer.explain("i1", "bm3+lora")
    assert one.to_dict()["sides"] == found[2].to_dict()["sides"]
    many = becam.explain_many(explainer.config, items=["i1"], model="bm3+lora")
    assert many[0].to_dict()["sides"] == one.to_dict()["sides"]


def test_its_records_are_rows_for_a_data_frame(found: Explanations) -> None:
    pandas = pytest.importorskip("pandas")
    records = found.to_records()
    assert [(r["item"], r["role"]) for r in records[:3]] == [
        ("i3", "before"),
        ("i3", "after"),
        ("i7", "before"),
    ]
    frame = pandas.DataFrame(records)
    assert len(frame) == 2 * len(ITEMS)
    assert frame["drift"].isna().all(), "no product masks here"
    assert frame["spread"].tolist() == [
        side.attribution.health.spread for each in found for side in each.sides
    ]
    assert frame["effective_channels"].tolist() == [
        side.attribution.health.effective_channels for each in found for side in each.sides
    ]
    assert not any(isinstance(v, float) and math.isnan(v) for r in records for v in r.values())


def test_every_item_has_a_figure_of_its_own(found: Explanations, tmp_path: Path) -> None:
    written = found[:2].save_figures(tmp_path / "new", format="svg")
    assert [path.name for path in written] == ["item-i3.svg", "item-i7.svg"]
    assert all(path.is_file() for path in written)
    with pytest.raises(InputError, match=r"\.png, \.pdf or \.svg"):
        found.save_figures(tmp_path / "other", format="gif")
    assert not (tmp_path / "other").exists()


def test_a_typo_costs_nothing(explainer: Explainer) -> None:
    with pytest.raises(InputError, match="i333"):
        explainer.explain_many(["i3", "i333"], "bm3+lora")
    with pytest.raises(TypeError, match=r"\['i3'\]"):
        explainer.explain_many("i3", "bm3+lora")
    assert not explainer.reporter.computed


def test_none_at_all(explainer: Explainer) -> None:
    empty = explainer.explain_many([], "bm3+lora")
    assert (len(empty), empty.to_records()) == (0, [])
    assert empty._repr_mimebundle_()[0] == {"text/plain": "Explanations()"}
    assert not explainer.reporter.computed
    with pytest.raises(InputError, match="at least one"):
        empty.figure()


def test_the_grid_grows_with_the_items_up_to_a_limit(found: Explanations, tmp_path: Path) -> None:
    two, four = picture_of(found[:2]), picture_of(found)
    assert two.width == four.width
    assert four.height > 1.5 * two.height
    first = MapGrid(found.explanations, at_most=2)
    text = first.save_figure(tmp_path / "grid.svg").read_text()
    assert "and 2 more, which are not drawn" in text
    assert "item i7" in text
    assert "item i12" not in text


def test_maps_on_one_scale_with_what_tells_them_apart(explainer: Explainer, tmp_path: Path) -> None:
    index = explainer.catalogue.index_of("i3")
    sides = explainer.sides(index, ["bm3", "bm3+identity-gate"])
    other = Explainer(explainer.config, weighting="contrast").sides(index, ["bm3"])
    attributions = [each.attribution for each in (*sides, *other)]
    warned = sum(each.warning is not None for each in attributions)
    assert attributions[1].warning is not None
    maps = [attributions[0], sides[1], other[0]]
    text = grid(maps).save_figure(tmp_path / "a.svg").read_text()
    assert "bm3 · raw" in text
    assert "bm3 · contrast" in text
    assert "bm3+identity-gate · raw" in text
    assert f"{warned} of 3 maps (named in red) have a warning" in text
    data, metadata = grid(maps)._repr_mimebundle_()
    assert metadata["image/jpeg"]["alt"].count("item i3") == 3
    assert set(data) == {"image/jpeg"}


def test_what_is_no_heatmap_is_refused(found: Explanations) -> None:
    with pytest.raises(InputError, match="at least one"):
        grid([])
    with pytest.raises(TypeError, match="not str"):
        grid([found[0], "i3"])
    with pytest.raises(InputError, match="at_most"):
        grid([found[0]], at_most=0)


def test_pictures_of_all_shapes_and_hostile_titles(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    Image.new("RGB", (400, 40), "green").save(folder / "images" / "15.png")
    Image.new("RGB", (20, 300), "blue").save(folder / "images" / "11.png")
    items = (folder / "items.csv").read_text().replace("x" * 16, "$\\frac{<b>&amp;}$ " * 30)
    (folder / "items.csv").write_text(items)
    encoder = SmallEncoder()
    monkeypatch.setattr("becam.explainer.load_encoder", lambda *_, **__: encoder)
    explainer = Explainer(data=str(folder), cache=tmp_path / "cache")
    shown = picture_of(explainer.explain_many(ITEMS, "bm3"))
    assert shown.width > 400
