"""Values that are not finite, told by what they come from."""

from __future__ import annotations

import torch
from torch import Tensor

from becam.presets import COSINE
from becam.target import Target
from recsys.errors import InputError, shown


def is_finite(values: Tensor) -> bool:
    """Tell whether there is neither NaN nor infinity."""
    return bool(torch.isfinite(values).all())


def not_finite(
    whose: str, *, target: Target, contents: Tensor, encoder: str, score: str = COSINE
) -> InputError:
    """Build the error for scores that are not finite: it names the first thing that is not.

    Args:
        whose: what was asked for, as the message begins.
        target: what contents were compared with.
        contents: the content features that were scored, (n, D).
        encoder: the name of what made them.
        score: the name of what compared them.
    """
    if not is_finite(contents):
        found = f"encoder {shown(encoder)} gives content features that are"
    elif not is_finite(target.vector):
        found = f"the embedding of {target.kind} {shown(target.id)} is"
    elif score != COSINE:
        found = f"score {shown(score)} gives values that are"
    else:
        found = "the projection gives values that are"
    return InputError(f"{whose}: {found} not finite; expected finite numbers")
