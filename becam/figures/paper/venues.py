"""What the classes of usual venues ask of a figure."""

from __future__ import annotations

from dataclasses import dataclass

TEX_POINT = 1 / 72.27  # inches
SERIF = "serif"

# Metric-compatible with the Times of the classes, so that text is set as in the paper.
TIMES = ("Times New Roman", "Times", "TeX Gyre Termes", "Nimbus Roman", "Nimbus Roman No9 L")
# acmart sets text in Linux Libertine; Libertinus Serif is the same design, kept up.
LIBERTINE = ("Linux Libertine O", "Linux Libertine", "Libertinus Serif")
# What stands in for a missing font, best first; matplotlib brings the last two along.
STAND_INS = ("Liberation Serif", "FreeSerif", "STIXGeneral", "DejaVu Serif")


@dataclass(frozen=True)
class Venue:
    """Lengths in TeX points (72.27 an inch), as the class prints them.

    Attributes:
        title: how it is written.
        column: ``\\columnwidth``; where the class has one column, the whole of it.
        text: ``\\textwidth``.
        height: ``\\textheight``.
        fonts: families that are the class's font, best first.
        font: what that font is called.
        size: of the text in figures, TeX points: the class's ``\\footnotesize``, but at least 8.
        describes: whether figures need a ``\\Description`` (for screen readers).
    """

    title: str
    column: float
    text: float
    height: float
    fonts: tuple[str, ...]
    font: str
    size: float
    describes: bool = False


VENUES = {
    # acmart.cls (1.88 to 2.20), sigconf: letter paper, inner=outer=54pt, columnsep=2pc, top=57pt,
    # bottom=73pt, head=13pt within them; \columnwidth printed by pdfTeX.
    "acm": Venue("ACM", 241.14749, 506.295, 626.0, LIBERTINE, "Linux Libertine", 8.0, True),
    # IEEEtran.cls 1.8b: \textwidth 43pc, \columnsep 1pc, conference \textheight 9.25in rounded
    # to lines; printed by pdfTeX, conference and journal alike.
    "ieee": Venue("IEEE", 252.0, 516.0, 672.0, TIMES, "Times", 8.0),
    # aaai25.sty, aaai2026.sty: \textwidth 7.0in, \columnsep 0.375in, \textheight 9.0in.
    "aaai": Venue("AAAI", 3.3125 * 72.27, 7 * 72.27, 9 * 72.27, TIMES, "Times", 9.0),
    # neurips_2024.sty, neurips_2025.sty: textwidth=5.5in, textheight=9in, one column.
    "neurips": Venue("NeurIPS", 5.5 * 72.27, 5.5 * 72.27, 9 * 72.27, TIMES, "Times", 9.0),
}
# Without a venue: two usual widths, and the font that matplotlib brings along.
PLAIN = Venue("no venue", 3.5 * 72.27, 7 * 72.27, 9 * 72.27, ("DejaVu Sans",), "DejaVu Sans", 8.0)
