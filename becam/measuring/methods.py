"""Which methods are measured."""

from __future__ import annotations

from collections.abc import Collection

from becam.measuring.config import named
from becam.methods import KINDS, METHODS, Method
from becam.presets import COSINE
from recsys.errors import unknown

OWN = "becam"
GROUPS = {f"{kind}s": kind for kind in KINDS if kind in ("score", "control", "baseline")} | {
    "sanity": "sanity"
}
SOFTMAX = ("score-cam", "gscore-cam")  # by presets with a softmax, whatever BeCAM's weighting


def methods_of(text: str, *, always: Collection[str] | None = None) -> tuple[Method, ...]:
    """Return the methods that ``text`` names, and every control, in the registry's order.

    Args:
        text: names, ``scores``, ``controls``, ``baselines``, ``sanity`` or ``all``,
            comma-separated.
        always: methods that come in any case, instead of every control.

    Raises:
        InputError: an unknown name, a name twice.
    """
    names = named("method", text)
    for name in names:
        if name not in (*METHODS, *GROUPS, "all"):
            raise unknown("method", name, [*METHODS, *GROUPS, "all"])
    kinds = {GROUPS[name] for name in names if name in GROUPS}
    if always is None:
        kinds.add("control")
    wanted = {*names, *(always or ())}
    return tuple(
        method
        for method in METHODS.values()
        if "all" in names or method.name in wanted or method.kind in kinds
    )


def asks(method: Method) -> bool:
    """Tell whether a method asks the recommender about the item itself, as controls do not."""
    return method.kind in ("becam", "score", "baseline")


def score_by(method: Method) -> str:
    """Return by which score of content a method asks, a name of `becam.scores.SCORES`."""
    return method.name if method.kind == "score" else COSINE


def takes_temperature(method: Method) -> bool:
    """Tell whether a method has a use for a temperature where BeCAM's weighting has none."""
    return method.name in SOFTMAX
