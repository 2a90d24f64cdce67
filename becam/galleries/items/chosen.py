"""How a figure's items were chosen, as a sentence for its caption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from becam.galleries.items.choose import MEANING
from becam.galleries.items.selection import PICKS


def how_chosen(
    shown: Sequence[tuple[str, str]],
    about: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
) -> str:
    """Say how items were chosen: picked ones show what can happen, not how often it does.

    Args:
        shown: for each item of the figure: its catalogue, and the way that it was chosen.
        about: by catalogue: `becam.galleries.items.choose.Choice.about`.
        names: by catalogue: what it is called.

    Returns:
        The sentence; empty where all were asked for by name.
    """
    ways: dict[str, dict[str, None]] = {}
    for data, way in shown:
        ways.setdefault(data, {})[way] = None
    told = {
        names[data]: text for data, each in ways.items() if (text := _told(list(each), about[data]))
    }
    if not told:
        return ""
    which = "Item chosen" if len(shown) == 1 else "Items chosen"
    distinct = set(told.values())
    if len(distinct) == 1:
        return f"{which}: {distinct.pop()}."
    return f"{which}: {'; '.join(f'{name}: {text}' for name, text in told.items())}."


def _told(ways: Sequence[str], about: Mapping[str, Any]) -> str:
    """Say how the items of one catalogue were chosen, by some of its ways."""
    query = about["query"]
    among = f"{about['candidates']} items" + (f" with {query}" if query else "")
    seed = about["seed"]
    parts = []
    if picked := [MEANING[way] for way in ways if way in PICKS]:
        drawn = len(about["pool"])
        whose = f"{drawn} drawn at random (seed {seed}) from {among}"
        parts.append(f"{'; '.join(picked)}, among {whose if about['drawn'] else among}")
    if "popular" in ways:
        parts.append(f"{MEANING['popular']}, among {among}")
    if "random" in ways:
        parts.append(f"{MEANING['random']} (seed {seed}) from {among}")
    if "all" in ways and query:
        parts.append(f"all {among}")
    return "; ".join(parts)
