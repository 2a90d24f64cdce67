"""Parts of galleries by themselves: who may write a folder, scores that pick, small pictures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import becam
from becam.galleries.folder import LOCK, alone
from becam.galleries.items.choose import scored
from becam.galleries.items.images import colour_table, write_map, write_picture
from becam.galleries.items.record import Record
from becam.geometry import Geometry
from recsys.errors import InputError

HOLD = """
import sys, time
from pathlib import Path
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
    rows = tuple((value, value, None, None, None, None) for value in (drift, after))
    return Record("k", rows, (None, None), apart, (4, 4), True)


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

    write_map(tmp_path / "m.jpg", Centre(), colour_table(), 1.0)  # type: ignore[arg-type]
    drawn = np.asarray(Image.open(tmp_path / "m.jpg")).astype(int)
    assert drawn.shape == (128, 512, 3)
    low, high, unseen = drawn[64, 200], drawn[64, 312], drawn[:, :180]
    assert low[2] > low[0] + 50, "low values are blue"
    assert high[0] > high[2] + 50, "high values are red"
    assert np.abs(unseen - unseen.mean(axis=2, keepdims=True)).max() < 8, "unseen parts are grey"
    assert unseen.std() > 5, "and hatched"
