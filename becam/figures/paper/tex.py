"""The LaTeX that includes a figure: environment, caption, label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from becam.figures.formats import INCLUDED
from becam.figures.paper.style import PaperStyle
from becam.latex import escape, needs_unicode_engine
from recsys.errors import InputError, shown


def to_latex(
    files: Sequence[Path],
    caption: str,
    style: PaperStyle,
    *,
    described: str = "",
    name: str | None = None,
) -> str:
    """Write a float that includes a figure at its exact width.

    Args:
        files: the figure's pages; a page of its own each, with the number of the first.
        caption: plain text; it is escaped.
        style: the figure's.
        name: of the figure, for its label; that of the first file by default.
        described: what the figure shows, for those who do not see it; for classes that ask.

    Raises:
        InputError: a file that LaTeX can't include.
    """
    for file in files:
        check_included(file)
    # Both columns, unless it fits into one.
    wide = style.inches > style.facts.column / 72.27 + 1e-6 and style.facts.column != (
        style.facts.text
    )
    environment = "figure*" if wide else "figure"
    lines = [r"% \usepackage{graphicx,textcomp}  \usepackage[T1]{fontenc}"]
    if needs_unicode_engine(caption + described):
        lines.append("% The caption has characters that pdfLaTeX lacks: use LuaLaTeX or XeLaTeX.")
    for page, file in enumerate(files):
        lines += [
            rf"\begin{{{environment}}}[t]",
            r"\centering",
            rf"\includegraphics[width={_width(style)}]{{\detokenize{{{file.name}}}}}",
        ]
        if page:
            lines.append(r"\addtocounter{figure}{-1}")
        lines.append(rf"\caption{{{escape(caption)}}}" if not page else r"\caption{(Continued.)}")
        if style.facts.describes:
            lines.append(rf"\Description{{{escape(described or caption)}}}")
        if not page:
            lines.append(rf"\label{{fig:{_label(name or files[0].stem)}}}")
        lines.append(rf"\end{{{environment}}}")
    return "\n".join(lines) + "\n"


def check_included(file: Path) -> None:
    """Raise InputError unless LaTeX can include a file of this name."""
    if file.suffix.removeprefix(".").lower() not in INCLUDED:
        raise InputError(
            f"output {shown(file)}: LaTeX does not include it; expected .pdf or .png with --tex"
        )
    if found := re.search(r"[^\w .+=@,()-]", file.name, re.ASCII):
        raise InputError(
            f"output {shown(file.name)}: LaTeX can't include a file with {shown(found[0])} in its "
            "name; expected letters, digits, - and _"
        )


def _width(style: PaperStyle) -> str:
    """Return the width as the class knows it, so that the figure is not scaled."""
    if style.width == "column":
        return r"\columnwidth"
    return r"\textwidth" if style.width == "text" else f"{style.inches:.5g}in"


def _label(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9:.-]+", "-", name).strip("-") or "becam"
