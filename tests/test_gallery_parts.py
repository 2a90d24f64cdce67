"""Parts of galleries by themselves: folders, scores that pick, words and names, small pictures."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import becam
from becam.galleries.folder import LOCK, alone
from becam.galleries.items import figure_plan
from becam.galleries.items.choose import scored
from becam.galleries.items.chosen import how_chosen
from becam.galleries.items.images import colour_table, write_map, write_picture
from becam.galleries.items.record import METRICS, Record
from becam.geometry import Geometry
from recsys.errors import InputError

HOLD = """
import sys, time
from pathlib import Path
from typing import Any
from becam.galleries.folder import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_gallery_at_a_time_writes_a_folder(tmp_path: Path) -> None:
    """Another process keeps this one out until it dies, however it dies."""
    out, spec = tmp_path / "out", tmp_path / "small.toml"
    spec.write_text('models = ["bm3"]\n[items]\ncount = 2\n')
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for force in (False, True):
            with pytest.raises(InputError, match="no other gallery is writing"):
                becam.gallery(spec, out, cache=tmp_path / "cache", force=force)
        assert [path.name for path in out.iterdir()] == [LOCK], "what is refused changes nothing"
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    with alone(out), alone(tmp_path / "other"):
        pass
    assert not list(out.iterdir())
    with pytest.raises(InputError, match="found a file"), alone(spec):
        pass


def record(drift: float, after: float | None, apart: float | None = None) -> Record:
    rows = tuple((value, value, *[None] * (len(METRICS) - 2)) for value in (drift, after))
    return Record("k", rows, (None, None), apart, (4, 4), True, ())


def test_scores_say_what_their_names_say() -> None:
    models = ("bm3", "bm3+befa")
    pool = {
        1: record(0.2, 0.1, 0.5),
        2: record(0.6, 0.9, 0.1),
        3: record(0.4, 0.1),
        4: record(0.5, None),
    }
    assert scored("drift", pool, models) == {1: 0.2, 2: 0.6, 3: 0.4, 4: 0.5}
    improvement = scored("improvement", pool, models)
    assert improvement == pytest.approx({1: 0.2, 2: -0.6, 3: 0.6})
    assert scored("disagreement", pool, models) == {1: 0.5, 2: 0.1}
    typical = scored("typical", pool, models)
    assert max(typical, key=lambda index: typical[index]) in (3, 4)
    assert scored("typical", {}, models) == {}


def test_large_pictures_and_what_the_encoder_does_not_see(tmp_path: Path) -> None:
    picture = np.zeros((300, 1200, 3), np.uint8)
    write_picture(tmp_path / "p.jpg", picture)
    assert Image.open(tmp_path / "p.jpg").size == (512, 128)

    class Centre:
        heatmap = np.array([[-1.0, 1.0], [-1.0, 1.0]], np.float32)
        geometry = Geometry((1200, 300), (450.0, 0.0, 750.0, 300.0))

    write_map(tmp_path / "m.jpg", Centre(), colour_table(), 1.0)
    drawn = np.asarray(Image.open(tmp_path / "m.jpg")).astype(int)
    assert drawn.shape == (128, 512, 3)
    low, high, unseen = drawn[64, 200], drawn[64, 312], drawn[:, :180]
    assert low[2] > low[0] + 50, "low values are blue"
    assert high[0] > high[2] + 50, "high values are red"
    assert np.abs(unseen - unseen.mean(axis=2, keepdims=True)).max() < 8, "unseen parts are grey"
    assert unseen.std() > 5, "and hatched"


def test_names_of_item_figures_are_safe_and_differ() -> None:
    """Ids never become paths, nor one file where upper and lower case are the same."""

    class Item:
        def __init__(self, place: int, item_id: str) -> None:
            self.place, self.data, self.item = place, "d", self
            self.item_id = item_id

    class Planner(figure_plan.Planner):
        def _figure(self, encoder: str, rows: Any, stem: str, record: str) -> Any:
            return figure_plan.Figure((), stem, record, place=None)

    class Spec:
        name, encoders, data = "g", ("demo-vit",), ("d",)
        figure = figure_plan.FigureOptions(each=True, items=0)

    rows: list[Any] = [
        figure_plan.Row(Item(place, name), "", None)
        for place, name in enumerate(("A", "a", "../b"))
    ]
    planner = Planner(Spec(), None, {"d": "d"}, {})
    stems = [figure.tex for figure in planner.figures("demo-vit", rows)]
    assert stems[:2] == ["g-item-A", "g-item-a-1"]
    assert re.fullmatch(r"g-item-\.\._b-[0-9a-f]{8}", str(stems[2]))


def about(**values: Any) -> dict[str, Any]:
    return {"query": None, "seed": 4, "candidates": 900, "pool": [], "drawn": True, **values}


@pytest.mark.parametrize(
    ("ways", "facts", "says"),
    [
        (["random"] * 2, about(), "Items chosen: drawn at random (seed 4) from 900 items."),
        (["popular"], about(), "Item chosen: most interactions in the training split, among 900 "),
        (["all"] * 2, about(), ""),
        (["all"] * 2, about(query="a > 1"), "Items chosen: all 900 items with a > 1."),
        (
            ["drift", "typical"],
            about(pool=["1"] * 60),
            "in median absolute deviations, among 60 drawn at random (seed 4) from 900 items.",
        ),
        (
            ["drift"],
            about(pool=["1"] * 10, candidates=10, query="c == 'hat'", drawn=False),
            "(mean over the recommenders without adapter), among 10 items with c == 'hat'.",
        ),
    ],
)
def test_how_items_were_chosen_in_words(ways: list[str], facts: dict[str, Any], says: str) -> None:
    found = how_chosen([("d", way) for way in ways], {"d": facts}, {"d": "shop"})
    assert found == "" if not says else says in found


def test_how_items_of_several_catalogues_were_chosen() -> None:
    shown = [("a", "random"), ("b", "random")]
    found = how_chosen(shown, {"a": about(), "b": about(candidates=7)}, {"a": "one", "b": "two"})
    assert found == (
        "Items chosen: one: drawn at random (seed 4) from 900 items; "
        "two: drawn at random (seed 4) from 7 items."
    )
