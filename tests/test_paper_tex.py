"""The LaTeX of paper figures: what the caption names, escaping, what can't be included."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from becam import InputError
from becam.figures.paper import PaperStyle, caption_of, save_grid
from becam.figures.paper.caption import SIMULATED
from becam.figures.paper.tex import to_latex
from becam.latex import escape, needs_unicode_engine
from becam.provenance import Provenance
from tests.paper_cells import small_grid

FACTS = Provenance(
    picture="0" * 64,
    encoder="demo-vit",
    weights="1" * 64,
    layer="transformer.resblocks.4",
    fill="mean",
    weighting="raw",
    temperature=1.0,
    rectify=False,
    preset=None,
    align_corners=False,
    stretch="minmax",
    passes=None,
    channels=None,
    dtype="float32",
    precision="float32",
    device="cpu",
    target_kind="item",
    target_id="123",
    model="bm3",
    model_key="k",
    modality="image",
    seed=7,
)
STYLE = PaperStyle(venue="aaai", font="DejaVu Sans")


def caption(*facts: Provenance, data: str = "demo", simulated: bool = True, **style: object) -> str:
    chosen = replace(STYLE, **style)
    return caption_of(small_grid(), facts, data=data, simulated=simulated, style=chosen)


def test_the_caption_names_everything_that_determines_the_maps() -> None:
    text = caption(FACTS, replace(FACTS, model="bm3+befa"))
    for words in (
        *("item 123 of demo", SIMULATED, "recommender bm3", "adapter: bm3+befa"),
        *(
            "Encoder demo-vit, layer transformer.resblocks.4",
            "fill mean",
            "weighting raw",
            "seed 7",
        ),
        *("standard deviations", "signed differences", "Outlined: the product"),
        *("not seen by the encoder", "drift: share of the heat outside the product"),
        "(c), (g): the weights are nearly equal.",
    ):
        assert words in text
    assert "spread" not in text  # not shown under these maps
    assert SIMULATED not in caption(FACTS, data="shop", simulated=False)


def test_the_caption_lists_what_differs() -> None:
    many = [
        replace(FACTS, target_id=str(item), fill=fill)
        for item in range(9)
        for fill in ("mean", "blur")
    ]
    text = caption(*many)
    assert "of 9 items of" in text
    assert "fill mean and blur" in text
    other = replace(FACTS, weighting="softmax", temperature=0.5, encoder="demo-rn", layer="layer4")
    text = caption(FACTS, other)
    assert "Encoders demo-vit, layer transformer.resblocks.4; demo-rn, layer layer4" in text
    assert "weighting raw and softmax (temperature 0.5)" in text


def test_a_float_for_a_column_or_for_both() -> None:
    one = to_latex([Path("a.pdf")], "c", replace(STYLE, width="column"))
    assert r"\begin{figure}[t]" in one
    assert r"\includegraphics[width=\columnwidth]{\detokenize{a.pdf}}" in one
    both = to_latex([Path("a.pdf")], "c", STYLE)
    assert r"\begin{figure*}[t]" in both
    assert r"[width=\textwidth]" in both
    single = to_latex([Path("a.pdf")], "c", PaperStyle(venue="neurips"))
    assert "figure*" not in single  # one column
    assert "[width=2in]" in to_latex([Path("a.pdf")], "c", PaperStyle(width="2in"))
    assert r"\Description{c}" in to_latex([Path("a.pdf")], "c", PaperStyle(venue="acm"))
    assert r"\Description" not in both


@pytest.mark.parametrize(
    ("name", "said"), [("a.svg", "expected .pdf or .png"), ("a%b.pdf", "'%'"), ("ü.pdf", "'ü'")]
)
def test_what_latex_cannot_include_is_refused_before_it_is_drawn(
    name: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        save_grid(small_grid(), tmp_path / name, STYLE, caption="c")
    assert not list(tmp_path.iterdir())


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60))
def test_any_caption_is_balanced_and_on_a_line(text: str) -> None:
    escaped = escape(text)
    assert "\n" not in escaped
    bare = re.sub(r"\\[{}]", "", escaped)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"(?<!\\)[&%#_]", escaped)


def test_characters_that_pdflatex_lacks_are_told() -> None:
    assert not needs_unicode_engine("café − “naïve” Ł 100 %")
    assert needs_unicode_engine("東京")
    assert "LuaLaTeX" in to_latex([Path("a.pdf")], "東京", STYLE)
    assert "LuaLaTeX" not in to_latex([Path("a.pdf")], "Tokyo", STYLE)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs a TeX with pdflatex")
def test_it_compiles_at_the_exact_width(tmp_path: Path) -> None:
    hostile = r"50% of $x_1$ & {it} ~ ^ \end{figure} # <a> -- 'q' “ü” −1 a|b `c`"
    style = replace(STYLE, width="column")
    save_grid(small_grid(14), tmp_path / "some figure_1.pdf", style, caption=hostile)
    (tmp_path / "paper.tex").write_text(
        r"\documentclass[twocolumn]{article}\usepackage[T1]{fontenc}\usepackage{graphicx,textcomp}"
        r"\setlength\textwidth{7.0in}\setlength\columnsep{0.375in}"
        r"\begin{document}\input{some\space figure_1.tex}\end{document}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert done.returncode == 0, log[-2000:]
    assert "Overfull" not in log
