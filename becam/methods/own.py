"""BeCAM itself, and the CAMs that its engine makes too."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from becam.attribution import Attribution
from becam.map_config import MapConfig
from becam.methods.result import named
from becam.presets import PRESETS
from becam.question import Question
from recsys.errors import InputError, shown


def becam(question: Question) -> Attribution:
    """BeCAM as the question's config has it (BeFA, eq. 1-2)."""
    return named(question, "becam", question.attribute(question.projection, question.target))


def _by_preset(method: str, preset: str, question: Question) -> Attribution:
    """BeCAM by a preset of `becam.presets`.

    Its masks differ from those of eq. 1 (corners aligned), so that masked features of BeCAM
    don't serve here. Of the question's config layer, temperature, precision and batch count.

    Raises:
        InputError: the question's config chooses another fill than the preset's.
    """
    own, fixed = question.config, PRESETS[preset]
    if own.fill not in (None, fixed.fill):
        raise InputError(
            f"method {shown(method)} fills with {fixed.fill}, as its authors' code does: expected "
            f"fill {fixed.fill!r} or none, not {shown(own.fill)}"
        )
    config = MapConfig(
        preset=preset,
        layer=own.layer,
        temperature=own.temperature,
        precision=own.precision,
        batch=own.batch,
    )
    masked = question.masked if own.preset == preset else None
    asked = replace(question, config=config, masked=masked)
    return named(question, method, asked.attribute(asked.projection, asked.target))


score_cam = partial(_by_preset, "score-cam", "scorecam-gradcam")
gscore_cam = partial(_by_preset, "gscore-cam", "gscorecam")
