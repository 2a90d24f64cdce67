"""The few words below a map with a warning: for every warning that becam has."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from becam.content_dependence import ContentDependence
from becam.faults import CONSTANT
from becam.fewer_passes.approximation import Approximation
from becam.galleries.page.labels import NOT_AN_EXPLANATION, OTHERWISE, label_of
from becam.health import Health
from becam.recognition import Recognition

NAN = float("nan")
EQUAL = Health(0.004, 0.31, 12.0, 12, 0.001)
TRACE = ContentDependence(4.3e-5, 3.6e-5, 1.0, 64)
IGNORES = replace(EQUAL, content=TRACE)
FOREIGN = Health(0.1, 0.3, 12.0, 12, 1.0, recognition=Recognition(0.41, 64))
ROOM = 34  # letters: two lines below a map of a card, less the verdict


@pytest.mark.parametrize(
    ("warning", "verdict", "reason"),
    [
        (EQUAL.warning("raw"), NOT_AN_EXPLANATION, "weights nearly equal"),
        (IGNORES.warning("raw"), NOT_AN_EXPLANATION, "ignores the content"),
        (TRACE.warning("neighbours"), "A trace of the content", "the content hard"),
        (FOREIGN.warning("raw"), NOT_AN_EXPLANATION, "the score tells no contents apart"),
        (Health(0, 0, 0, 12, NAN).warning("raw"), NOT_AN_EXPLANATION, "all weights 0"),
        (Health(0, 1, 1, 1, 0.0).warning("raw"), NOT_AN_EXPLANATION, "one channel alone"),
        (Health(NAN, NAN, NAN, 0, 0.0).warning(None), NOT_AN_EXPLANATION, "the unweighted map"),
        (
            ContentDependence(math.nan, 0.0, 0.0, 9).warning(),
            *(NOT_AN_EXPLANATION, "all contents alike"),
        ),
        (f"{CONSTANT}: it says nothing", NOT_AN_EXPLANATION, "the map is constant"),
        (Approximation("random", 9, 99, 0.5, 0.4).warning, "Approximate", "too few passes"),
    ],
)
def test_every_warning_has_a_label(warning: str | None, verdict: str, reason: str) -> None:
    assert warning is not None
    found = label_of(warning)
    assert found[0] == verdict
    assert found[1].startswith(reason)
    assert len(found[1]) < ROOM


def test_another_warning_gives_its_first_clause() -> None:
    assert label_of("the picture is upside down (by 180): turn it") == (
        OTHERWISE,
        "the picture is upside down",
    )
