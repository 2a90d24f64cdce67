"""What a notebook shows by itself: bars while work goes on, lists of heatmaps as grids."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from becam.notebook import bars
from becam.notebook.bars import NotebookBar
from becam.progress import Reporter
from tests.kernels import run_cells

MAPS = """
import becam, torch
from tests.small import SmallEncoder, noise_picture
cam = becam.BeCAM(SmallEncoder())
def one(name, model):
    target = becam.Target(torch.ones(5), "item", name)
    return cam.attribute(noise_picture(), lambda z: z, target, model=model)
a, b = one("7", "bm3"), one("8", "bm3+lora")
"""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    work = """
import time
from becam.progress import Reporter
reporter = Reporter()
with reporter.bar("outer <b>", 3, "item") as step:
    for done in range(3):
        with reporter.bar("inner") as inner:
            inner(1, "a remark")
        step(done + 1, "")
        time.sleep(0.25)
reporter.note("catalogue: a note")
"""
    shows = ["a", "[a, b]", "(a, b)", "[a, 3]", "[1, 2]", "becam.grid([b])"]
    return run_cells([work, MAPS, *shows], tmp_path_factory.mktemp("empty"))


def test_a_bar_is_gone_when_the_work_is_done_and_nothing_is_noise(
    outputs: list[list[Any]],
) -> None:
    shown, note = outputs[0]
    assert shown.output_type == "display_data"
    assert shown.data == {"text/html": "", "text/plain": ""}
    assert shown.metadata == {"becam": {"output": "progress"}}
    assert (note.name, note.text) == ("stdout", "catalogue: a note\n")
    assert outputs[1] == []


def test_heatmaps_show_themselves_and_lists_of_them_too(outputs: list[list[Any]]) -> None:
    one, several, pair, mixed, numbers, asked = (each[0].data for each in outputs[2:])
    for data in (one, several, pair, asked):
        assert len(data["image/jpeg"]) > 10_000
    assert len(several["image/jpeg"]) > 1.2 * len(asked["image/jpeg"])
    assert several["text/plain"].startswith("[Attribution(item 7 by bm3, 6 x 6)")
    assert outputs[3][0].metadata["image/jpeg"]["alt"] == (
        "BeCAM heatmaps: item 7, bm3; item 8, bm3+lora"
    )
    assert set(mixed) == set(numbers) == {"text/plain"}


def test_a_narrow_grid_says_the_whole_warning() -> None:
    from becam.figures.small_maps import Block, Panel, small_maps_figure

    advice = "--score neighbours shows the trace that is left"
    warning = (
        "2 of 2 maps (named in red) have a warning. The first: the adapter's output ignores the "
        "content (content dependence 4.3e-05, 1 without the adapter): whatever the weighting, the "
        f"map is not an explanation; {advice}"
    )
    panel = Panel(np.zeros((20, 20, 3), np.uint8), np.ones((20, 20), np.float32))
    for padding in range(0, 40, 3):  # wherever the lines break
        said = f"{'x' * padding} {warning}"
        figure = small_maps_figure([Block("item 7", (panel,))], warnings=[said])
        lines = [text.get_text() for text in figure.texts]
        assert said.strip() in " ".join(lines)
        assert any("--score neighbours" in line for line in lines)
        assert min(text.get_position()[1] for text in figure.texts) > 0  # none is below the edge


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What is sent to the browser, in turn."""
    sent: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], **_: Any) -> None:
            sent.append(data)

    def display(data: dict[str, str], **_: Any) -> Handle:
        sent.append(data)
        return Handle()

    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(bars, "_latest", None)
    return sent


def test_a_bar_says_how_far_it_is(drawn: list[dict[str, str]]) -> None:
    shell = SimpleNamespace(execution_count=3)
    with NotebookBar(shell=shell, desc="heat <maps>", total=1200, unit="item") as bar:
        bar.start_t -= 60  # as if a minute had gone
        bar.set_postfix_str("now <7>", refresh=False)
        bar.update(300)
        bar.refresh()
    begun, middle, done = drawn[0], drawn[-2], drawn[-1]
    assert begun["text/plain"].startswith("heat <maps>: 0 of 1,200 items, 00:00 so far")
    words = "heat <maps>: 300 of 1,200 items, 01:00 so far, about 03:00 left, now <7>"
    assert middle["text/plain"] == words
    assert 'value="300" max="1200" aria-label="heat &lt;maps&gt;"' in middle["text/html"]
    assert "<maps>" not in middle["text/html"]
    assert "<7>" not in middle["text/html"]
    assert done == {"text/html": "", "text/plain": ""}


def test_bars_of_one_cell_share_a_place(drawn: list[dict[str, str]]) -> None:
    shell = SimpleNamespace(execution_count=3)
    with NotebookBar(shell=shell, desc="outer", total=2), NotebookBar(shell=shell, desc="inner"):
        assert drawn[-1]["text/html"].count("<progress") == 2
        assert "max=" not in drawn[-1]["text/html"].split("inner")[1]  # of unknown length
    first = bars._latest
    with NotebookBar(shell=shell, desc="third"):
        assert bars._latest is first
    shell.execution_count += 1
    with NotebookBar(shell=shell, desc="another cell"):
        assert bars._latest is not first


def test_a_quiet_bar_shows_nothing(drawn: list[dict[str, str]]) -> None:
    shell = SimpleNamespace(execution_count=3)
    with NotebookBar(shell=shell, desc="quiet", total=2, disable=True) as bar:
        bar.update(1)
    assert drawn == []


def test_a_terminal_has_plain_bars_and_notes() -> None:
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        reporter = Reporter()
        reporter.note("a note")
        with reporter.bar("work", 2, "item") as step:
            step(2, "")
    assert "a note\n" in errors.getvalue()
    assert "work: " in errors.getvalue()


def test_outside_of_a_notebook_ipython_is_not_imported() -> None:
    code = (
        "import sys, becam.progress; r = becam.progress.Reporter(); r.note('x');"
        "sys.exit(any(m.partition('.')[0] in {'IPython', 'ipywidgets'} for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=Path.cwd(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"x\n")
