"""Where a distribution is written: its table, and its figure as a paper's class wants it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from becam.figures.paper.style import PaperStyle
from becam.tables.output import FIGURES, check_out

if TYPE_CHECKING:
    from becam.distributions.run import DistributionResult


@dataclass(frozen=True, kw_only=True)
class DistributionStyle(PaperStyle):
    """How the figure fits a paper; its colours can be told apart in a grey print as they are."""

    print: str = PaperStyle.print  # no option


def check_files(out: Path, *, tex: bool) -> None:
    """Raise InputError unless ``out`` is a folder, or a file of a known ending.

    Args:
        out: where to.
        tex: whether LaTeX that includes the figure is wanted.
    """
    check_out(out, figure=True)
    if tex and _alone(out):
        from becam.figures.paper.tex import check_included

        check_included(out)


def write_files(
    result: DistributionResult, out: Path, style: PaperStyle | None = None, *, tex: bool = False
) -> list[Path]:
    """Write a distribution; a folder gets every format.

    Args:
        result: what is written.
        out: a folder, or a file by its ending.
        style: of the figure.
        tex: whether LaTeX that includes the figure stands beside it: for a file under its name,
            in a folder as ``distribution-figure.tex``.

    Returns:
        What was written.

    Raises:
        InputError: an unknown ending, one that LaTeX does not include, a font that can't be used.
        OSError: it can't be written.
    """
    check_files(out, tex=tex)
    if _alone(out) and out.suffix.removeprefix(".").lower() not in FIGURES:
        return result.save(out)
    from becam.figures.files import save_figure
    from becam.figures.paper.tex import to_latex
    from recsys.files import write_text

    style = style or DistributionStyle()
    name = result.table.name
    written: list[Path] = []
    paths = [out]
    if not _alone(out):
        written = replace(result, figure=None).save(out)
        paths = [out / f"{name}.{ending}" for ending in FIGURES[:2]]
    assert result.draw is not None
    family = style.face().family
    figure = result.draw(width=style.inches, size=style.points, family=family)
    written += [save_figure(figure, path, dpi=style.dpi) for path in paths]
    if tex:
        # In a folder NAME.tex is the table.
        latex = out.with_suffix(".tex") if _alone(out) else out / f"{name}-figure.tex"
        write_text(latex, to_latex(paths[:1], result.figure_caption, style, name=name))
        written.append(latex)
    return written


def _alone(out: Path) -> bool:
    return bool(out.suffix) and not out.is_dir()
