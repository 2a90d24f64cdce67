"""Styles and fonts of paper figures: lengths, bad values, a missing font named."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from pathlib import Path

import matplotlib as mpl
import pytest

from becam import InputError
from becam.cli.main import run
from becam.figures.paper import PaperStyle, grid_figure
from becam.figures.paper import faces as faces_module
from becam.figures.paper.faces import Face
from becam.figures.paper.venues import LIBERTINE, STAND_INS
from tests.paper_cells import small_grid

DEJAVU = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif.ttf"


@pytest.mark.parametrize(
    ("width", "inches"),
    [("3.2", 3.2), ("3.2in", 3.2), ("8 cm", 8 / 2.54), ("80mm", 80 / 25.4), ("240pt", 240 / 72.27)],
)
def test_lengths(width: str, inches: float) -> None:
    assert PaperStyle(width=width).inches == pytest.approx(inches)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"venue": "amc"}, "unknown venue 'amc'; did you mean acm"),
        ({"width": "colum"}, "did you mean column"),
        ({"width": "3 feet"}, "width '3 feet': expected column, text or a length"),
        ({"width": "900in"}, "expected 1 to 40 inches"),
        ({"width": "-3in"}, "width '-3in'"),
        ({"print": "gray"}, "did you mean grey"),
        ({"dpi": 5}, "dpi '5': expected 20 to 2400"),
        ({"size": 1.0}, "size '1.0': expected 4 to 24 points"),
        ({"font": ""}, "font ''"),
        ({"font": "nope.ttf"}, "font 'nope.ttf': no such file"),
    ],
)
def test_bad_values_are_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as raised:
        PaperStyle(**options)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, frozenset[str]]:
    """Families as if these alone were installed."""
    families = {"truetype": frozenset({"DejaVu Sans", "STIXGeneral"}), "postscript": frozenset()}
    monkeypatch.setattr(faces_module, "_families", lambda: faces_module._Families(**families))
    return families


@pytest.mark.usefixtures("installed")
def test_a_missing_font_is_named_with_the_one_in_its_place() -> None:
    face = PaperStyle(venue="acm").face()
    assert face.family == "STIXGeneral"
    assert face.note is not None
    assert face.note.startswith("font 'Linux Libertine' of ACM is not installed; 'STIXGeneral'")
    assert "\n" not in face.note
    assert PaperStyle().face().note is None


@pytest.mark.usefixtures("installed")
def test_a_missing_font_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces_module, "_TOLD", set())
    with pytest.warns(UserWarning, match="'Times' of IEEE is not installed"):
        grid_figure(small_grid(1), PaperStyle(venue="ieee"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grid_figure(small_grid(1), PaperStyle(venue="ieee"))
        # Who asks for the font has the note to pass on.
        assert PaperStyle(venue="acm").face().note
        grid_figure(small_grid(1), PaperStyle(venue="acm"))


def test_a_venue_s_font_is_taken_where_it_is(installed: dict[str, frozenset[str]]) -> None:
    installed["truetype"] |= {"Nimbus Roman", LIBERTINE[-1]}
    assert PaperStyle(venue="ieee").face() == Face("Nimbus Roman")
    assert PaperStyle(venue="acm").face() == Face(LIBERTINE[-1])


@pytest.mark.usefixtures("installed")
def test_a_mistyped_font_names_the_nearest() -> None:
    note = PaperStyle(font="Deja Vu Sans").face().note
    assert note is not None
    assert "(did you mean DejaVu Sans?)" in note


def test_fonts_without_truetype_outlines_are_not_used(
    installed: dict[str, frozenset[str]],
) -> None:
    installed["postscript"] = frozenset({"Linux Libertine O"})
    note = PaperStyle(venue="acm").face().note
    assert note is not None
    assert "is installed without TrueType outlines (.ttf)" in note


def test_a_font_can_be_a_file(tmp_path: Path) -> None:
    own = tmp_path / "own.ttf"
    shutil.copy(DEJAVU, own)
    assert PaperStyle(font=str(own)).face() == Face("DejaVu Serif")
    for name, content, said in (
        ("a.ttf", b"no font at all", "no TrueType outlines"),
        ("b.ttf", b"\x00\x01\x00\x00 and then nothing", "not a font"),
        ("c.otf", b"OTTO", "no TrueType outlines"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=said):
            PaperStyle(font=str(tmp_path / name)).face()
    with pytest.raises(InputError, match="no such file"):
        PaperStyle(font=str(tmp_path / "missing.ttf")).face()


def test_a_font_file_that_is_missing_is_told_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("it began")

    monkeypatch.setattr("becam.explanations.explain", never)
    monkeypatch.setattr("becam.comparing.run.compare", never)
    monkeypatch.chdir(tmp_path)
    for command in ("render", "compare"):
        assert run([command, "--item", "1", "--font", "nope.ttf"]) == 2
        assert "font 'nope.ttf': no such file" in capsys.readouterr().err


@pytest.mark.usefixtures("installed")
def test_the_note_names_the_option_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces_module, "_TOLD", set())
    face = PaperStyle(venue="acm").face("font in [figure]")
    assert str(face.note).endswith("or name another by font in [figure]")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grid_figure(small_grid(1), PaperStyle(venue="acm"))  # told once, in whatever words


def test_a_face_is_known_by_its_file() -> None:
    assert Face("DejaVu Serif").digest() != Face("DejaVu Sans").digest()
    assert Face("DejaVu Serif").digest() == hashlib.sha256(DEJAVU.read_bytes()).hexdigest()


def test_matplotlib_brings_a_stand_in_along() -> None:
    assert {"STIXGeneral", "DejaVu Serif"} <= set(STAND_INS)
    assert {"STIXGeneral", "DejaVu Serif", "DejaVu Sans"} <= faces_module._families().truetype


def test_lines_break_at_words_and_before_adapters() -> None:
    face = Face("DejaVu Sans")
    narrow = face.width("after: bm3", 8) * 1.1
    assert face.fit("after: bm3+soft-prompt", 8, narrow, 3) == ["after: bm3", "+soft-", "prompt"]
    assert face.fit("one two", 8, 1000, 1) == ["one two"]
    assert face.fit("", 8, 100) == []
    cut = face.fit("word " * 40, 8, 60, 2)
    assert len(cut) == 2
    assert cut[-1].endswith("…")
    assert all(face.width(line, 8) <= 60 for line in cut)
    assert face.fit("W" * 50, 8, 1, 2)  # narrower than a letter: still an answer
