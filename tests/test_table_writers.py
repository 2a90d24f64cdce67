"""Tables as text: golden files by hand, names from outside, deterministic bytes."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from becam.tables import latex, markdown
from becam.tables.csv_writer import COLUMNS, to_csv
from becam.tables.finished import Finished
from becam.tables.latex import to_latex
from becam.tables.markdown import to_markdown
from becam.tables.output import check_out, write
from becam.tables.table import Cell, Column, PValue, Row, Table, comparisons, corrected, marked
from becam.tables.text import marks as text_marks
from recsys.errors import InputError
from recsys.statistics import Estimate

RECALL = Column("recall@20", "Recall", "@20", better="higher")
COUNT = Column("parameters", "", "Parameters", digits=0, spread=False)


def value(mean: float, sd: float | None = 0.001, **more) -> Cell:
    return Cell(Estimate(mean, sd, 2), **more)


def small_table() -> Table:
    changed = Cell(
        Estimate(0.004, 0.0005, 2), percent=8.0, users=PValue(0.0001), seeds=PValue(0.02)
    )
    worse = Cell(Estimate(-0.01, 0.002, 2), -20.0, PValue(0.3), PValue(math.nan))
    added = Cell(Estimate(1000.0, 0.0, 2), percent=math.nan)
    rows = (
        Row("my_data & more", "bm3", "bm3", (value(0.05), value(1234567.0, 0.0))),
        Row("my_data & more", "bm3", "bm3+befa", (value(0.054), None)),
        Row("my_data & more", "bm3", "bm3+gate", (value(0.04, None), None), control=True),
        Row("my_data & more", "bm3", "bm3+befa", (changed, added), against="bm3"),
        Row("my_data & more", "bm3", "bm3+gate", (worse, None), against="bm3"),
    )
    table = Table("small", "All of it: 100 %.", (RECALL, COUNT), rows, ("A | note.",))
    return marked(corrected(table), within="group")


MARKDOWN = r"""All of it: 100 %.

| data | model | Recall @20 | Parameters |
|---|---|---:|---:|
| my\_data &amp; more | bm3 | <u>0.0500</u> (0.0010) | 1,234,567 |
|  | bm3+befa | **0.0540** (0.0010) | – |
|  | bm3+gate (control) | 0.0400 | – |
|  | bm3+befa vs. bm3 | +8.00 %\*† (p \<0.001 / 0.020) | n/a |
|  | bm3+gate vs. bm3 | -20.00 % (p 0.300 / n/a) | – |

- A \| note.
"""

LATEX = r"""% \usepackage{booktabs,textcomp}  \usepackage[T1]{fontenc}
\begin{table*}[t]
\centering
\caption{All of it: 100 \%.}
\label{tab:becam-small-my-data-more}
\smallskip
\begin{tabular}{@{}lrr@{}}
\toprule
 & \multicolumn{1}{c}{Recall} &  \\
\cmidrule(lr){2-2}
 & @20 & Parameters \\
\midrule
\multicolumn{3}{@{}l}{\textit{my\_data \& more}} \\
\addlinespace
bm3 & \underline{0.0500} {\scriptsize(0.0010)} & 1,234,567 \\
bm3+befa & \textbf{0.0540} {\scriptsize(0.0010)} & -- \\
bm3+gate (control) & 0.0400 & -- \\
bm3+befa vs. bm3 & +8.00 \%$^{*\dag{}}$ & n/a \\
bm3+gate vs. bm3 & $-$20.00 \% & -- \\
\bottomrule
\end{tabular}
\par\smallskip
\begin{minipage}{\linewidth}\footnotesize A \textbar{} note.\end{minipage}
\end{table*}
"""

CSV = """\
data,recommender,model,against,control,quantity,n,mean,sd,percent,p_users,p_users_corrected,\
p_seeds,p_seeds_corrected
my_data & more,bm3,bm3,,no,recall@20,2,0.05,0.001,,,,,
my_data & more,bm3,bm3,,no,parameters,2,1234567.0,0.0,,,,,
my_data & more,bm3,bm3+befa,,no,recall@20,2,0.054,0.001,,,,,
my_data & more,bm3,bm3+gate,,yes,recall@20,2,0.04,,,,,,
my_data & more,bm3,bm3+befa,bm3,no,recall@20,2,0.004,0.0005,8.0,0.0001,0.0002,0.02,0.02
my_data & more,bm3,bm3+befa,bm3,no,parameters,2,1000.0,0.0,,,,,
my_data & more,bm3,bm3+gate,bm3,no,recall@20,2,-0.01,0.002,-20.0,0.3,0.3,,
"""


def test_markdown() -> None:
    assert to_markdown(small_table()) == MARKDOWN


def test_latex() -> None:
    assert to_latex(small_table()) == LATEX


def test_csv() -> None:
    assert to_csv(small_table()) == CSV


def test_csv_keeps_every_bit() -> None:
    cell = value(0.1 + 0.2, 1 / 3)
    table = Table("t", "", (RECALL,), (Row("d", "m", "m", (cell,)),))
    line = next(csv.DictReader(io.StringIO(to_csv(table))))
    assert float(line["mean"]) == cell.estimate.mean
    assert float(line["sd"]) == cell.estimate.sd
    assert tuple(line) == COLUMNS


def braces_balance(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


@given(st.text(max_size=40))
def test_any_name_leaves_latex_whole(name: str) -> None:
    table = Table("t", name, (RECALL,), (Row(name, "m", name, (value(0.1),)),), (name,))
    text = to_latex(table)
    assert braces_balance(text)
    body = [line for line in text.splitlines() if not line.startswith("% ")]
    assert not re.search(r"(?<!\\)[%#$~^]", "\n".join(body).replace(r"\\", ""))
    assert sum(line.endswith(r"\\") for line in body) == 4  # two headings, data, one row
    [row] = [line for line in body if r"{\scriptsize(" in line]
    assert len(re.findall(r"(?<!\\)&", row)) == 1


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a_b%c#d$e&f", r"a\_b\%c\#d\$e\&f"),
        (r"{\input{x}}", r"\{\textbackslash{}input\{x\}\}"),
        ("x--y", "x-{}-y"),
        ("it''s", "it'{}'s"),
        ("a\nb\x00c", "a bc"),
        ("~^<>|", r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}"),
    ],
)
def test_latex_escapes(name: str, written: str) -> None:
    assert latex.escape(name) == written


@given(st.text(max_size=40))
def test_any_name_leaves_markdown_a_table(name: str) -> None:
    table = Table("t", "c", (RECALL,), (Row(name, "m", name, (value(0.1),)),))
    lines = to_markdown(table).split("\n")
    assert len(lines) == 6
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in lines[2:5])


def test_markdown_escapes() -> None:
    assert markdown.escape("<b>*x*|`y`_[z](u)\n#") == r"\<b\>\*x\*\|\`y\`\_\[z\](u) \#"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
def test_latex_compiles(tmp_path: Path) -> None:
    document = "\n".join(
        [
            r"\documentclass{article}\usepackage{booktabs,textcomp}\usepackage[T1]{fontenc}",
            r"\begin{document}",
            to_latex(small_table()),
            r"\end{document}",
        ]
    )
    (tmp_path / "t.tex").write_text(document)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def column_of(means: list[float | None], better: str | None = "higher") -> Table:
    column = Column("q", "", "q", better=better)
    rows = [
        Row("d", "ab"[i % 2], f"m{i}", (None if mean is None else value(mean),))
        for i, mean in enumerate(means)
    ]
    return Table("t", "", (column,), tuple(rows))


def marks(table: Table) -> str:
    cells = [row.cells[0] for row in table.rows]
    return "".join("-" if c is None else "b" if c.best else "s" if c.second else "." for c in cells)


@pytest.mark.parametrize(
    ("means", "better", "expected"),
    [
        ([1.0, 3.0, 2.0, 0.0], "higher", ".bs."),
        ([1.0, 3.0, 2.0, 0.0], "lower", "s..b"),
        ([3.0, 3.0, 2.0, 1.0], "higher", "bbs."),
        ([3.0, 2.0, 2.0, None], "higher", "bss-"),
        ([3.0, 3.0], "higher", ".."),
        ([1.0, 2.0], None, ".."),
    ],
)
def test_best_and_second(means, better, expected) -> None:
    assert marks(marked(column_of(means, better), within="data")) == expected


def test_best_within_a_recommender() -> None:
    assert marks(marked(column_of([1.0, 9.0, 3.0, 8.0]), within="group")) == "sbbs"


def test_comparisons_are_corrected_together_and_do_not_compete() -> None:
    rows = tuple(
        Row("d", "m", f"m{i}", (Cell(Estimate(9.0, 1, 2), 1.0, PValue(p), PValue(q)),), against="m")
        for i, (p, q) in enumerate([(0.01, 0.02), (0.04, math.nan), (0.03, 0.5)])
    )
    table = corrected(Table("t", "", (RECALL,), rows))
    users = [row.cells[0].users.corrected for row in table.rows]
    seeds = [row.cells[0].seeds.corrected for row in table.rows]
    assert users == pytest.approx([0.03, 0.06, 0.06])
    assert seeds[0] == pytest.approx(0.04)  # two were tested, not three
    assert seeds[1] is None
    assert [text_marks(row.cells[0]) for row in table.rows] == ["*\N{DAGGER}", "", ""]
    assert comparisons(table) == "3 comparisons over users and 2 comparisons over seeds"
    assert marks(marked(table, within="data")) == "..."


def test_what_was_not_tested_has_no_mark() -> None:
    cell = Cell(Estimate(1.0, None, 1), 1.0, PValue(0.001, 0.001), PValue(math.nan))
    assert text_marks(cell) == "*"
    assert text_marks(Cell(Estimate(1.0, None, 1), 1.0, None, PValue(0.01, 0.05))) == ""
    assert text_marks(value(1.0)) == ""


def test_comparisons_that_were_tested_over_both_are_told_once() -> None:
    cells = (Cell(Estimate(1.0, None, 1), 1.0, PValue(0.1), PValue(0.2)), None)
    table = Table("t", "", (RECALL, COUNT), (Row("d", "m", "a", cells), Row("d", "m", "b", cells)))
    assert comparisons(table) == "2 comparisons"
    assert comparisons(Table("t", "", (RECALL,), ())) == "0 comparisons"


def test_a_row_has_a_cell_for_every_column() -> None:
    with pytest.raises(ValueError, match="has 1 cells, not 2"):
        Table("t", "", (RECALL, COUNT), (Row("d", "m", "m", (None,)),))


def finished(**more) -> Finished:
    return Finished(small_table(), {"seeds": 2}, [], [{"key": "k", "mean": math.nan}], **more)


def test_a_folder_gets_every_format(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    paths = write(finished(), folder)
    assert [path.name for path in paths] == ["small.csv", "small.md", "small.tex", "small.json"]
    assert (folder / "small.md").read_text(encoding="utf-8") == MARKDOWN
    manifest = json.loads((folder / "small.json").read_text(encoding="utf-8"))
    assert manifest["schema"] == 1
    assert manifest["runs"] == [{"key": "k", "mean": None}]
    first = {path.name: path.read_bytes() for path in paths}
    write(finished(), folder)
    assert {path.name: path.read_bytes() for path in paths} == first


def test_a_file_gets_the_format_of_its_ending(tmp_path: Path) -> None:
    assert write(finished(), tmp_path / "x.TEX") == [tmp_path / "x.TEX"]
    assert (tmp_path / "x.TEX").read_text(encoding="utf-8") == LATEX
    assert [path.name for path in tmp_path.iterdir()] == ["x.TEX"]


def test_a_folder_may_have_a_point_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "results.v2"
    folder.mkdir()
    assert len(write(finished(), folder)) == 4


@pytest.mark.parametrize(("name", "figure"), [("a.xlsx", True), ("a.png", False), ("plain", True)])
def test_other_outputs_are_refused(tmp_path: Path, name: str, figure: bool) -> None:
    (tmp_path / "plain").touch()
    with pytest.raises(InputError, match="expected a folder"):
        check_out(tmp_path / name, figure=figure)


def test_intervals_and_tests_over_items_are_written_instead_of_deviations() -> None:
    auc = Column("auc", "", "pixel AUC", digits=2)
    mean = Cell(Estimate(0.9, 0.1, 20), interval=(0.85, 0.95))
    change = Cell(Estimate(-0.5, 0.1, 20), items=PValue(0.0001, 0.0002), interval=(-0.6, -0.4))
    untested = Cell(Estimate(0.0, 0.0, 20), interval=(0.0, 0.0))
    rows = (
        Row("demo", "bm3", "bm3", (mean,)),
        Row("demo", "bm3", "bm3+befa", (change,), against="bm3"),
        Row("demo", "bm3", "bm3+gate", (untested,), against="bm3"),
    )
    table = Table("items", "Over items.", (auc,), rows)
    text = to_markdown(table)
    assert r"| bm3 | 0.90 \[0.85, 0.95\] |" in text
    assert r"| -0.50\* \[-0.60, -0.40\] (p \<0.001) |" in text
    assert r"| +0.00 \[+0.00, +0.00\] |" in text
    written = to_latex(table)
    assert r"0.90 {\scriptsize [0.85, 0.95]}" in written
    assert r"$-$0.50$^{*}$ {\scriptsize [$-$0.60, $-$0.40]}" in written
