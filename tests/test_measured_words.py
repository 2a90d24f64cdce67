"""What a table of measured heatmaps says in words: counts, reasons, captions, labels, doubts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest

from becam import MeasureConfig
from becam.content_dependence import ContentDependence
from becam.health import Health
from becam.measuring.figures import health_of
from becam.measuring.made import COLUMNS, Made
from becam.measuring.report import report
from becam.measuring.result import Observed
from becam.measuring.summary import summarise
from becam.measuring.trust import Trust
from becam.measuring.words import counted, listed, sentence, share
from becam.methods import METHODS
from becam.metrics import Value
from becam.presets import COSINE
from becam.recognition import Recognition
from becam.tables.latex import to_latex
from becam.tables.markdown import to_markdown
from becam.tables.table import Table

CONSTANT = "the map is constant"


def made_by(**options: Any) -> Made:
    given: dict[str, Any] = {"model": "bm3", **options}
    return Made.by(MeasureConfig(**given), given.get("encoder", "demo-vit"), "blocks.4")


def observed(values: Sequence[float | str], method: str = "becam", metric: str = "auc") -> Any:
    """One method's values, each a number or the reason why there is none."""
    return [
        Observed(
            item=str(place),
            side="before",
            model="bm3",
            method=method,
            kind=METHODS[method].kind,
            metric=metric,
            value=Value.undefined(value) if isinstance(value, str) else Value(value),
            mask="catalogue",
        )
        for place, value in enumerate(values)
    ]


def table_of(found: Sequence[Observed], notes: Sequence[str] = (), **options: Any) -> Table:
    config = MeasureConfig(model="bm3", resamples=100, **options)
    summary = summarise(config, found, notes)
    return report(config, Made.by(config, "demo-vit", "blocks.4"), "small", found, summary)


def test_counts_lists_and_sentences() -> None:
    assert (counted(1, "item"), counted(8, "item")) == ("1 item", "8 items")
    assert [share(1, 1), share(2, 2), share(8, 8), share(3, 8)] == [
        *("the item", "both items", "all 8 items", "3 of 8 items"),
    ]
    assert (listed(["a"]), listed(["a", "b", "c"])) == ("a", "a, b and c")
    assert sentence("the masks are estimated") == "The masks are estimated."
    for name in ("bm3: by the cosine.", "lattice: by the cosine.", "bm3+befa, BeCAM: none."):
        assert sentence(name) == name  # a model's name is never capitalised


def test_a_row_says_over_how_many_items_it_is_and_the_notes_say_why() -> None:
    reasons = [CONSTANT, CONSTANT, "the mask is empty"]
    found = [
        *observed([0.5, 0.6, 0.7, *reasons]),
        *observed([0.1] * 6, metric="distance"),
        *observed([0.4, 0.6, *reasons, CONSTANT], "unweighted"),
        *observed([0.4] * 6, "centre"),
    ]
    table = table_of(found)
    titles = [row.title for row in table.rows]
    assert titles[:3] == [
        *("bm3, BeCAM (n = 3 to 6)", "bm3, unweighted (n = 2)", "bm3, centre prior"),
    ]
    assert "bm3, BeCAM (n = 2) vs. unweighted" in titles
    assert "bm3, BeCAM (n = 3) vs. centre prior" in titles
    text = to_markdown(table)
    assert "bm3, BeCAM: no value of pixel AUC in 2 of 6 items: the map is constant." in text
    assert (
        "bm3, BeCAM and unweighted: no value of pixel AUC in 1 of 6 items: the mask is empty."
        in text
    )
    assert "(n = 3 to 6)" in to_latex(table)


def test_what_has_no_value_at_all_has_its_row_and_its_reason() -> None:
    table = table_of([*observed([CONSTANT] * 3), *observed([CONSTANT] * 3, "centre")])
    assert [row.title for row in table.rows] == ["bm3, BeCAM (n/a)", "bm3, centre prior (n/a)"]
    text = to_markdown(table)
    assert "| data | model | pixel AUC |" in text
    assert "- No heatmap has a value of any of these metrics, for these reasons." in text
    assert "bm3, BeCAM and centre prior: no value of pixel AUC in all 3 items" in text
    assert "(n/a)" in to_latex(table)


def test_the_caption_tells_what_the_maps_were_made_with() -> None:
    many = table_of(observed([0.5, 0.6]), half="second", weighting="softmax", temperature=0.5)
    assert many.caption.startswith(
        "Heatmaps of 2 items of small, from the second half of its items; encoder demo-vit, layer "
        "blocks.4, fill mean, weighting softmax, temperature 0.5, seed 0: mean over items [95 %"
    )
    one = table_of(observed([0.5]))
    assert one.caption.startswith("Heatmaps of 1 item of small;")
    assert one.caption.endswith("weighting raw, seed 0: its values.")


def test_a_preset_is_named_in_the_row_and_the_caption() -> None:
    table = table_of([*observed([0.5, 0.6]), *observed([0.4, 0.3], "centre")], preset="gscorecam")
    assert [row.title for row in table.rows] == [
        *("bm3, BeCAM (gscorecam)", "bm3, centre prior"),
        "bm3, BeCAM (gscorecam) vs. centre prior",
    ]
    assert "preset gscorecam, fill mean, weighting softmax" in table.caption
    assert "at most 300 passes" in table.caption


def test_labels_of_different_runs_differ() -> None:
    runs: list[dict[str, Any]] = [
        {},
        {"model": "bm3+befa"},
        {"encoder": "demo-rn"},
        {"layer": "blocks.4"},
        {"fill": "blur"},
        {"weighting": "contrast"},
        {"weighting": "softmax"},
        {"weighting": "softmax", "temperature": 0.5},
        {"rectify": True},
        {"preset": "scorecam-gradcam"},
        {"preset": "gscorecam"},
        {"preset": "gscorecam", "passes": 50},
        {"passes": 50},
        {"passes": 50, "channels": "variance"},
        {"half": "first"},
        {"half": "second"},
        {"seed": 1},
        {"mask": "grabcut"},
    ]
    labels = [made_by(**options).label() for options in runs]
    assert len(set(labels)) == len(runs)
    assert labels[0] == "bm3-demo-vit"
    assert all(re.fullmatch("[A-Za-z0-9-]+", label) for label in labels)
    columns = [tuple(made_by(**options).columns().values()) for options in runs]
    assert len(set(columns)) == len(runs) - 4  # model, seed, mask; the encoder's own layer
    assert all(tuple(made_by(**options).columns()) == tuple(COLUMNS) for options in runs)
    label = to_latex(table_of(observed([0.5, 0.6]), half="first", fill="blur"))
    assert r"\label{tab:becam-metrics-bm3-demo-vit-blur-first-small}" in label


def a_map(spread: float = 1.0, distance: float = 0.5, channels: int = 9) -> dict[str, Value]:
    return health_of(Health(spread, 0.9, 5.0, channels, distance))


def content(ratio: float) -> ContentDependence:
    return ContentDependence(ratio, ratio, 1.0, 8)


def test_figures_of_health_say_why_there_is_none() -> None:
    fine = a_map()
    assert (fine["degenerate"].value, a_map(0.01, 0.002)["degenerate"].value) == (0, 1)
    assert a_map(spread=0.01)["degenerate"].value == 0, "it is far from the unweighted map"
    unweighed = a_map(math.nan, 0.5, channels=0)
    assert unweighed["spread"].reason == "the method does not weigh channels"
    assert unweighed["degenerate"].value == 0
    broken = a_map(math.nan, math.nan)
    for name in ("spread", "distance", "degenerate"):
        assert broken[name].reason == "the weights are not finite"
    constant = a_map(distance=math.nan)
    assert constant["degenerate"].reason == "the map or the unweighted one is constant"


def test_a_recommender_whose_maps_are_fine_has_no_note() -> None:
    trust = Trust("bm3", {COSINE: Recognition(0.9, 64)}, [content(1.0), content(0.5)])
    for name in ("becam", "lime"):
        trust.add(METHODS[name], a_map())
    trust.add(METHODS["unweighted"], a_map(0.0, 0.0))  # a control claims nothing
    assert list(trust.notes("raw")) == []


def test_degenerate_maps_are_counted_by_method() -> None:
    trust = Trust("freedom+befa", {COSINE: None}, [content(0.5)] * 3)
    for values in (a_map(), a_map(0.01, 0.002), a_map(0.03, 0.004)):
        trust.add(METHODS["becam"], values)
        trust.add(METHODS["neighbours"], a_map())
    trust.add(METHODS["becam"], {"degenerate": Value.undefined(CONSTANT)})
    expected = (
        "freedom+befa: degenerate maps by BeCAM in 2 of 3 items (spread of the weights 0.02, "
        "distance from the unweighted map 0.003 on average): these are the unweighted activation "
        "map, not explanations"
    )
    assert list(trust.notes("raw")) == [f"{expected}; try --weighting contrast"]
    assert list(trust.notes("contrast")) == [expected]


@pytest.mark.parametrize(
    ("methods", "ratio", "said"),
    [
        (["becam"], 0.0, "whatever the weighting, maps by BeCAM are not explanations"),
        (
            ["becam"],
            1e-5,
            "maps by BeCAM are not explanations; --methods becam,neighbours shows the trace that "
            "is left",
        ),
        (
            ["becam", "gate"],
            1e-5,
            "maps by BeCAM are not explanations; maps by gate show the trace that is left, not "
            "what recommendations rest on",
        ),
        (["becam", "gate"], 0.0, "maps by BeCAM and gate are not explanations"),
        (["centre"], 0.0, "whatever the weighting, maps are not explanations"),
    ],
)
def test_an_adapter_that_ignores_the_content_is_named(
    methods: list[str], ratio: float, said: str
) -> None:
    trust = Trust("bm3+befa", {}, [content(0.4), content(ratio)])
    for name in methods:
        trust.add(METHODS[name], a_map())
    (note,) = trust.notes("raw")
    assert note.startswith(
        "bm3+befa: the adapter's output ignores the content of 1 of 2 items (content dependence "
        f"{ratio:.2g}, 1 without the adapter): "
    )
    assert note.endswith(said)


def test_contents_that_are_all_alike_and_scores_that_tell_nothing_apart_are_named() -> None:
    trust = Trust(
        "lattice",
        {COSINE: Recognition(0.5, 64), "final": Recognition(0.9, 64)},
        [content(math.nan)],
    )
    (alike,) = trust.notes("raw")  # which says already why nothing is told apart
    assert alike.startswith("lattice: in the item the projection makes the content of all items")
    trust.contents.append(content(1.0))
    alike, unrecognised = trust.notes("raw")
    assert "in 1 of 2 items" in alike
    assert unrecognised.startswith("lattice: by the cosine with b, the recommender tells")
